"""Log lines: one JSON object each, the same from structlog and from the standard library."""

import io
import json
import logging
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from signalfire import get_logger, setup_logging, with_correlation_id
from signalfire.logs.line import line
from signalfire.logs.stdlib import JsonHandler
from signalfire.prometheus import default

from tests.unit.library.helpers import Lines, value


def test_both_kinds_of_logger_give_the_same_fields(lines: Lines, spans: InMemorySpanExporter) -> None:
    with trace.get_tracer("t").start_as_current_span("work") as span, with_correlation_id("order-1"):
        get_logger("shop.orders").warning("low stock", item="shoe", left=3)
        logging.getLogger("shop.orders").warning("low %s", "stock", extra={"item": "shoe", "left": 3})
    one, other = lines.all
    del one["timestamp"], other["timestamp"]
    assert (
        one
        == other
        == {
            "level": "warning",
            "message": "low stock",
            "item": "shoe",
            "left": 3,
            "correlation_id": "order-1",
            "logger": "shop.orders",
            "service": "shop",
            "env": "test",
            "trace_id": f"{span.get_span_context().trace_id:032x}",
            "span_id": f"{span.get_span_context().span_id:016x}",
        }
    )


def test_the_timestamp_is_now_in_utc(lines: Lines) -> None:
    before = datetime.now(UTC)
    get_logger().info("tick")
    stamp = datetime.fromisoformat(lines.all[0]["timestamp"])
    assert before.replace(microsecond=0) <= stamp <= datetime.now(UTC)
    assert lines.all[0]["timestamp"].endswith("Z")


def test_a_timestamp_is_never_another_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    own = threading.local()
    monkeypatch.setattr(line, "clock", lambda: own.second * 10**9)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def stamps(second: int) -> set[bytes]:
        own.second = second
        return {line._timestamp() for _ in range(20_000)}

    try:
        with ThreadPoolExecutor(4) as pool:
            seen = list(pool.map(stamps, range(4)))
    finally:
        sys.setswitchinterval(before)
    assert seen == [{b"1970-01-01T00:00:%02d.000000Z" % second} for second in range(4)]


def test_context_of_structlog_is_in_every_line(lines: Lines) -> None:
    with structlog.contextvars.bound_contextvars(tenant="acme"):
        get_logger("a", shop=1).bind(basket=2).info("checkout", step=3)
    (row,) = lines.all
    assert (row["tenant"], row["shop"], row["basket"], row["step"]) == ("acme", 1, 2, 3)


@pytest.mark.parametrize(("level", "expected"), [("DEBUG", 4), ("info", 3), ("Warning", 2), ("ERROR", 1), ("", 3)])
def test_the_level(level: str, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for argument in (level or None, None):
        monkeypatch.setenv("LOG_LEVEL", level)
        stream = Lines()
        setup_logging("shop", level=argument, stream=stream)  # type: ignore[arg-type]
        for log in (get_logger("a"), logging.getLogger("a")):
            stream.text.clear()
            log.debug("d")
            log.info("i")
            log.warning("w")
            log.error("e")
            assert len(stream.all) == expected


def test_exceptions_come_with_their_stack_trace_masked(lines: Lines) -> None:
    try:
        raise ValueError("cannot log in with password=hunter2")
    except ValueError:
        get_logger("a").exception("failed")
        logging.getLogger("a").exception("failed")
    for row in lines.all:
        assert row["level"] == "error"
        assert row["exception_type"] == "ValueError"
        assert row["exception_message"] == "cannot log in with password=[MASKED]"
        assert "test_logs.py" in row["stacktrace"]
    assert "hunter2" not in lines.raw


def test_a_field_cannot_pass_for_one_of_ours(lines: Lines) -> None:
    get_logger("a").info("x", service="bank", level="debug", trace_id="1" * 32, message="y", timestamp="never")
    logging.getLogger("a").info("x", extra={"service": "bank", "env": "prod"})
    one, other = lines.all
    assert (one["service"], one["level"], one["message"]) == ("shop", "info", "x")
    assert (one["service_"], one["level_"], one["trace_id_"], one["message_"]) == ("bank", "debug", "1" * 32, "y")
    assert (other["service"], other["env"], other["service_"], other["env_"]) == ("shop", "test", "bank", "prod")
    for row in lines.raw.splitlines():
        keys = [key for key, _ in json.loads(row, object_pairs_hook=list)]
        assert len(keys) == len(set(keys))


anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.datetimes(), st.uuids()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.one_of(st.text(), st.integers()), inner, max_size=3),
    ),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(message=st.text(), fields=st.dictionaries(st.text(), anything, max_size=4), name=st.text())
