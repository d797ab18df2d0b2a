"""model-provider: a stand-in that speaks the OpenAI HTTP API, for running the platform without an account or a bill."""
