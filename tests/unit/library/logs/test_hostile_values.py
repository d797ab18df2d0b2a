"""Values of the application's whose own code fails, and streams that fail: the line is written all the same."""

import io
import json
import logging
import logging.handlers
import queue
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog
from signalfire import get_logger, setup_logging
from signalfire.logs.structlog import log_event

from tests.unit.library.helpers import Lines


class FalseError(Exception):
    def __bool__(self) -> bool:
        return False


class EmptyError(Exception):
    def __len__(self) -> int:
        return 0


class UndecidedError(Exception):
    def __bool__(self) -> bool:
        raise RuntimeError("neither")


class TracelessError(Exception):
    @property
    def __traceback__(self) -> Any:  # type: ignore[override]
        raise RuntimeError("no trace")


def nameless_error(message: str) -> Exception:
    """Made here, because pytest asks the classes of a module for their names."""

    class Nameless(type):
        @property
        def __name__(cls) -> str:  # type: ignore[override]
            raise RuntimeError("no name")

    class NamelessError(Exception, metaclass=Nameless):
        pass

    return NamelessError(message)


class TextError(str):
    """A text that cannot even be encoded."""

    def encode(self, *_: Any) -> bytes:
        raise RuntimeError("no bytes")

    __str__ = __repr__ = encode  # type: ignore[assignment]


class Classless:
    def __init__(self, _: str) -> None:
        """Says nothing."""

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise RuntimeError("no class")

    def __bool__(self) -> bool:
        raise RuntimeError("neither")

    def __str__(self) -> str:
        raise RuntimeError("no text")


MAKERS: dict[str, Callable[[str], Exception]] = {
    "FalseError": FalseError,
    "EmptyError": EmptyError,
    "UndecidedError": UndecidedError,
    "TracelessError": TracelessError,
    "NamelessError": nameless_error,
}


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("raised", [False, True])
def test_an_exception_is_told_whatever_its_own_code_does(name: str, raised: bool, lines: Lines) -> None:
    error = MAKERS[name]("m")
    if raised:
        try:
            raise error
        except Exception as caught:  # noqa: BLE001
            get_logger("a").error("x", exc_info=caught)
    else:
        get_logger("a").error("x", exc_info=error)
    (row,) = lines.of("x")
    assert (row["exception_type"], row["exception_message"]) == (name, "m")
    assert ("raise error" in row["stacktrace"]) is raised


@pytest.mark.parametrize("kind", [FalseError, EmptyError])
def test_a_false_exception_of_the_standard_library_is_told(kind: type[Exception], lines: Lines) -> None:
    logging.getLogger("a").handle(logging.LogRecord("a", logging.ERROR, "a.py", 1, "x", (), (kind, kind("m"), None)))
    assert lines.of("x")[0]["exception_type"] == kind.__name__


@pytest.mark.parametrize(
    "exc_info",
    [(), ("a",), (1, 2), (ValueError, None, None), (ValueError, "text", None), [ValueError("m")], {"a": 1}, 0, ""],
    ids=range(9),
)
def test_an_exc_info_that_is_none_costs_no_line(exc_info: Any, lines: Lines) -> None:
    get_logger("a").error("x", exc_info=exc_info, k=1)
    (row,) = lines.of("x")
    assert row["k"] == 1
    assert "exception_type" not in row


@pytest.mark.parametrize(
    "exc_info", [(ValueError, ValueError("m")), (ValueError, ValueError("m"), "no trace"), ValueError], ids=range(3)
)
def test_an_exc_info_of_another_shape_still_tells_the_exception(exc_info: Any, lines: Lines) -> None:
    try:
        raise ValueError("m")
    except ValueError:
        get_logger("a").error("x", exc_info=exc_info)
    (row,) = lines.of("x")
    assert (row["exception_type"], row["exception_message"]) == ("ValueError", "m")


@pytest.mark.parametrize("kind", [Classless, TextError])
def test_a_value_that_can_do_nothing_costs_no_line(kind: type[Any], lines: Lines) -> None:
    log: Any = get_logger("a")
    value = kind("t")
    log.info("field", f=value, k=1)
    log.info("argument %s", value)
    log.info("trace", exc_info=value)
    log.info("stack", stack_info=value)
    log.log(value, "level")
    log.info(value)
    assert len(lines.all) == 6
    assert lines.of("field")[0]["k"] == 1
    assert lines.of("level")[0]["level"] == "info"


