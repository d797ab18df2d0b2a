"""The Python library with the real servers: what it says it has sent is there."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.paths import ROOT
from tests.support.patience import PATIENCE_SECONDS
from tests.support.ports import free_port
from tests.support.servers import Servers, trace_in_jaeger

SERVICE = "validated"
PROGRAM = """
import json, sys
from signalfire import agent_monitoring

agent_monitoring.initialize("validated", metrics_port=int(sys.argv[1]))
found = agent_monitoring.validate_integration(timeout=float(sys.argv[2]))
agent_monitoring.shutdown()
print(json.dumps(found.as_data()))
"""


@pytest.fixture(scope="module")
def port() -> int:
    """Where the validated process serves its metrics."""
    return free_port()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("library")
    running = Servers(
        folder,
        {
            "targets": [{"service": SERVICE, "addresses": [f"127.0.0.1:{port}"]}],
            "logs": [{"service": SERVICE, "files": [str(folder / "lines" / "*.log")]}],
            "scrape": {"interval": "1s", "evaluation_interval": "5s"},
        },
    )
    try:
        running.start("loki", "jaeger", "collector", "prometheus")
        yield running
    finally:
        running.close()


def validate(servers: Servers, port: int, seconds: int, **environment: str) -> dict[str, Any]:
    """What a process that is set up for these servers finds of itself."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(port), str(seconds)],
        cwd=ROOT,
        env=os.environ
        | {
            "LOG_DIR": str(servers.state.folder / "lines"),
            "LOG_STDOUT": "false",
            "OTEL_EXPORTER_OTLP_ENDPOINT": servers.url("otlp_http"),
            "PROMETHEUS_URL": servers.url("prometheus"),
            "JAEGER_URL": servers.url("jaeger"),
            "LOKI_URL": servers.url("loki"),
        }
        | environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_a_process_finds_its_metric_span_and_line_in_the_servers(servers: Servers, port: int) -> None:
    result = validate(servers, port, 90)
    assert result["ok"], result
    metric, span, log = result["checks"]
    assert metric["detail"].endswith(f"of {SERVICE} at 127.0.0.1:{port}")
    assert log["detail"].endswith(f"of {SERVICE}")
    trace = span["sent"].removeprefix("trace ")
    assert [found["operationName"] for found in trace_in_jaeger(servers.url("jaeger"), trace)] == [
        "invoke_workflow signalfire_validation"
    ]


def test_a_process_that_is_not_scraped_and_sends_nothing_learns_why(servers: Servers, tmp_path: Path) -> None:
    elsewhere = {"LOG_DIR": str(tmp_path), "OTEL_TRACES_EXPORTER": "none"}
    result = validate(servers, free_port(), 3, **elsewhere)
    assert [check["found"] for check in result["checks"]] == [False, False, False]
    metric, span, log = result["checks"]
    assert "it has no such series; it asks" in metric["detail"]
    assert "`targets`" in metric["advice"]
    assert "OTEL_TRACES_EXPORTER" in span["advice"]
    assert "LOG_DIR" in log["advice"]