def test_whatever_is_logged_is_one_line_of_json(lines: Lines, message: str, fields: dict[str, Any], name: str) -> None:
    lines.text.clear()
    line.emit(logging.INFO, name, message, fields)
    assert lines.raw.count("\n") == 1
    assert len(lines.raw.splitlines()) == 1  # also for who takes other characters for the end of a line
    assert not any(0x7F < ord(character) < 0xA0 for character in lines.raw)
    assert isinstance(json.loads(lines.raw), dict)


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("no")


def test_what_json_has_no_word_for(lines: Lines) -> None:
    loop: list[Any] = []
    loop.append(loop)
    get_logger("a").info(
        "x",
        huge=10**30,
        surrogate="a\ud800",
        loop=loop,
        bad=Unprintable(),
        raw=b"\xff\x00",
        many={1, 2},
        when=datetime(2026, 1, 2, tzinfo=UTC),
        who=UUID(int=1),
        nan=float("nan"),
        deep={"a": {2: [(1, 2)]}},
    )
    (row,) = lines.all
    assert row["huge"] == str(10**30)
    assert row["bad"] == "<Unprintable>"
    assert row["surrogate"] == "a?"
    get_logger("a").info("x", raw=b"\xff\x00", many={1}, who=UUID(int=1), deep={"a": {2: [(1, 2)]}})
    assert lines.all[1]["deep"] == {"a": {"2": [[1, 2]]}}
    assert lines.all[1]["many"] == [1]


def test_a_record_that_cannot_be_checked_is_not_written(
    lines: Lines, monkeypatch: pytest.MonkeyPatch, expected_internal_errors: list[int]
) -> None:
    def fail(_: Any) -> bool:
        raise RuntimeError("a bug")

    monkeypatch.setattr("signalfire.masking.suspicious", fail)
    get_logger("a").info("the password is hunter2", password="hunter2")
    assert "hunter2" not in lines.raw
    assert any("could not be checked" in row["message"] for row in lines.all)
    expected_internal_errors.append(1)


def test_masking_can_be_switched_off() -> None:
    stream = Lines()
    setup_logging("shop", mask=False, stream=stream)  # type: ignore[arg-type]
    get_logger("a").info("x", password="hunter2")
    assert stream.all[0]["password"] == "hunter2"


def test_a_message_whose_arguments_do_not_fit_is_written_all_the_same(lines: Lines) -> None:
    record = logging.LogRecord("a", logging.INFO, "a.py", 1, "%d of %d", (1,), None)
    JsonHandler().handle(record)
    assert lines.all[0]["message"] == "%d of %d (with arguments that do not fit: (1,))"


class Broken(io.StringIO):
    def write(self, _: str) -> int:
        raise BrokenPipeError


def test_lines_that_cannot_be_written_are_counted() -> None:
    setup_logging("shop", stream=Broken())
    before = value(default.metrics.registry, "signalfire_log_records_dropped_total", reason="write_failed")
    get_logger("a").info("lost")
    after = value(default.metrics.registry, "signalfire_log_records_dropped_total", reason="write_failed")
    assert after - before == 1


def test_setting_up_again_writes_nothing_twice_and_keeps_other_handlers() -> None:
    kept = logging.NullHandler()
    logging.getLogger().addHandler(kept)
    stream = Lines()
    for _ in range(3):
        setup_logging("shop", stream=stream)  # type: ignore[arg-type]
    logging.getLogger("a").info("once")
    get_logger("a").info("once")
    assert len(stream.all) == 2
    assert kept in logging.getLogger().handlers


def test_to_stdout_by_default_and_not_twice_beside_basic_config() -> None:
    program = (
        "import logging; logging.basicConfig(level='INFO'); import signalfire; signalfire.setup_logging('shop');"
        "logging.getLogger('a').info('one'); signalfire.get_logger('a').info('two')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert [json.loads(row)["message"] for row in done.stdout.splitlines()] == ["one", "two"]
    assert done.stderr == ""


def test_nothing_is_written_before_it_is_set_up() -> None:
    program = "import signalfire\nwith signalfire.track_task('t', 'a'): pass\nsignalfire.metrics.active_users.set(1)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
