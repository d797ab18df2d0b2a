"""Loggers hold nothing that a set-up may change, and logging raises nothing."""

import contextlib
import io
import json
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import loguru
import pytest
import rich.console
import rich.logging
import structlog
from signalfire import get_logger, log_agent_action, setup_logging
from signalfire.logs.line import line
from signalfire.logs.stdlib import JsonHandler
from structlog.testing import capture_logs

from tests.unit.library.helpers import Lines


def without_pytests_handlers() -> None:
    """They raise where arguments do not fit."""
    root = logging.getLogger()
    root.handlers = [handler for handler in root.handlers if isinstance(handler, JsonHandler)]


def set_up(**options: Any) -> Lines:
    stream = Lines()
    setup_logging("shop", stream=stream, **options)  # type: ignore[arg-type]
    return stream


MADE_BEFORE: dict[str, str] = {
    "bound": "signalfire.get_logger('a').bind(k=1)",
    "with fields": "signalfire.get_logger('a', k=1)",
    "unbound": "signalfire.get_logger('a').new(k=1)",
    "structlog's, bound": "structlog.get_logger().bind(k=1)",
    "structlog's": "structlog.get_logger(k=1)",
}


@pytest.mark.parametrize("kind", MADE_BEFORE)
@pytest.mark.parametrize("used", [False, True])
def test_a_logger_made_before_the_set_up_writes_masked_json(kind: str, used: bool) -> None:
    program = f"""
import signalfire, structlog
log = {MADE_BEFORE[kind]}
{"log.info('early')" if used else ""}
print("---")
signalfire.setup_logging("shop")
log.info("x", password="hunter2")
log.debug("too little")
signalfire.setup_logging("shop", level="ERROR")
log.info("too little")
log.error("y")
signalfire.setup_logging("shop", level="DEBUG", mask=False)
log.debug("z", password="hunter2")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    rows = [json.loads(row) for row in done.stdout.partition("---\n")[2].splitlines()]
    assert [(row["message"], row["k"], row["level"]) for row in rows] == [
        ("x", 1, "info"),
        ("y", 1, "error"),
        ("z", 1, "debug"),
    ]
    assert (rows[0]["password"], rows[2]["password"]) == ("[MASKED]", "hunter2")
    assert done.stderr == ""


@pytest.mark.parametrize("make", [get_logger, structlog.get_logger, logging.getLogger])
def test_every_logger_obeys_the_last_level(make: Callable[[str], Any]) -> None:
    set_up(level="ERROR")
    loggers = [make("one"), make("two")]
    if make is not logging.getLogger:
        loggers.append(loggers[0].bind())
    for level, expected in (("DEBUG", 4), ("WARNING", 2), ("INFO", 3), ("CRITICAL", 0)):
        stream = set_up(level=level)
        for log in loggers:
            stream.text.clear()
            for method in ("debug", "info", "warning", "error"):
                getattr(log, method)("x")
            assert len(stream.all) == expected


def test_the_clients_lines_come_back_with_the_level_debug() -> None:
    set_up(level="INFO")
    assert not logging.getLogger("httpx").isEnabledFor(logging.INFO)
    set_up(level="DEBUG")
    assert logging.getLogger("httpx").isEnabledFor(logging.INFO)


class Nasty:
    """Its own code fails wherever it is called."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__

    def __getattr__(self, name: str) -> Any:
        return getattr(self, name + "_")  # without an end

    def __iter__(self) -> Any:
        raise ValueError("no items")

    def __eq__(self, other: object) -> bool:
        raise ValueError("no comparison")

    __hash__ = None  # type: ignore[assignment]


class NastyError(Exception):
    def __str__(self) -> str:
        return self.detail  # type: ignore[attr-defined, no-any-return]

    __repr__ = __str__


