"""What several kinds of tests share: a whole running stack of their own."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from tests.stack.running import Stack, write_settings

collect_ignore = ["frameworks"]  # they have an environment of their own: scripts/frameworks.py


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything with the demo, running, on ports of its own, for all tests: leave it as you found it."""
    running = write_settings(tmp_path_factory.mktemp("stack"))
    with _ended_by_sigterm_too():
        try:
            running.up()
            yield running
        finally:
            running.tear_down()


@contextmanager
def _ended_by_sigterm_too() -> Iterator[None]:
    """Like Ctrl-C, a SIGTERM runs the fixtures' last part: nothing that a test has started is left."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
