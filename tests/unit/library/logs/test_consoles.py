"""Nothing but our lines reaches a console: what writes there itself is found behind queues, descriptors and Loguru."""

import json
import subprocess
import sys
from typing import Any

import pytest

LOGS = """
try:
    raise ValueError("password=hunter2")
except ValueError:
    log.exception("failed with token=%s", "hunter2", extra={"order": 17, "api_key": "hunter2"})
"""
HEAD = """
import logging, logging.handlers, queue, sys, signalfire
root, log = logging.getLogger(), logging.getLogger("a.b")
"""
QUEUE = "entries = queue.Queue(); root.addHandler(logging.handlers.QueueHandler(entries))"
SET_UP = "signalfire.setup_logging('shop')"


def output_of(*parts: str) -> tuple[list[dict[str, Any]], str]:
    done = subprocess.run([sys.executable, "-c", "\n".join(parts)], capture_output=True, text=True, check=True)
    assert "hunter2" not in done.stdout + done.stderr
    assert done.stderr == ""
    return [json.loads(row) for row in done.stdout.splitlines()], done.stdout


@pytest.mark.parametrize(
    "listener",
    [
        "handlers.QueueListener(entries, logging.StreamHandler(sys.stdout))",
        "handlers.QueueListener(entries, logging.StreamHandler(), logging.StreamHandler(open('/dev/stdout', 'w')))",
        "handlers.QueueListener(entries, logging.StreamHandler(), logging.NullHandler())",
    ],
)
def test_the_console_behind_a_queue_is_taken_away(listener: str) -> None:
    start = f"handlers = logging.handlers; listener = {listener}; listener.start()"
    (row,), _ = output_of(HEAD, QUEUE, start, SET_UP, LOGS, "listener.stop()")
    assert (row["message"], row["level"], row["order"], row["api_key"]) == (
        *("failed with token=[MASKED]", "error", 17),
        "[MASKED]",
    )
    assert row["exception_type"] == "ValueError"


def test_a_listener_keeps_its_other_handlers(tmp_path: Any) -> None:
    file = tmp_path / "own.log"
    handlers = f"logging.StreamHandler(sys.stdout), logging.FileHandler({str(file)!r})"
    start = f"listener = logging.handlers.QueueListener(entries, {handlers}); listener.start()"
    rows, _ = output_of(HEAD, QUEUE, start, SET_UP, LOGS, "listener.stop()")
    assert len(rows) == 1
    assert file.read_text().startswith("failed with")


def test_our_own_handler_behind_a_queue_writes_the_same_line() -> None:
    """A QueueHandler makes one text of the message and its stack trace, and forgets the exception."""
    listener = "listener = logging.handlers.QueueListener(entries, *root.handlers); listener.start()"
    replaced = "root.handlers = [logging.handlers.QueueHandler(entries)]"
    rows, _ = output_of(
        HEAD,
        SET_UP,
        "entries = queue.Queue()",
        listener,
        replaced,
        LOGS,
        "log.warning('two\\nlines %s', 3)",
        "listener.stop()",
    )
    row, second = rows
    assert (row["message"], row["level"], row["logger"], row["order"], row["api_key"]) == (
        *("failed with token=[MASKED]", "error", "a.b", 17),
        "[MASKED]",
    )
    assert row["stacktrace"].startswith("Traceback (most recent call last):\n")
    assert row["stacktrace"].endswith("ValueError: password=[MASKED]")
    assert (second["message"], "stacktrace" in second) == ("two\nlines 3", False)


@pytest.mark.parametrize(
    "handler",
    [
        "logging.StreamHandler(open('/dev/stdout', 'w'))",
        "logging.StreamHandler(open('/dev/fd/2', 'w'))",
        "logging.StreamHandler(open(1, 'w', closefd=False))",
        "logging.FileHandler('/dev/stderr')",
        "logging.handlers.WatchedFileHandler('/dev/stdout')",
    ],
)
def test_a_console_that_was_opened_anew_is_one(handler: str) -> None:
    rows, _ = output_of(HEAD, f"root.addHandler({handler})", SET_UP, LOGS)
    assert len(rows) == 1


@pytest.mark.parametrize("enqueue", [False, True])
@pytest.mark.parametrize(
    "sink",
    ["sys.stdout", "sys.stderr", "print", "sys.stdout.write", "logging.StreamHandler()", "'/dev/stdout'", "rich()"],
)
def test_logurus_sinks_for_consoles_give_way(sink: str, enqueue: bool) -> None:
    imports = "import loguru\nfrom rich.logging import RichHandler as rich\nlog = loguru.logger\nlog.remove()"
    adds = f"log.add({sink}, enqueue={enqueue}); log.add(entries.append)"
    says = "log.bind(api_key='hunter2').warning('password=hunter2'); log.complete(); assert len(entries) == 1"
    (row,), _ = output_of(HEAD, imports, "entries = []", adds, SET_UP, says)
    assert (row["message"], row["level"], row["api_key"]) == ("password=[MASKED]", "warning", "[MASKED]")