@pytest.mark.parametrize("make", [get_logger, structlog.get_logger, logging.getLogger])
@pytest.mark.parametrize(
    "args",
    [
        ("a %s %s", 1),
        ("a %d", "x"),
        ("a %(b)s", {"c": 1}),
        ("a %", 1),
        ("a", 1),
        ("a %s", Nasty()),
        ("a %r %s", Nasty()),
        ("%s", NastyError("x")),
        (Nasty(),),
        (NastyError("x"),),
        (b"bytes", 1),
        (None,),
    ],
    ids=range(12),
)
def test_arguments_that_do_not_fit_and_texts_that_fail_are_one_line(
    make: Callable[[str], Any], args: tuple[Any, ...], lines: Lines
) -> None:
    without_pytests_handlers()
    make("shop").warning(*args)
    (row,) = lines.all
    assert isinstance(row["message"], str)
    assert row["level"] == "warning"


def test_arguments_are_put_in_as_the_standard_library_does(lines: Lines) -> None:
    without_pytests_handlers()
    for make in (get_logger, logging.getLogger):
        log: Any = make("shop")
        log.info("%s of %d", "one", 2)
        log.info("%(a)s", {"a": 1})
        log.info("100%")
        log.info("a %s %s", 1)
    messages = [row["message"] for row in lines.all]
    assert messages[:4] == messages[4:]
    assert messages[:3] == ["one of 2", "1", "100%"]
    assert messages[3] == "a %s %s (with arguments that do not fit: (1,))"


def test_fields_may_have_any_name(lines: Lines) -> None:
    log: Any = get_logger("x", name="y")
    log.info("m", self=1, event="e", method="f", level="l", args=2, **{"": 3, "logger": "other"})
    (row,) = lines.all
    assert row["logger"] == "x"
    assert (row["name"], row["self"], row["event_"], row["method"], row["args"]) == ("y", 1, "e", "f", 2)
    assert (row["level"], row["level_"], row["logger_"], row[""]) == ("info", "l", "other", 3)
    assert get_logger(name="z")._logger.name == "z"  # type: ignore[attr-defined]
    log.new().info(event="only")
    assert lines.all[1]["message"] == "only"


@pytest.mark.parametrize("level", [0, 5, 15, 25, 35, 100, "INFO", "nonsense", None])
def test_a_level_without_a_name_is_a_level(level: Any) -> None:
    stream = set_up(level=1)
    get_logger("a").log(level, "x")
    assert [row["message"] for row in stream.all] == (["x"] if level != 0 else [])


async def test_the_asynchronous_methods_write_the_same(lines: Lines) -> None:
    log: Any = get_logger("a")
    for name in ("debug", "info", "warning", "error", "critical", "msg", "warn", "fatal"):
        lines.text.clear()
        getattr(log, name)("x", a=1)
        await getattr(log, f"a{name}")("x", a=1)
        rows = [{key: item for key, item in row.items() if key != "timestamp"} for row in lines.all]
        assert rows[::2] == rows[1::2]
    try:
        raise ValueError("bad")
    except ValueError:
        await log.aexception("failed")
    assert lines.all[-1]["exception_type"] == "ValueError"


@pytest.mark.parametrize("make", [get_logger, structlog.get_logger, logging.getLogger])
def test_the_stack_is_that_of_the_caller(make: Callable[[str], Any], lines: Lines) -> None:
    make("a").info("x", stack_info=True)
    make("a").info("x", stack_info=False)
    with_stack, without = lines.all
    assert with_stack["stack_info"].rstrip().endswith('make("a").info("x", stack_info=True)')
    assert "stack_info" not in without


def test_a_trace_that_is_text_already_is_kept(lines: Lines) -> None:
    record = logging.LogRecord("a", logging.ERROR, "a.py", 1, "from a process", (), None)
    record.exc_text = "Traceback (most recent call last):\nValueError: password=hunter2"
    logging.getLogger("a").handle(record)
    (row,) = lines.all
    assert row["stacktrace"].startswith("Traceback")
    assert "hunter2" not in lines.raw


