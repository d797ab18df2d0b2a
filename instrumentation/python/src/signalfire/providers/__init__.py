"""The clients of model providers, instrumented on request: nothing of theirs is imported before."""
