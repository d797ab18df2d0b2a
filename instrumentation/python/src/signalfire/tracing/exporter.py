"""The OTLP exporter and its HTTP session."""

import logging
import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export import SpanExporter

from signalfire._internal import fork

if TYPE_CHECKING:
    from requests import Session

DEFAULT_ENDPOINT = "http://127.0.0.1:4318"
_CREDENTIAL_PROVIDERS = (
    "OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER",
    "OTEL_PYTHON_EXPORTER_OTLP_HTTP_TRACES_CREDENTIAL_PROVIDER",
)


def make_exporter(endpoint: str | None) -> SpanExporter | None:
    """The OTLP/HTTP exporter; none where OTEL_TRACES_EXPORTER says so."""
    if os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "none":
        return None
    # The exporter logs each failed attempt; the queue tells it once, and counts.
    for name in ("opentelemetry.exporter.otlp.proto.http.trace_exporter", "urllib3.connectionpool"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if endpoint is None and os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        return OTLPSpanExporter(session=own_session())
    base = endpoint or os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or jaeger_endpoint() or DEFAULT_ENDPOINT
    return OTLPSpanExporter(endpoint=f"{base.rstrip('/')}/v1/traces", session=own_session())


def own_session() -> "Session | None":
    """The exporter's HTTP session, with new connections after a fork: parent and child must not write on the same one.

    None where a credential provider is to make the session.
    """
    if any(os.environ.get(variable) for variable in _CREDENTIAL_PROVIDERS):
        return None
    from requests import Session  # not before there is something to send: it takes long to import
    from requests.adapters import HTTPAdapter

    session = Session()
    inherited: list[object] = []

    def connect_anew() -> None:
        # Kept, because closing them takes locks that a thread of the parent may have held when it forked.
        inherited.extend(session.adapters.values())
        for scheme in ("https://", "http://"):
            session.mount(scheme, HTTPAdapter())

    fork.after_in_child(connect_anew)
    return session


def jaeger_endpoint() -> str | None:
    """JAEGER_ENDPOINT, an older setting, as the OTLP address of the same host."""
    older = os.environ.get("JAEGER_ENDPOINT")
    if not older:
        return None
    parts = urlsplit(older if "//" in older else f"//{older}")
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
    port = 4318 if parts.port in (None, 14268, 14250, 6831) else parts.port
    return f"{parts.scheme or 'http'}://{host}:{port}"
