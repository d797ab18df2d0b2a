"""What several kinds of tests share: a whole running stack of their own."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest
from hypothesis import settings

from tests.stack.running import Stack, write_settings

# The same examples in every run: a change is judged by itself. `--hypothesis-profile=fuzz` looks for new ones.
# No deadline, because a busy machine is no failure.
settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=200)
settings.register_profile("fuzz", deadline=None, max_examples=10_000)
settings.load_profile("repeatable")

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
