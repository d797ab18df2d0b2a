"""What went wrong in a call, in words that are the same for every provider's client."""

import asyncio
import re
from typing import Any

from signalfire._internal.attributes import attribute_of, class_name, type_name

_BY_STATUS: dict[int, str] = {
    400: "invalid_request",
    401: "authentication",
    403: "permission",
    404: "not_found",
    408: "timeout",
    409: "conflict",
    413: "invalid_request",
    422: "invalid_request",
    429: "rate_limit",
}
_WORD = re.compile(r"[a-z][a-z_]{1,39}")


def error_type(error: BaseException) -> str:
    """A short, bounded name for what went wrong."""
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    name = type_name(error)
    if isinstance(error, TimeoutError) or "Timeout" in name:
        return "timeout"
    # Before the status: LiteLLM gives one also where there was no answer.
    if isinstance(error, ConnectionError) or "Connect" in name or is_transport_error(error):
        return "connection"
    status = attribute_of(error, "status_code")
    if isinstance(status, int) and status >= 400:
        return _BY_STATUS.get(status) or ("server_error" if status >= 500 else f"http_{status}")
    return said_type(error) or name


def answer_in(error: BaseException) -> Any:
    """The model's answer, where there was one and what was made of it failed: cut off, filtered, of another form.

    None where the provider gave none.
    """
    completion = attribute_of(error, "completion")
    if hasattr(type(completion), "model_dump"):  # an answer of the client's, and no attribute of somebody else's
        return completion
    response = attribute_of(error, "response")
    status = attribute_of(response, "status_code")
    if not isinstance(status, int) or status >= 400:
        return None
    try:
        return response.json()
    except Exception:  # noqa: BLE001 - a body that was not read, or is not JSON
        return None


def is_transport_error(error: BaseException) -> bool:
    """Whether it is one of httpx or httpx2, which a stream that breaks off leads to, without importing either."""
    return any(class_name(base) == "TransportError" for base in type(error).__mro__)


def said_type(error: BaseException) -> str | None:
    """The type that the provider gave an error in the middle of a stream, such as "overloaded_error"."""
    kind = attribute_of(error, "type")
    if not isinstance(kind, str):
        body = attribute_of(error, "body")
        inner = body.get("error", body) if isinstance(body, dict) else None
        kind = inner.get("type") if isinstance(inner, dict) else None
    return kind if isinstance(kind, str) and _WORD.fullmatch(kind) else None
