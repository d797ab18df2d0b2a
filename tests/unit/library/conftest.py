import logging
import time
from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry
from signalfire import Metrics, setup_logging, setup_tracing
from signalfire.logs.line import NEVER, line
from signalfire.prometheus import default

from tests.unit.library.helpers import Collector, Lines

_memory = InMemorySpanExporter()
_attached: list[TracerProvider] = []


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No collector, nothing inherited from the shell, and logging as it was afterwards."""
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    for name in ("SIGNALFIRE_DISABLED", "OTEL_SDK_DISABLED", "SIGNALFIRE_ENV", "OTEL_RESOURCE_ATTRIBUTES"):
        monkeypatch.delenv(name, raising=False)
    for name in ("LOG_LEVEL", "LOG_DIR", "LOG_STDOUT", "LOG_KEEP_DAYS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("signalfire.settings._warned", set())
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers, root.level = handlers, level
    line.level, line.stream, line.masking = NEVER, None, True
    line.to_stream, line.clock = True, time.time_ns
    line.open_files(None, "", 0)


@pytest.fixture(autouse=True)
def _no_internal_errors(expected_internal_errors: list[int]) -> Iterator[None]:
    """The library counts its own errors instead of raising them, so every test checks that there were none."""

    def count() -> float:
        families = default.metrics.registry.collect()
        return sum(
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == "signalfire_internal_errors_total"
        )

    before = count()
    yield
    errors = count() - before
    assert errors >= expected_internal_errors[0] if expected_internal_errors else errors == 0


@pytest.fixture
def expected_internal_errors() -> list[int]:
    """Where a test that provokes errors inside the library says how many at least."""
    return []


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> Metrics:
    return Metrics(registry)


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
    assert provider is trace.get_tracer_provider()
    if provider not in _attached:
        provider.add_span_processor(SimpleSpanProcessor(_memory))
        _attached.append(provider)
    _memory.clear()
    return _memory


@pytest.fixture
def collector() -> Iterator[Collector]:
    server = Collector()
    yield server
    server.close()
