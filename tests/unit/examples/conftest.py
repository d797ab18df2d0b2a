import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from examples.adplatform.api import predictions
from examples.adplatform.database import Sessions, open_database
from examples.adplatform.faults import FaultBoard
from examples.adplatform.settings import Settings
from tests.support.serving import Sample, Serve, serving


@pytest.fixture(autouse=True)
def _no_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    """Traces are made and carried, but there is nowhere to send them."""
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")


@pytest.fixture(autouse=True)
def _no_bad_luck(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model fails by chance, and uvicorn closes the connection after an error that nobody handled."""
    monkeypatch.setattr(predictions, "MODEL_FAILURE_SHARE", 0.0)


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/demo.db"


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(port=1, database_url=database_url, broker_folder=str(tmp_path / "broker"))


@pytest.fixture
def sessions(database_url: str) -> Sessions:
    return open_database(database_url)


@pytest.fixture
def faults(sessions: Sessions) -> FaultBoard:
    return FaultBoard(sessions)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves apps on free ports until the test ends; gives each one's address."""
    with contextlib.ExitStack() as servers:
        yield lambda app: servers.enter_context(serving(app))


@pytest.fixture
def sample() -> Sample:
    """The value of a metric in this process, 0 where it has none yet."""

    def value(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(name, labels) or 0.0

    return value
