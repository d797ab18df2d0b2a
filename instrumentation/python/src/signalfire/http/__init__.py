"""Watching web services: ASGI and WSGI applications, calls to others, and the answers of /metrics and /health."""
