"""The same small service under three instrumentations: the same signals, panels and an alert light up for each."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kit.paths import ROOT
from tests.support.http import get
from tests.support.running import free_ports
from tests.support.servers import Servers, eventually

SERVICES = ("ours", "fastapi-instrumentator", "opentelemetry")
PROGRAM = """
import os, sys
import uvicorn
from fastapi import FastAPI, HTTPException

app = FastAPI()
name, port = sys.argv[1], int(sys.argv[2])

@app.get("/items/{item}")
def item(item: int) -> int:
    if item % 4 == 0:
        raise HTTPException(503)
    return item

if name == "ours":
    from signalfire import setup_monitoring
    setup_monitoring(app, service_name=name)
elif name == "fastapi-instrumentator":
    from prometheus_fastapi_instrumentator import Instrumentator
    Instrumentator(should_instrument_requests_inprogress=True, inprogress_labels=True).instrument(app).expose(app)
else:
    from opentelemetry import metrics
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(), export_interval_millis=1000)
    metrics.set_meter_provider(MeterProvider([reader]))
    FastAPIInstrumentor.instrument_app(app)

uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")
"""
# Sizes of bodies and requests in progress are left out: the requests have no body, and are over at once.
SIGNALS = (
    "service:http_requests:rate5m",
    "service:http_errors:rate5m",
    "service:http_errors:ratio_rate5m",
    "service:http_errors:per_minute",
    "service:http_successes:ratio_rate5m",
    "service:http_request_duration_seconds:p50_5m",
    "service:http_request_duration_seconds:p95_5m",
    "service:http_request_duration_seconds:p99_5m",
    'service:slo_requests:rate5m{kind="availability"}',
    'service:slo_requests:rate5m{kind="latency"}',
    'service:slo_error_budget:left_ratio{kind="availability"}',
    'service:slo_error_budget:left_ratio{kind="latency"}',
)
PANELS = {
    "Request rate by service",
    "Error share",
    "Errors per minute",
    "Success rate",
    "Status codes",
    "Latency P50, P95, P99",
    "Latency P95 by instance",
    "Top 10 endpoints by traffic",
    "Slowest endpoints",
}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Prometheus with the mixin's rules and the collector, and the three services, which are asked all the while."""
    folder = tmp_path_factory.mktemp("instrumentations")
    ports = dict(zip(SERVICES, list(free_ports().values()), strict=False))
    scraped = [{"service": name, "addresses": [f"127.0.0.1:{ports[name]}"]} for name in SERVICES[:2]]
    running = Servers(
        folder, {"env": "test", "targets": scraped, "scrape": {"interval": "1s", "evaluation_interval": "2s"}}
    )
    processes = []
    try:
        running.start("collector", "prometheus")
        for name, port in ports.items():
            processes.append(start(name, port, running, folder))
        eventually(lambda: all(answers(port) for port in ports.values()), "all three answer")
        with asked(ports):
            yield running
    finally:
        for process in processes:
            process.kill()
            process.wait()
        running.close()


def start(name: str, port: int, running: Servers, folder: Path) -> subprocess.Popen[bytes]:
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": running.url("otlp_http"),
        "OTEL_SEMCONV_STABILITY_OPT_IN": "http",
        "OTEL_SERVICE_NAME": name,
        "LOG_DIR": str(folder / name),
    }
    command = [sys.executable, "-c", PROGRAM, name, str(port)]
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stdout=log, stderr=log)


def answers(port: int) -> bool:
    return get(f"http://127.0.0.1:{port}/items/1").status_code == 200


@contextmanager
def asked(ports: dict[str, int]) -> Iterator[None]:
    """All the while, each service the same: four requests a second, of which one fails."""
    over = threading.Event()

    def ask() -> None:
        while not over.wait(1):
            for port in ports.values():
                for item in range(4):
                    get(f"http://127.0.0.1:{port}/items/{item}")

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        over.set()
        asking.join()


def values(servers: Servers, expression: str) -> dict[str, float]:
    """By service; of several series of a service, the largest."""
    answer = get(f"{servers.url('prometheus')}/api/v1/query", query=f"max by (service) ({expression})").json()
    return {row["metric"].get("service", ""): float(row["value"][1]) for row in answer["data"]["result"]}


@pytest.mark.parametrize("signal", SIGNALS)
def test_a_signal_has_a_value_for_each(servers: Servers, signal: str) -> None:
    eventually(lambda: set(SERVICES) <= set(values(servers, signal)), f"{signal} of {SERVICES}")


def test_the_share_of_errors_is_the_same_for_each(servers: Servers) -> None:
    """Of the route that is asked: prometheus-fastapi-instrumentator counts Prometheus' own requests, too."""
    of_route = 'sum by (service) (instance_endpoint:http_requests:rate5m{endpoint="/items/{item}"%s})'
    failed, all_of_them = of_route % ',status=~"5.."', of_route % ""

    def shares() -> list[float]:
        found = values(servers, f"{failed} / {all_of_them}")
        return [found.get(name, 0) for name in SERVICES]

    eventually(lambda: shares() == pytest.approx([0.25] * 3, abs=0.05), "the same share of errors")


def test_an_endpoint_is_a_route_and_not_a_path(servers: Servers) -> None:
    query = 'instance_endpoint:http_requests:rate5m{endpoint="/items/{item}"} > 0'
    eventually(lambda: set(SERVICES) <= set(values(servers, query)), "requests of the route")


@pytest.mark.parametrize("service", SERVICES)
def test_the_panels_of_the_dashboard_show_it(servers: Servers, service: str) -> None:
    dashboard = json.loads((ROOT / "grafana" / "generated" / "api-performance.json").read_text())
    panels = [panel for panel in dashboard["panels"] if panel["title"] in PANELS]
    assert {panel["title"] for panel in panels} == PANELS
    for panel in panels:
        eventually(
            lambda targets=panel["targets"]: any(series(servers, target, service) for target in targets),  # type: ignore[misc]
            f"something in {panel['title']}",
        )


def series(servers: Servers, target: dict[str, Any], service: str) -> list[Any]:
    """What a panel's query finds where the variables choose this service."""
    expression = target["expr"].replace("$env", "test").replace("$service", service).replace("$instance", ".+")
    answer = get(f"{servers.url('prometheus')}/api/v1/query", query=expression).json()
    found: list[Any] = answer["data"]["result"]
    return found


def test_an_alert_fires_for_each(servers: Servers) -> None:
    firing = 'ALERTS{alertname="HighErrorRate", alertstate="firing"}'
    eventually(lambda: set(SERVICES) <= set(values(servers, firing)), "HighErrorRate of each")
