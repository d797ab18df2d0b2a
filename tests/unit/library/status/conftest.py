"""What every test here starts with."""

from collections.abc import Iterator

import pytest
from signalfire.errors import reset_errors
from signalfire.status.history import History


@pytest.fixture(autouse=True)
def _nothing_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Errors are those of the process, and an application without a lifespan never says that it ends."""
    started: list[History] = []
    start = History.start

    def noted(self: History) -> None:
        started.append(self)
        start(self)

    monkeypatch.setattr(History, "start", noted)
    reset_errors()
    yield
    for history in started:
        history.stop()
