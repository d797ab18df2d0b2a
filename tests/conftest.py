"""What several kinds of tests share: a whole running stack of their own, and who runs beside whom."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import psutil
import pytest
from hypothesis import settings
from xdist.remote import Producer

from kit.runtimes.native import orphans
from tests.side_by_side import SideBySide, must_share, place
from tests.support.running import Stack, write_settings

# The same examples in every run: a change is judged by itself. `--hypothesis-profile=fuzz` looks for new ones.
# No deadline, because a busy machine is no failure.
settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=200)
settings.register_profile("fuzz", deadline=None, max_examples=10_000)
settings.load_profile("repeatable")

collect_ignore = ["frameworks"]  # they have an environment of their own: kit/testing/frameworks.py


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    alone = sorted({item.nodeid.partition("::")[0] for item in items if must_share(item)})
    if alone:
        raise pytest.UsageError(f"say in tests/side_by_side.py which stack is shared by {', '.join(alone)}")
    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SideBySide | None:
    if config.getoption("dist") != "loadgroup":
        return None
    config.option.loadscopereorder = False
    return SideBySide(config, log)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything with the demo, running, on ports of its own, for all tests: leave it as you found it."""
    running = write_settings(tmp_path_factory.mktemp("stack"))
    try:
        running.up()
        yield running
    finally:
        running.tear_down()


def pytest_configure() -> None:
    """Like Ctrl-C, a SIGTERM runs the fixtures' last part: nothing that a test has started is left."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """pytest-xdist gives an interrupted worker ten seconds: what that leaves running is ended by who started it."""
    if not os.environ.get("PYTEST_XDIST_WORKER"):
        folder: Path = session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
        orphans.end([process for process in psutil.process_iter() if folder in _state_of(process).parents])


def _state_of(process: psutil.Process) -> Path:
    """The state folder of the stack that it belongs to."""
    try:
        return Path(process.environ().get(orphans.MARK, ""))
    except (psutil.Error, OSError):
        return Path()  # another user's, or just gone
