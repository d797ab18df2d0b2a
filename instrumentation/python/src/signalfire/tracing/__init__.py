"""Traces: the provider, its queue and exporter, and what spans are called and may hold."""

from signalfire.tracing.setup import flush, setup_tracing, shutdown_tracing

__all__ = ["flush", "setup_tracing", "shutdown_tracing"]
