"""Calls to other services carry the trace and the correlation id: httpx, httpx2 (which openai uses) and requests."""

import importlib
import importlib.util
from typing import Any

from signalfire import settings
from signalfire._internal.calls import explained
from signalfire.context import correlation
from signalfire.prometheus.internal_errors import internal_error

_INSTRUMENTORS = (
    ("httpx", "opentelemetry.instrumentation.httpx", "HTTPXClientInstrumentor"),
    ("httpx2", "opentelemetry.instrumentation.httpx", "HTTPX2ClientInstrumentor"),
    ("requests", "opentelemetry.instrumentation.requests", "RequestsInstrumentor"),
)


@explained
def instrument_clients() -> None:
    """Instruments every httpx, httpx2 and requests client of the process, those made earlier too. May be called again.

    Needs the extra clients (part of fastapi and llm); without it, and without these libraries, nothing happens.
    """
    if settings.disabled():
        return
    for library, module, name in _INSTRUMENTORS:
        try:
            if not installed(library) or not installed(module):
                continue
            instrumentor = getattr(importlib.import_module(module), name, None)
            if instrumentor is None or instrumentor().is_instrumented_by_opentelemetry:
                continue
            hooks = {"async_request_hook": before_async_request} if library != "requests" else {}
            instrumentor().instrument(request_hook=before_request, **hooks)
        except Exception as error:  # noqa: BLE001 - a library of another version
            internal_error("clients", error)


def installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package that it would be in
        return False


def before_request(span: Any, request: Any) -> None:
    """Adds the correlation id's header and takes the query, which may hold keys, out of the span's URL."""
    try:
        identifier = correlation.current.get()
        if identifier is not None and correlation.HEADER not in request.headers:
            request.headers[correlation.HEADER] = identifier
        if span.is_recording():
            for key in ("url.full", "http.url"):
                url = (span.attributes or {}).get(key, "")
                if "?" in url:
                    span.set_attribute(key, url.partition("?")[0])
    except Exception as error:  # noqa: BLE001 - the call itself must go out
        internal_error("clients", error)


async def before_async_request(span: Any, request: Any) -> None:
    before_request(span, request)
