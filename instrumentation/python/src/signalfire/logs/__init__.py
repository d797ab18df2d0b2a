"""Logs: one JSON object a line, from structlog and from the standard library, on stdout and in files."""