def test_one_value_that_json_cannot_hold_changes_no_other(lines: Lines) -> None:
    import dataclasses
    import enum
    import uuid
    from datetime import UTC, date, datetime
    from decimal import Decimal

    class Color(enum.Enum):
        RED = "red"

    @dataclasses.dataclass
    class Point:
        x: int
        y: Any

    good: dict[str, Any] = {
        "when": datetime(2026, 1, 2, 3, tzinfo=UTC),
        "day": date(2026, 1, 2),
        "who": uuid.UUID(int=1),
        "big": 2**60,
        "nan": float("nan"),
        "color": Color.RED,
        "point": Point(1, 2),
        "price": Decimal("1.50"),
        "keys": {2: "a", True: "b", date(2026, 1, 2): "c", Color.RED: "d", None: "e"},
        "tuple": (1, (2, datetime(2026, 1, 2, tzinfo=UTC))),
    }
    loop: list[Any] = []
    loop.extend([loop, loop, loop])
    alone = json.loads(line.render(20, "a", "x", good))
    for bad in (Nasty(), NastyError("x"), "\ud800", 2**70, loop, {("a", 1): 2}, [Nasty()], {"a": {"b": Nasty()}}):
        row = json.loads(line.render(20, "a", "x", {**good, "bad": bad, "around": {"bad": bad, "good": good}}))
        assert {key: row[key] for key in good} == {key: alone[key] for key in good}
        assert row["around"]["good"] == {key: alone[key] for key in good}
    row = json.loads(line.render(20, "a", "x", {"point": Point(1, Nasty()), "pair": [Nasty(), 1]}))
    assert row["point"] == {"x": 1, "y": "<Nasty>"}
    assert row["pair"] == ["<Nasty>", 1]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TimeoutError(), "TimeoutError"),
        (KeyError("a"), "KeyError: 'a'"),
        (ValueError("bad"), "ValueError: bad"),
        (NastyError(), "NastyError: <NastyError>"),
    ],
)
def test_an_exception_as_a_field_says_its_type(error: Exception, expected: str, lines: Lines) -> None:
    get_logger("a").info("x", error=error, errors=[error])
    logging.getLogger("a").info("x", extra={"error": error, "errors": [error]})
    assert [(row["error"], row["errors"]) for row in lines.all] == [(expected, [expected])] * 2


def test_an_exception_whose_own_code_fails_is_logged_with_its_trace(lines: Lines) -> None:
    class StrangeError(NastyError):
        def __getattr__(self, name: str) -> Any:
            return getattr(self, name + "_")

        def __setattr__(self, name: str, value: Any) -> None:
            raise RuntimeError("frozen")

    without_pytests_handlers()
    for kind in (NastyError, StrangeError):
        try:
            raise kind("x")
        except NastyError:
            get_logger("a").exception("failed")
            logging.getLogger("a").exception("failed")
    assert [row["exception_type"] for row in lines.all] == ["NastyError"] * 2 + ["StrangeError"] * 2
    assert all("test_loggers.py" in row["stacktrace"] for row in lines.all)
    assert all(isinstance(row["exception_message"], str) for row in lines.all)


def test_no_name_of_a_field_loses_another(lines: Lines) -> None:
    names = ["service", "service_", "service__", "level", "level_", "message_"]
    get_logger("a").info("x", **dict(zip(names, range(6), strict=True)))
    logging.getLogger("a").info("x", extra={"service": 1, "service_": 2})
    log_agent_action("writer", "draft", status="success", status_="s", agent_="a")
    one, other, action = lines.all
    assert sorted(value for value in one.values() if isinstance(value, int)) == list(range(6))
    assert sorted(value for value in other.values() if isinstance(value, int)) == [1, 2]
    assert (action["agent"], action["agent_"], action["status_"]) == ("writer", "a", "s")


def test_structlogs_own_way_to_test_works(lines: Lines) -> None:
    log = get_logger("a", k=1)
    with capture_logs() as captured:
        log.info("x", y=2)
        structlog.get_logger("b").warning("z")
    log.info("after")
    assert captured == [
        {"k": 1, "y": 2, "event": "x", "log_level": "info"},
        {"event": "z", "log_level": "warning"},
    ]
    assert [row["message"] for row in lines.all] == ["after"]


def test_an_event_that_no_set_up_has_seen_goes_where_structlog_says() -> None:
    program = "import signalfire; signalfire.get_logger('a').bind(k=1).warning('early %s', 1, x=2)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "early 1" in done.stdout
    assert done.stderr == ""