def test_the_callers_field_of_an_exceptions_name_is_kept(lines: Lines) -> None:
    get_logger("a").error("x", exc_info=ValueError("ours"), exception_message="theirs")
    (row,) = lines.of("x")
    assert (row["exception_message"], row["exception_message_"]) == ("ours", "theirs")


class FailingStream(io.StringIO):
    def write(self, _: str) -> int:
        raise RuntimeError("no stream")


def test_a_stream_that_raises_anything_takes_no_line_from_the_files(tmp_path: Path) -> None:
    setup_logging("shop", stream=FailingStream(), log_dir=tmp_path, log_stdout=True)
    get_logger("a").info("kept")
    assert '"kept"' in (tmp_path / "shop.log").read_text()


def test_lines_go_on_where_stdout_was_wrapped_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    before = io.TextIOWrapper(raw, encoding="ascii")
    monkeypatch.setattr(sys, "stdout", before)
    setup_logging("shop")
    after = io.TextIOWrapper(before.detach(), encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", after)
    get_logger("a").info("kept")
    assert b'"kept"' in raw.getvalue()


def test_loggers_of_a_structlog_that_the_application_has_configured_write_masked_lines() -> None:
    program = """
import structlog, signalfire
render = structlog.processors.JSONRenderer()
factory = structlog.PrintLoggerFactory()
structlog.configure(processors=[render], logger_factory=factory, cache_logger_on_first_use=True)
bound, used = structlog.get_logger().bind(k=1), structlog.get_logger()
used.info("early")
signalfire.setup_logging("shop")
for log in (bound, used, structlog.get_logger()):
    log.info("x", password="hunter2")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    rows = done.stdout.splitlines()[1:]
    assert len(rows) == 3
    assert all('"service":"shop"' in row and '"password":"[MASKED]"' in row for row in rows)


def test_arguments_that_structlogs_own_loggers_pass_on_are_put_in(lines: Lines) -> None:
    log: Any = structlog.stdlib.BoundLogger(logging.getLogger("shop"), [log_event], {})
    log.info("%s of %d", "one", 2, k=1)
    (row,) = lines.all
    assert (row["message"], row["logger"], row["k"]) == ("one of 2", "shop", 1)
    assert "positional_args" not in row


def test_a_console_behind_another_handler_is_taken_away(capsys: pytest.CaptureFixture[str]) -> None:
    console = logging.StreamHandler(sys.stdout)
    memory = logging.handlers.MemoryHandler(10, flushLevel=logging.DEBUG, target=console)
    queued: Any = logging.handlers.QueueHandler(queue.SimpleQueue())
    queued.listener = logging.handlers.QueueListener(queued.queue, console)  # as dictConfig does from Python 3.12 on
    to_memory = logging.handlers.MemoryHandler(10, flushLevel=logging.DEBUG, target=logging.NullHandler())
    root = logging.getLogger()
    root.handlers += [memory, queued, to_memory]
    try:
        setup_logging("shop")
        logging.getLogger("a").warning("password=hunter2")
        assert root.handlers.count(memory) == root.handlers.count(queued) == 0
        assert root.handlers.count(to_memory) == 1
    finally:
        root.removeHandler(to_memory)
    assert "hunter2" not in capsys.readouterr().out


class LoggingStream:
    """As an application puts in the place of sys.stdout so that prints become log lines."""

    def write(self, text: str) -> None:
        for row in text.splitlines():
            logging.getLogger("stdout").info(row)

    def flush(self) -> None:
        """Nothing is kept back."""


def test_a_stdout_that_logs_what_is_printed_leads_to_the_real_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "__stdout__", io.TextIOWrapper(raw))
    monkeypatch.setattr(sys, "stdout", LoggingStream())
    setup_logging("shop", log_dir=tmp_path, log_stdout=True)
    get_logger("a").info("logged")
    sys.stdout.write("printed\n")
    rows = [json.loads(row) for row in raw.getvalue().splitlines()]
    assert [(row["logger"], row["message"]) for row in rows] == [("a", "logged"), ("stdout", "printed")]
    assert len((tmp_path / "shop.log").read_text().splitlines()) == 2
