"""The same small service under several instrumentations: the same signals, panels and an alert light up for each, and
what is shown of each is what it did."""

import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kit.paths import ROOT
from tests.support.http import get
from tests.support.running import free_ports
from tests.support.servers import Servers, eventually

# Seldom enough that a minute does not hold three pushes, as is so with OpenTelemetry's default of 60 s.
SELDOM = "opentelemetry-seldom"
SCRAPED = ("ours", "fastapi-instrumentator", "starlette-exporter")
SERVICES = (*SCRAPED, "opentelemetry", SELDOM)
PROGRAM = """
import asyncio, os, sys, time
import uvicorn
from fastapi import FastAPI, HTTPException

app = FastAPI()
name, port, told, interval = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])

@app.get("/items/{item}")
async def item(item: int) -> int:
    await asyncio.sleep(item / 160)
    if item % 4 == 0:
        raise HTTPException(503)
    return item

async def telling(scope, receive, send):
    # What each request was, from outside of the instrumentation.
    if scope["type"] != "http" or not scope["path"].startswith("/items/"):
        return await app(scope, receive, send)
    begun, status = time.time(), 0
    async def noting(message):
        nonlocal status
        status = message.get("status", status)
        await send(message)
    await app(scope, receive, noting)
    with open(told, "a") as file:
        file.write(f"{time.time()} {time.time() - begun} {status}\\n")

if name == "ours":
    from signalfire import setup_monitoring
    setup_monitoring(app, service_name=name)
elif name == "fastapi-instrumentator":
    from prometheus_fastapi_instrumentator import Instrumentator
    Instrumentator(should_instrument_requests_inprogress=True, inprogress_labels=True).instrument(app).expose(app)
elif name == "starlette-exporter":
    from starlette_exporter import PrometheusMiddleware, handle_metrics
    app.add_middleware(PrometheusMiddleware, group_paths=True)
    app.add_route("/metrics", handle_metrics)
else:
    from opentelemetry import metrics
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(), export_interval_millis=interval)
    metrics.set_meter_provider(MeterProvider([reader]))
    FastAPIInstrumentor.instrument_app(app)

uvicorn.run(telling, host="127.0.0.1", port=port, log_level="warning")
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
    scraped = [{"service": name, "addresses": [f"127.0.0.1:{ports[name]}"]} for name in SCRAPED]
    running = Servers(
        folder, {"env": "test", "targets": scraped, "scrape": {"interval": "1s", "evaluation_interval": "2s"}}
    )
    processes = []
    try:
        running.start("collector", "prometheus")
        for name, port in ports.items():
            processes.append(start(name, port, running, folder))
        eventually(lambda: all(answers(port) for port in ports.values()), "all of them answer")
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
    interval = 25_000 if name == SELDOM else 1000
    command = [sys.executable, "-c", PROGRAM, name, str(port), str(folder / f"{name}.told"), str(interval)]
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stdout=log, stderr=log)


def answers(port: int) -> bool:
    return get(f"http://127.0.0.1:{port}/items/1").status_code == 200


@contextmanager
def asked(ports: dict[str, int]) -> Iterator[None]:
    """All the while, each service the same: one request after the other, every fourth fails."""
    over = threading.Event()

    def ask(port: int) -> None:
        for number in itertools.count():
            # Every number up to 80 once, in no order: what they take is spread evenly up to 0.5 s, a bound of all.
            get(f"http://127.0.0.1:{port}/items/{number * 37 % 80}")
            if over.wait(0.1):
                return

    asking = [threading.Thread(target=ask, args=(port,)) for port in ports.values()]
    for thread in asking:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in asking:
            thread.join()


@dataclass(frozen=True)
class Answered:
    at: float
    took: float
    status: int


def told(servers: Servers, service: str) -> list[Answered]:
    """What a service answered, by itself, in the last 5 minutes."""
    lines = (servers.state.folder / f"{service}.told").read_text().splitlines(keepends=True)
    parts = [line.split() for line in lines if line.endswith("\n")]
    answers = [Answered(float(at), float(took), int(status)) for at, took, status in parts]
    return [answer for answer in answers if answer.at > time.time() - 300]


def values(servers: Servers, expression: str) -> dict[str, float]:
    """By service; of several series of a service, the largest."""
    answer = get(f"{servers.url('prometheus')}/api/v1/query", query=f"max by (service) ({expression})").json()
    return {row["metric"].get("service", ""): float(row["value"][1]) for row in answer["data"]["result"]}


@pytest.mark.parametrize("signal", SIGNALS)
def test_a_signal_has_a_value_for_each(servers: Servers, signal: str) -> None:
    eventually(lambda: set(SERVICES) <= set(values(servers, signal)), f"{signal} of {SERVICES}")


@pytest.mark.parametrize("service", SERVICES)
def test_the_share_of_errors_is_what_it_was(servers: Servers, service: str) -> None:
    def is_true() -> bool:
        answers = told(servers, service)
        true = sum(answer.status == 503 for answer in answers) / len(answers)
        shown = values(servers, "service:http_errors:ratio_rate5m").get(service)
        return len(answers) > 200 and shown == pytest.approx(true, rel=0.05)

    eventually(is_true, f"the share of errors of {service}")


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("percent", [50, 95])
def test_the_latency_is_what_it_was(servers: Servers, service: str, percent: int) -> None:
    """As exactly as buckets can tell: to a tenth where the load is spread evenly."""

    def is_true() -> bool:
        times = sorted(answer.took for answer in told(servers, service))
        shown = values(servers, f"service:http_request_duration_seconds:p{percent}_5m").get(service)
        return len(times) > 200 and shown == pytest.approx(times[len(times) * percent // 100], rel=0.1)

    eventually(is_true, f"the P{percent} of {service}")


@pytest.mark.parametrize("service", SERVICES)
def test_errors_a_minute_are_what_they_were(servers: Servers, service: str) -> None:
    """Of who pushes seldom the mean of five minutes, of which at first only a part is known."""

    def is_true() -> bool:
        minutes = 5 if service == SELDOM else 1
        failed = [answer for answer in told(servers, service) if answer.status == 503]
        true = sum(answer.at > time.time() - 60 * minutes for answer in failed) / minutes
        shown = values(servers, "service:http_errors:per_minute").get(service)
        return true > 0 and shown == pytest.approx(true, rel=0.25 if service == SELDOM else 0.1)

    eventually(is_true, f"the errors a minute of {service}", patience=300)


def test_what_prometheus_asks_for_is_no_traffic(servers: Servers) -> None:
    eventually(lambda: set(SCRAPED) <= set(values(servers, "service:http_requests:rate5m")), "requests of each")
    assert values(servers, 'instance_endpoint:http_requests:rate5m{endpoint="/metrics"}') == {}


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
