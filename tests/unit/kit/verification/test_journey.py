"""`make verify` follows a trace whose spans arrive one service after another."""

from typing import Any, cast

import httpx
from rich.console import Console

from kit.settings import Settings
from kit.verification.journey import SERVICE, _exemplar_trace, _request
from kit.verification.stack import LogLine, Stack, Trace
from kit.verification.steps import Steps

CALLERS_PART = Trace("t1", 1, frozenset({"ad-traffic"}), {}, frozenset())
FAILED_PART = Trace("t1", 2, frozenset({"ad-traffic", SERVICE}), {}, frozenset({SERVICE}))
WHOLE = Trace("t1", 3, frozenset({"ad-traffic", SERVICE}), {"correlation_id": {"c1"}}, frozenset({SERVICE}))
LINE = LogLine("request failed", {"correlation_id": "c1", "method": "GET", "endpoint": "/", "status": "500"})


class ArrivingStack:
    """Each look at the trace finds the next of `parts`, and at last always the same."""

    jaeger = demo_api = "http://127.0.0.1:9"

    def __init__(self, *parts: Trace) -> None:
        self._parts = list(parts)

    def exemplar_traces(self, _query: str, _start: float, _end: float) -> list[str]:
        return ["t1"]

    def trace(self, _trace_id: str) -> Trace:
        return self._parts.pop(0) if len(self._parts) > 1 else self._parts[0]

    def logs(self, _query: str, _start: float, _end: float) -> list[LogLine]:
        return [LINE]


def span(service: str, kind: str, *, failed: bool) -> dict[str, Any]:
    """As Jaeger's API gives one."""
    tags: list[dict[str, Any]] = [{"key": "span.kind", "type": "string", "value": kind}]
    if failed:
        tags.append({"key": "otel.status_code", "type": "string", "value": "ERROR"})
        tags.append({"key": "error", "type": "bool", "value": True})
    return {"processID": service, "tags": tags}


def stored(*spans: dict[str, Any]) -> Trace:
    """What is made of Jaeger's answer."""
    processes = {each["processID"]: {"serviceName": each["processID"]} for each in spans}
    answer = {"data": [{"traceID": "t1", "spans": list(spans), "processes": processes}]}
    stack = Stack(Settings())
    stack._client = httpx.Client(transport=httpx.MockTransport(lambda _request: httpx.Response(200, json=answer)))
    trace = stack.trace("t1")
    assert trace is not None
    return trace


def arriving(*parts: Trace) -> Stack:
    return cast("Stack", ArrivingStack(*parts))


def test_the_callers_part_of_a_trace_is_not_taken_for_the_trace() -> None:
    steps = Steps(Console(quiet=True))
    assert _exemplar_trace(arriving(CALLERS_PART, FAILED_PART), steps, 0) == FAILED_PART


def test_a_request_that_only_its_caller_calls_a_failure_is_not_followed() -> None:
    """404 is an error to the client and none to the server; a call that failed on the way may have been tried again."""
    missing = stored(span("ad-traffic", "client", failed=True), span(SERVICE, "server", failed=False))
    tried_again = stored(
        span(SERVICE, "server", failed=False),
        span(SERVICE, "client", failed=True),
        span("ad-provider", "server", failed=True),
    )
    failed = stored(span("ad-traffic", "client", failed=True), span(SERVICE, "server", failed=True))
    steps = Steps(Console(quiet=True))
    assert _exemplar_trace(arriving(missing, tried_again, failed), steps, 0) == failed


def test_what_arrives_after_the_first_look_is_seen() -> None:
    _request(arriving(FAILED_PART, WHOLE), Steps(Console(quiet=True)), LINE, CALLERS_PART, 0)
