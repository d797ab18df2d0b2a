"""Watching a web service: the ASGI middleware and the answers of /metrics and /health."""
