"""Which collector spans go to, if to any."""

import logging
import os
from urllib.parse import urlsplit

from opentelemetry.sdk.trace.export import SpanExporter

DEFAULT_ENDPOINT = "http://127.0.0.1:4318"


def make_exporter(endpoint: str | None) -> SpanExporter | None:
    """The OTLP/HTTP exporter; none where OTEL_TRACES_EXPORTER says so."""
    if os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "none":
        return None
    # It takes a quarter of the time that the whole library takes to import, and not every process sends spans.
    from signalfire.tracing.collector import CollectorExporter

    # The exporter logs each failed attempt; the queue tells it once, and counts.
    for name in ("opentelemetry.exporter.otlp.proto.http.trace_exporter", "urllib3.connectionpool"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if endpoint is None and os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        return CollectorExporter()
    base = endpoint or os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or jaeger_endpoint() or DEFAULT_ENDPOINT
    return CollectorExporter(f"{base.rstrip('/')}/v1/traces")


def jaeger_endpoint() -> str | None:
    """JAEGER_ENDPOINT, an older setting, as the OTLP address of the same host."""
    older = os.environ.get("JAEGER_ENDPOINT")
    if not older:
        return None
    parts = urlsplit(older if "//" in older else f"//{older}")
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
    port = 4318 if parts.port in (None, 14268, 14250, 6831) else parts.port
    return f"{parts.scheme or 'http'}://{host}:{port}"
