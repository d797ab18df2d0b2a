"""Calls to other services carry the trace and the correlation id: httpx, and httpx2 which the openai client uses."""

import importlib.util
from typing import Any

from signalfire import correlation, settings
from signalfire.internal import internal_error

_instrumentors = (("httpx", "HTTPXClientInstrumentor"), ("httpx2", "HTTPX2ClientInstrumentor"))


def instrument_clients() -> None:
    """Instruments every httpx and httpx2 client of the process, those made earlier too. May be called again.

    Needs opentelemetry-instrumentation-httpx (extras fastapi and llm); without it nothing happens.
    """
    if settings.disabled() or importlib.util.find_spec("opentelemetry.instrumentation.httpx") is None:
        return
    from opentelemetry.instrumentation import httpx as instrumentation

    for library, name in _instrumentors:
        if importlib.util.find_spec(library) is None or not hasattr(instrumentation, name):
            continue
        try:
            instrumentor = getattr(instrumentation, name)()
            if not instrumentor.is_instrumented_by_opentelemetry:
                instrumentor.instrument(request_hook=before_request, async_request_hook=before_async_request)
        except Exception as error:  # noqa: BLE001 - a library of another version
            internal_error("clients", error)


def before_request(span: Any, request: Any) -> None:
    """Adds the correlation id's header and takes the query, which may hold keys, out of the span's URL."""
    try:
        identifier = correlation.current.get()
        if identifier is not None and correlation.HEADER not in request.headers:
            request.headers[correlation.HEADER] = identifier
        if span.is_recording():
            url = str(request.url)
            if "?" in url:
                key = "url.full" if "url.full" in (span.attributes or {}) else "http.url"
                span.set_attribute(key, url.partition("?")[0])
    except Exception as error:  # noqa: BLE001 - the call itself must go out
        internal_error("clients", error)


async def before_async_request(span: Any, request: Any) -> None:
    before_request(span, request)
