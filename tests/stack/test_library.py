"""The Python library with the real servers: what it says it has sent is there."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.paths import ROOT
from tests.support.patience import PATIENCE_SECONDS
from tests.support.ports import free_port
from tests.support.servers import Servers, eventually, lines_in_loki, trace_in_jaeger

SERVICE = "validated"
PROGRAM = """
import json, sys
from signalfire import agent_monitoring

agent_monitoring.initialize("validated", metrics_port=int(sys.argv[1]))
found = agent_monitoring.validate_integration(timeout=float(sys.argv[2]))
agent_monitoring.shutdown()
print(json.dumps(found.as_data()))
"""
# Each day begins with an error so long that the two files of the day begin with the same kilobytes.
WRITER = """
import datetime
from signalfire import get_logger, setup_logging
from signalfire.logs.line import line

def day(name):
    log.error("long " + name, detail="x" * 5000)
    log.info("fine " + name)
    try:
        raise ValueError("no " + name)
    except ValueError:
        log.exception("failed " + name)
    log.critical("worst " + name)

setup_logging("shop")
log, today = get_logger("shop"), line.clock
line.clock = lambda: today() - 86_400 * 10**9
day("yesterday")
line.clock = today
day("today")
"""
PROXY = "[error] upstream timed out\n"


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
            "logs": [
                {"service": SERVICE, "files": [str(folder / "lines" / "*.log")]},
                {"service": "shop", "files": [str(folder / "shop" / "*.log")]},
                {"service": "proxy", "files": [str(folder / "proxy" / "*.log")]},
            ],
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


def test_each_line_is_stored_once_though_errors_stand_in_two_files(servers: Servers) -> None:
    folder, start = servers.state.folder / "shop", time.time() - 2 * 86_400
    environment = os.environ | {"LOG_DIR": str(folder), "LOG_STDOUT": "false"}
    subprocess.run([sys.executable, "-c", WRITER], cwd=ROOT, env=environment, timeout=PATIENCE_SECONDS, check=True)
    written = [
        json.loads(line)["message"] for file in folder.glob("shop.log*") for line in file.read_text().splitlines()
    ]
    assert len(set(written)) == len(written) == 8
    assert len([*folder.glob("shop.error.log*")]) == 2
    proxy = servers.state.folder / "proxy"
    proxy.mkdir()
    (proxy / "shop.error.log").write_text(PROXY)  # of another program: its lines stand nowhere else

    def stored() -> list[str]:
        return sorted(
            line["line"] for line in lines_in_loki(servers.url("loki"), '{service_name=~"shop|proxy"}', start)
        )

    wanted = sorted([*written, PROXY.rstrip()])
    eventually(lambda: set(stored()) == set(wanted), "every line is in Loki")
    time.sleep(3)  # six more looks of the collector at the folder
    assert stored() == wanted


def test_a_process_that_is_not_scraped_and_sends_nothing_learns_why(servers: Servers, tmp_path: Path) -> None:
    elsewhere = {"LOG_DIR": str(tmp_path), "OTEL_TRACES_EXPORTER": "none"}
    result = validate(servers, free_port(), 3, **elsewhere)
    assert [check["found"] for check in result["checks"]] == [False, False, False]
    metric, span, log = result["checks"]
    assert "it has no such series; it asks" in metric["detail"]
    assert "`targets`" in metric["advice"]
    assert "OTEL_TRACES_EXPORTER" in span["advice"]
    assert "LOG_DIR" in log["advice"]
