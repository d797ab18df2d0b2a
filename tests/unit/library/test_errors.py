"""Errors by kind: how often, when, and what was known the last time."""

import logging
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import orjson
import pytest
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry
from signalfire import get_logger, setup_monitoring, with_correlation_id
from signalfire.errors import ErrorLog, recent_errors, record_error, reset_errors

from tests.unit.library.helpers import Lines


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    reset_errors()
    yield
    reset_errors()


def test_errors_are_counted_by_kind_with_their_last_context(spans: InMemorySpanExporter) -> None:
    before = datetime.now(UTC)
    record_error(ValueError("first"), campaign=1)
    with trace.get_tracer("t").start_as_current_span("work") as span, with_correlation_id("order-1"):
        record_error(ValueError("second"), campaign=2, endpoint="/ads/{ad}", error="a field of any name")
    record_error(KeyError("other"))
    other, kind = recent_errors()
    assert (other.kind, other.count, other.endpoint, other.trace_id) == ("KeyError", 1, None, None)
    assert (kind.kind, kind.count, kind.message) == ("ValueError", 2, "second")
    assert kind.context == {"campaign": 2, "error": "a field of any name"}
    assert (kind.endpoint, kind.correlation_id) == ("/ads/{ad}", "order-1")
    assert kind.trace_id == f"{span.get_span_context().trace_id:032x}"
    assert before <= kind.first_seen <= kind.last_seen <= datetime.now(UTC)
    assert kind.first_seen < kind.last_seen
    reset_errors()
    assert recent_errors() == []


def test_log_lines_about_errors_are_counted_once_however_many_layers_log_them(lines: Lines) -> None:
    for log in (get_logger("a"), logging.getLogger("a")):
        try:
            raise ValueError("no such ad")
        except ValueError as error:
            log.exception("failed")
            log.error("failed again", exc_info=error)
            log.warning("tried again", exc_info=True)
    log.error("an error without exception")
    (kind,) = recent_errors()
    assert (kind.kind, kind.count) == ("ValueError", 2)


def test_warnings_with_exceptions_are_no_errors(lines: Lines) -> None:
    get_logger("a").warning("will try again", exc_info=ValueError("x"))
    assert recent_errors() == []


async def test_what_leaves_a_request_handler_is_counted_with_its_route(
    lines: Lines, registry: CollectorRegistry
) -> None:
    app = FastAPI()

    @app.get("/ads/{ad}")
    def show(ad: int) -> None:
        raise LookupError(f"no ad {ad}")

    setup_monitoring(app, registry=registry)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        await client.get("/ads/7")
        await client.get("/ads/8")
    (kind,) = recent_errors()
    assert (kind.kind, kind.count, kind.endpoint, kind.message) == ("LookupError", 2, "/ads/{ad}", "no ad 8")
    assert kind.context["status"] == 500


def test_secrets_are_not_kept(lines: Lines) -> None:
    record_error(
        RuntimeError("password=hunter2"), api_key="hunter2", url="https://joe:hunter2@shop", deep=[{"token": "hunter2"}]
    )
    (kind,) = recent_errors()
    assert "hunter2" not in repr(kind)
    assert kind.message == "password=[MASKED]"


def test_the_size_is_bounded() -> None:
    log = ErrorLog(max_kinds=3)
    for number in range(10):
        log.record(type(f"Error{number}", (Exception,), {})("m" * 10_000), {f"k{n}": "v" * 1000 for n in range(100)})
    kinds = {kind.kind: kind for kind in log.recent()}
    assert {name: kind.count for name, kind in kinds.items()} == {"Error0": 1, "Error1": 1, "Error2": 1, "other": 7}
    assert all(len(repr(kind)) < 8000 for kind in kinds.values())


class UnprintableError(Exception):
    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError("no")


def test_what_cannot_be_printed_is_counted_all_the_same() -> None:
    record_error(UnprintableError(), bad=UnprintableError(), surrogate="\ud800", raw=b"\xff", huge=10**40)
    (kind,) = recent_errors()
    assert (kind.kind, kind.message) == ("UnprintableError", "<UnprintableError>")
    assert isinstance(orjson.loads(orjson.dumps(recent_errors())), list)


def test_many_threads_lose_no_count() -> None:
    def fail() -> None:
        for number in range(200):
            record_error(ValueError(str(number)), number=number)

    threads = [threading.Thread(target=fail) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert recent_errors()[0].count == 1600


def test_a_child_process_begins_without_its_parents_errors() -> None:
    record_error(ValueError("of the parent"))
    child = os.fork()
    if child == 0:
        os._exit(len(recent_errors()))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(recent_errors()) == 1


def test_nothing_is_counted_when_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALFIRE_DISABLED", "1")
    record_error(ValueError("x"))
    assert recent_errors() == []
