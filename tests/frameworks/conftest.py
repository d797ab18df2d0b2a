"""Agent frameworks in an environment of their own (`kit.testing.frameworks`), and a provider that answers them."""

import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

# Before the frameworks are imported: they would report to their makers, one of them through spans of its own.
os.environ |= {
    "CREWAI_DISABLE_TELEMETRY": "true",
    "CREWAI_DISABLE_TRACKING": "true",
    "CREWAI_DISABLE_VERSION_CHECK": "true",
    "CREWAI_TRACING_ENABLED": "false",
    "LITELLM_LOCAL_MODEL_COST_MAP": "true",
    "DO_NOT_TRACK": "1",
    "OTEL_TRACES_EXPORTER": "none",
}

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry
from signalfire import Metrics, setup_logging, setup_tracing
from signalfire.logs.line import NEVER, line
from signalfire.prometheus import default

from examples.adplatform.database import open_database
from examples.adplatform.faults import FaultBoard
from examples.adplatform.provider import errors
from examples.adplatform.provider.app import create_app
from tests.support.serving import serving
from tests.unit.library.helpers import Lines

_memory = InMemorySpanExporter()
_attached: list[TracerProvider] = []


@pytest.fixture(scope="session", autouse=True)
def _no_files_at_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Frameworks keep databases and settings in the user's folder."""
    with pytest.MonkeyPatch.context() as patch:
        home = str(tmp_path_factory.mktemp("home"))
        for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "CREWAI_STORAGE_DIR"):
            patch.setenv(name, home)
        yield


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers, root.level = handlers, level
    line.level, line.stream, line.clock = NEVER, None, time.time_ns


@pytest.fixture(autouse=True)
def _no_internal_errors() -> Iterator[None]:
    """The library counts its own errors instead of raising them, so every test checks that there were none."""

    def count() -> float:
        return sum(
            sample.value
            for family in default.metrics.registry.collect()
            for sample in family.samples
            if sample.name == "signalfire_internal_errors_total"
        )

    before = count()
    yield
    assert count() == before


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(CollectorRegistry())


@pytest.fixture
def lines() -> Lines:
    """Everything that is logged during the test."""
    stream = Lines()
    setup_logging("shop", env="test", stream=stream)  # type: ignore[arg-type]
    return stream


@pytest.fixture
def spans() -> InMemorySpanExporter:
    """The spans of this process, from the provider that all tests share (there can be only one)."""
    provider = setup_tracing("shop", env="test")
    assert isinstance(provider, TracerProvider)
    if provider not in _attached:
        provider.add_span_processor(SimpleSpanProcessor(_memory))
        _attached.append(provider)
    _memory.clear()
    return _memory


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/demo.db"


@pytest.fixture
def faults(database_url: str) -> FaultBoard:
    return FaultBoard(open_database(database_url))


@pytest.fixture
def provider(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address, with /v1, of the demo's stand-in for OpenAI, which never fails by chance here."""
    for share in ("RATE_LIMITED_SHARE", "FAILED_SHARE", "OVERLOADED_SHARE"):
        monkeypatch.setattr(errors, share, 0.0)
    with serving(create_app(database_url)) as address:
        yield f"{address}/v1"