# --- handlers that stand before us ---


class Own(logging.StreamHandler[Any]):
    pass


class Coloured(logging.Handler):
    """Writes to a stream that wraps stderr."""

    def __init__(self) -> None:
        super().__init__()
        self.stream = io.TextIOWrapper(io.FileIO(2, "w", closefd=False))

    def emit(self, record: logging.LogRecord) -> None:
        self.stream.write(self.format(record))


CONSOLES: dict[str, Callable[[], logging.Handler]] = {
    "stderr": lambda: logging.StreamHandler(),
    "stdout": lambda: logging.StreamHandler(sys.stdout),
    "own": lambda: Own(sys.stderr),
    "rich": lambda: rich.logging.RichHandler(),
    "rich on stderr": lambda: rich.logging.RichHandler(console=rich.console.Console(stderr=True)),
    "wrapped": Coloured,
    "device": lambda: logging.FileHandler("/dev/stderr"),
}


@pytest.mark.parametrize("kind", CONSOLES)
@pytest.mark.parametrize("name", [None, "shop.before"])
@pytest.mark.parametrize("propagate", [True, False])
def test_a_handler_for_the_console_writes_no_second_line(kind: str, name: str | None, propagate: bool) -> None:
    logger = logging.getLogger(name)
    handler = CONSOLES[kind]()
    written: list[logging.LogRecord] = []
    handler.emit = written.append  # type: ignore[method-assign, assignment]
    logger.addHandler(handler)
    logger.propagate = propagate
    try:
        stream = set_up()
        logger.warning("password=hunter2")
    finally:
        logger.removeHandler(handler)
        logger.propagate = True
    assert written == []
    assert [row["message"] for row in stream.all] == ["password=[MASKED]"]


def test_handlers_for_files_and_buffers_stay(tmp_path: Path) -> None:
    buffer: logging.Handler = logging.StreamHandler(io.StringIO())
    kept = [logging.FileHandler(tmp_path / "a.log"), buffer, logging.NullHandler()]
    root = logging.getLogger()
    for handler in kept:
        root.addHandler(handler)
    set_up()
    assert all(handler in root.handlers for handler in kept)
    kept[0].close()


def test_logurus_lines_become_ours(tmp_path: Path) -> None:
    loguru.logger.remove()
    loguru.logger.add(sys.stderr)
    loguru.logger.add(sys.stdout, serialize=True)
    kept = loguru.logger.add(tmp_path / "kept.log")
    try:
        for _ in range(2):
            stream = set_up()
        loguru.logger.bind(order=17).info("password={}", "hunter2")
        loguru.logger.debug("too little")
        loguru.logger.log("SUCCESS", "done")
        with contextlib.suppress(ZeroDivisionError), loguru.logger.catch(reraise=True):
            raise ZeroDivisionError
    finally:
        loguru.logger.remove(kept)
    first, done, caught = stream.all
    assert (first["message"], first["order"], first["level"]) == ("password=[MASKED]", 17, "info")
    assert first["logger"] == __name__
    assert done["message"] == "done"
    assert (caught["level"], caught["exception_type"]) == ("error", "ZeroDivisionError")
    assert "<stderr>" not in repr(loguru.logger)
    assert "hunter2" in (tmp_path / "kept.log").read_text()  # whose file is the application's own business


def test_what_an_agents_tool_redirects_takes_no_lines() -> None:
    program = """
import contextlib, io, logging, signalfire
signalfire.setup_logging("shop")
with contextlib.redirect_stdout(io.StringIO()) as captured:
    print("of the tool")
    signalfire.get_logger("a").info("one")
    logging.getLogger("a").info("two")
assert captured.getvalue() == "of the tool\\n", captured.getvalue()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert [json.loads(row)["message"] for row in done.stdout.splitlines()] == ["one", "two"]


def test_a_stream_that_was_closed_gives_way_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    setup_logging("shop", stream=stream)
    stream.close()
    get_logger("a").info("x")
    assert json.loads(capsys.readouterr().out)["message"] == "x"
