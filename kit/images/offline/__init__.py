"""Base images made here where no registry can be reached."""
