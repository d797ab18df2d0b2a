"""The status page: what it says is what the metrics say, who may ask for it, and that it stays on its feet."""

import asyncio
import base64
import contextlib
import hashlib
import json
import math
import os
import re
import socket
import subprocess
import sys
import textwrap
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from signalfire import HealthChecker, Metrics, Status, catalogue, setup_monitoring, start_metrics_server
from signalfire.errors import reset_errors
from signalfire.performance import PerformanceTracker
from signalfire.settings import SettingError
from signalfire.status import Answer, RegistrySource, ScrapedSource, StatusPage, formats, html
from signalfire.status.__main__ import address, listen_address
from signalfire.status.history import History, increase, lines, point_of
from signalfire.status.quantiles import histogram_quantile
from signalfire.status.readings import FAMILIES, Memory, Reading
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.unit.library.helpers import free_port, serving, value, wait_until

JSON_PATHS = ("/metrics", "/metrics/detailed", "/errors", "/cache", "/rate-limit")


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


def shop(registry: CollectorRegistry, **options: Any) -> FastAPI:
    app = FastAPI()

    @app.get("/items/{item}")
    async def item(item: int) -> int:
        return item

    @app.post("/orders")
    async def order() -> None:
        raise ValueError("card 4111 1111 1111 1111 of anna@example.com was refused")

    options = {"status_page": True} | options
    setup_monitoring(app, service_name="shop", env="test", registry=registry, **options)
    return app


def client(app: Any, **options: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, **options)
    return httpx.AsyncClient(transport=transport, base_url="http://shop")


def page_of(metrics: Metrics, **options: Any) -> StatusPage:
    return StatusPage(RegistrySource(metrics.registry), **({"service": "shop", "env": "test"} | options))


def data(page: StatusPage, path: str = "/status/metrics") -> Any:
    answer = page.answer("GET", path, {})
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


# --- quantiles ---

bounds = st.lists(st.floats(0.001, 1000), min_size=1, max_size=15, unique=True).map(sorted)


def cumulative(upper: list[float], observations: list[float]) -> dict[float, float]:
    return {bound: float(sum(x <= bound for x in observations)) for bound in [*upper, math.inf]}


@given(bounds, st.lists(st.floats(0, 2000), min_size=1, max_size=200), st.floats(0.01, 1))
def test_a_quantile_lies_in_the_bucket_that_holds_it(upper: list[float], seen: list[float], quantile: float) -> None:
    found = histogram_quantile(quantile, cumulative(upper, seen))
    assert found is not None
    exact = sorted(seen)[max(0, math.ceil(quantile * len(seen)) - 1)]
    bucket = bisect_left(upper, exact)
    if bucket == len(upper):
        assert found == upper[-1], "above the last bound nothing is known but that bound"
    else:
        lower = upper[bucket - 1] if bucket else 0.0
        assert lower <= found <= upper[bucket] * (1 + 1e-9)


@given(bounds, st.lists(st.floats(0, 2000), min_size=1), st.lists(st.floats(0.01, 1), min_size=2, max_size=2))
def test_a_higher_quantile_is_not_lower(upper: list[float], seen: list[float], quantiles: list[float]) -> None:
    low, high = (histogram_quantile(quantile, cumulative(upper, seen)) for quantile in sorted(quantiles))
    assert low is not None
    assert high is not None
    assert low <= high * (1 + 1e-9)


@pytest.mark.parametrize(
    ("quantile", "buckets", "expected"),
    [
        # What Prometheus answers to histogram_quantile() over the same buckets.
        (0.5, {0.1: 0, 0.5: 10, 1: 10, math.inf: 10}, 0.3),
        (0.95, {0.1: 50, 0.5: 90, 1: 100, math.inf: 100}, 0.75),
        (0.99, {0.1: 50, math.inf: 100}, 0.1),
        (1.0, {0.1: 5, 0.5: 5, math.inf: 5}, 0.1),
        (0.5, {-1: 5, 1: 5, math.inf: 5}, -1),
        (0.75, {0.1: 4, 0.5: 3, 1: 8, math.inf: 8}, 0.75),  # read while it was written
        (0.5, {0.1: 0, math.inf: 0}, None),
        (0.5, {math.inf: 3}, None),
        (0.5, {0.1: 3}, None),
        (0.5, {}, None),
        (0.5, {0.1: math.nan, math.inf: math.nan}, None),
    ],
)
def test_quantiles_of_special_buckets(quantile: float, buckets: dict[float, float], expected: float | None) -> None:
    found = histogram_quantile(quantile, buckets)
    assert found == (expected if expected is None else pytest.approx(expected))


# --- what it says ---


def test_every_metric_it_looks_at_is_in_the_catalogue() -> None:
    names = {family.spec.name for family in vars(catalogue).values() if hasattr(family, "spec")}
    assert set(FAMILIES) <= names


async def test_it_says_what_the_requests_did(registry: CollectorRegistry) -> None:
    app = shop(registry)
    async with client(app) as http:
        for item in range(8):
            await http.get(f"/items/{item}")
        await http.get("/nowhere")
        await http.post("/orders")
        found = (await http.get("/status/metrics")).json()
        detailed = (await http.get("/status/metrics/detailed")).json()
    assert (found["service"], found["env"], found["since"]) == ("shop", "test", None)
    assert found["requests"]["total"] == 10
    assert found["requests"]["by_status"] == {"2xx": 8, "4xx": 1, "5xx": 1}
    assert found["requests"]["error_share"] == 0.1
    assert 0 < found["requests"]["duration_seconds"]["p95"] <= 10
    busiest = found["endpoints"][0]
    assert (busiest["method"], busiest["endpoint"], busiest["requests"]) == ("GET", "/items/{item}", 8)
    assert {row["endpoint"] for row in detailed["endpoints"]} == {"/items/{item}", "unmatched", "/orders"}
    assert found["memory"]["peak_bytes"] >= found["memory"]["resident_bytes"] > 1e6


async def test_errors_come_with_what_is_known_of_the_last_and_masked(registry: CollectorRegistry) -> None:
    async with client(shop(registry)) as http:
        await http.post("/orders")
        found = (await http.get("/status/errors")).json()["errors"]
        document = (await http.get("/status")).text
    (error,) = [row for row in found if row["kind"] == "ValueError" and row["source"] == "requests"]
    assert (error["count"], error["where"], error["last"]["endpoint"]) == (1, {"/orders": 1}, "/orders")
    assert "was refused" in error["last"]["message"]
    for secret in ("4111 1111", "anna@example.com"):
        assert secret not in json.dumps(found)
        assert secret not in document


def test_it_says_what_models_agents_caches_limits_and_budgets_did(metrics: Metrics) -> None:
    for model, calls in (("large", 1), ("small", 3)):
        metrics.ai_api_calls_total.labels(provider="p", model=model, operation="o", status="success").inc(calls)
        metrics.ai_api_cost_usd_total.labels(provider="p", model=model, operation="o").inc(calls * 0.5)
        metrics.ai_api_tokens_total.labels(provider="p", model=model, operation="o", type="input").inc(100 * calls)
    metrics.ai_api_errors_total.labels(provider="p", model="small", error_type="RateLimitError").inc()
    metrics.agent_executions_total.labels(agent="planner", operation="plan", status="error").inc()
    metrics.agent_execution_duration_seconds.labels(agent="planner", operation="plan").observe(3)
    metrics.cache_requests_total.labels(cache="offers", result="hit").inc(9)
    metrics.cache_requests_total.labels(cache="offers", result="miss").inc(1)
    metrics.rate_limit_requests_total.labels(decision="allowed", limit_type="ip").inc(3)
    metrics.rate_limit_requests_total.labels(decision="blocked", limit_type="key").inc(1)
    metrics.budget_spent_usd.labels(budget="total", period="day").set(4)
    metrics.budget_limit_usd.labels(budget="total", period="day").set(5)
    with PerformanceTracker("tick", metrics=metrics):
        pass
    page = page_of(metrics)
    found = data(page)
    assert [(row["model"], row["calls"], row["errors"]) for row in found["models"]] == [
        ("small", 3, 1),
        ("large", 1, 0),
    ]
    assert found["spend"]["cost_usd"] == 2
    assert found["spend"]["tokens"] == {"input": 400, "output": 0}
    assert (
        found["spend"]["budgets"][0] | {"budget": "total", "spent_usd": 4, "limit_usd": 5}
        == found["spend"]["budgets"][0]
    )
    assert found["agents"][0]["error_share"] == 1
    assert data(page, "/status/cache")["hit_rate"] == 0.9
    assert data(page, "/status/rate-limit")["blocked_share"] == 0.25
    assert [row["operation"] for row in found["operations"]] == ["tick"]
    assert found["errors"][0] | {"kind": "RateLimitError", "source": "models"} == found["errors"][0]
    document = page.answer("GET", "/status", {}).body.decode()
    for said in ("$2.00", "$4.00 of $5.00", "nearly spent", "planner", "small", "tick", "RateLimitError"):
        assert said in document


def test_an_application_that_did_nothing_yet_has_a_page_too(metrics: Metrics) -> None:
    page = page_of(metrics)
    found = data(page)
    assert found["requests"]["error_share"] is None
    assert found["cache"]["hit_rate"] is None
    assert found["health"] == {"status": "unknown", "checks": []}
    document = page.answer("GET", "/status", {}).body.decode()
    for said in ("No request yet", "No budget is set", "No error was counted", "No check is registered"):
        assert said in document


async def test_health_is_that_of_the_checks(registry: CollectorRegistry) -> None:
    health = HealthChecker()
    health.register("database", lambda: True)
    health.register("queue", lambda: Status.DEGRADED, required=False)

    @health.check("model", required=False)
    def model() -> None:
        raise ConnectionError("no route to anna@example.com")

    async with client(shop(registry, health=health)) as http:
        found = (await http.get("/status/metrics")).json()["health"]
    assert found["status"] == "degraded"
    assert [(check["check"], check["status"]) for check in found["checks"]] == [
        ("model", "unhealthy"),
        ("queue", "degraded"),
        ("database", "healthy"),
    ]
    assert found["checks"][0]["detail"].startswith("ConnectionError: no route to ")
    assert "anna@" not in found["checks"][0]["detail"]


# --- rates and the course of the last minutes ---


class Replayed:
    """Readings of chosen moments: a source whose time is the test's."""

    def __init__(self, metrics: Metrics) -> None:
        self._source, self.clock = RegistrySource(metrics.registry), 0.0

    def reading(self, clock: float) -> Reading:
        found = self._source.read()
        return Reading(1e9 + clock, clock, found.series, Memory(1e6 + clock), None)


def test_rates_are_over_the_last_minute_and_quantiles_over_what_happened_in_it(metrics: Metrics) -> None:
    source = Replayed(metrics)
    points = []
    for clock in range(0, 201, 5):
        points.append(point_of(source.reading(clock)))
        slow = clock >= 120
        for _ in range(10 if slow else 50):
            metrics.http_requests_total.labels(method="GET", endpoint="/", status=500 if slow else 200).inc()
            metrics.http_request_duration_seconds.labels(method="GET", endpoint="/").observe(2 if slow else 0.02)
    minute = increase(points[:-1], points[-1], 60)
    assert minute is not None
    assert (minute.seconds, minute.requests_per_second, minute.errors_per_second) == (60, 2, 2)
    assert 1 < (minute.durations.quantile(0.5) or 0) < 2.5, "what was fast before the minute does not count"
    drawn = lines(points)
    assert drawn.requests_per_second == [10.0] * 24 + [2.0] * 16
    assert drawn.errors_per_second == [0.0] * 24 + [2.0] * 16
    assert drawn.memory_bytes[-1] == 1e6 + 200
    assert len(drawn.times) == len(drawn.p95_seconds) == 40


def test_before_there_are_two_points_there_is_no_rate(metrics: Metrics) -> None:
    source = Replayed(metrics)
    first = point_of(source.reading(0))
    assert increase([], first, 60) is None
    assert increase([first], point_of(source.reading(0.1)), 60) is None
    assert lines([first]).times == []


def test_counters_that_were_reset_by_the_application_never_make_a_negative_rate(metrics: Metrics) -> None:
    source = Replayed(metrics)
    counter = metrics.http_requests_total.labels(method="GET", endpoint="/", status=200)
    counter.inc(100)
    before = point_of(source.reading(0))
    counter.reset()
    found = increase([before], point_of(source.reading(10)), 60)
    assert found is not None
    assert found.requests == 0


def test_points_are_collected_in_the_background_bounded_and_only_until_it_is_stopped(metrics: Metrics) -> None:
    history = History(RegistrySource(metrics.registry), step=0.001, points=5)
    history.start()
    history.start()
    wait_until(lambda: len(history.points()) == 5)
    first = history.points()[0]
    wait_until(lambda: history.points()[0] is not first)
    assert len(history.points()) == 5
    history.stop()
    assert history._thread is not None
    history._thread.join(20)
    kept = history.points()
    history.start()
    wait_until(lambda: history.points() != kept)
    history.stop()


async def test_an_application_that_starts_begins_to_collect_and_one_that_ends_stops(
    registry: CollectorRegistry,
) -> None:
    def threads() -> int:
        return sum(thread.name == "signalfire-status" for thread in threading.enumerate())

    before = await asyncio.to_thread(wait_until, lambda: [threads()])
    with serving(shop(registry)):
        assert threads() == before[0] + 1
    await asyncio.to_thread(wait_until, lambda: threads() == before[0])


# --- who may ask, and how ---


async def test_off_by_default(registry: CollectorRegistry) -> None:
    async with client(shop(registry, status_page=False)) as http:
        assert (await http.get("/status")).status_code == 404
        assert (await http.get("/status/metrics")).status_code == 404


async def test_looking_at_it_is_not_counted(registry: CollectorRegistry) -> None:
    async with client(shop(registry)) as http:
        for path in ("/status", "/status/metrics", "/status/errors"):
            assert (await http.get(path)).status_code == 200
        await http.post("/status/reset")
    assert value(registry, "http_requests_total") == 0
    assert "http_requests_total{" not in str(list(registry.collect()))


async def test_head_has_the_headers_and_no_body(metrics: Metrics, registry: CollectorRegistry) -> None:
    assert page_of(metrics).answer("HEAD", "/status", {}).body == b"", "not every server takes it away"
    with serving(shop(registry)) as base:
        async with httpx.AsyncClient(base_url=base) as http:
            for path in ("/status", *(f"/status{below}" for below in JSON_PATHS)):
                head = await http.head(path)
                assert (head.status_code, head.content) == (200, b"")
                assert int(head.headers["content-length"]) > 10


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_other_methods_are_told_which_there_are(registry: CollectorRegistry, method: str) -> None:
    async with client(shop(registry)) as http:
        for path in ("/status", *(f"/status{below}" for below in JSON_PATHS)):
            answer = await http.request(method, path)
            assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_a_reset_is_a_post(registry: CollectorRegistry) -> None:
    async with client(shop(registry)) as http:
        for method in ("GET", "HEAD", "PUT", "DELETE"):
            answer = await http.request(method, "/status/reset")
            assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_the_applications_own_routes_answer_first(registry: CollectorRegistry) -> None:
    async def own(_: Any) -> PlainTextResponse:
        return PlainTextResponse("mine")

    app = Starlette(routes=[Route("/status", own), Route("/status/reset", own, methods=["POST"])])
    setup_monitoring(app, registry=registry, status_page=True)
    async with client(app) as http:
        assert (await http.get("/status")).text == "mine"
        assert (await http.post("/status/reset")).text == "mine"
        assert (await http.get("/status/metrics")).json()["requests"]["total"] == 2


async def test_behind_a_prefix_and_at_another_path(registry: CollectorRegistry) -> None:
    app = shop(registry, status_page="/internal/status")
    async with client(app, root_path="/api") as http:
        assert (await http.get("/api/internal/status")).status_code == 200
        assert (await http.get("/api/internal/status/metrics")).json()["service"] == "shop"
        assert (await http.get("/api/status")).status_code == 404


@pytest.mark.parametrize("path", ["status", "/status/", "/", "/status?x", "/{any}"])
def test_a_path_that_is_none_is_refused_at_once(registry: CollectorRegistry, path: str) -> None:
    with pytest.raises(SettingError, match=r"status_page is .* write"):
        shop(registry, status_page=path)


async def test_the_kill_switch_turns_it_off(registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALFIRE_DISABLED", "1")
    async with client(shop(registry)) as http:
        assert (await http.get("/status")).status_code == 404


async def test_it_is_made_outside_of_the_event_loop(registry: CollectorRegistry) -> None:
    threads: set[int] = set()

    class Watched(CollectorRegistry):
        def restricted_registry(self, names: Any) -> Any:
            threads.add(threading.get_ident())
            return super().restricted_registry(names)

    async with client(shop(Watched())) as http:
        assert (await http.get("/status")).status_code == 200
    assert threads
    assert threading.get_ident() not in threads


async def test_a_page_that_cannot_be_made_is_a_500_and_nothing_more(
    expected_internal_errors: list[int],
) -> None:
    expected_internal_errors.append(1)

    class Broken(CollectorRegistry):
        def restricted_registry(self, names: Any) -> Any:
            raise RuntimeError("a collector of the application")

    async with client(shop(Broken())) as http:
        assert (await http.get("/status/metrics")).status_code == 500
        assert (await http.get("/items/3")).json() == 3


# --- reset ---


def reset(page: StatusPage, authorization: str | None = None) -> Answer:
    return page.answer("POST", "/status/reset", {} if authorization is None else {"authorization": authorization})


@pytest.fixture
def _no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIGNALFIRE_STATUS_TOKEN", raising=False)
    monkeypatch.delenv("SIGNALFIRE_STATUS_TOKEN_FILE", raising=False)


@pytest.mark.usefixtures("_no_token")
def test_without_a_configured_token_nobody_can_reset(metrics: Metrics) -> None:
    for authorization in (None, "Bearer ", "Bearer x"):
        answer = reset(page_of(metrics), authorization)
        assert answer.status == 403
        assert "SIGNALFIRE_STATUS_TOKEN" in json.loads(answer.body)["message"]


@pytest.mark.usefixtures("_no_token")
@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer wrong", "Basic secret-é", "secret-é", "Bearer é"]
)
def test_a_wrong_token_is_refused(metrics: Metrics, monkeypatch: pytest.MonkeyPatch, authorization: str | None) -> None:
    monkeypatch.setenv("SIGNALFIRE_STATUS_TOKEN", "secret-é")
    answer = reset(page_of(metrics), authorization)
    assert answer.status == 401
    assert ("WWW-Authenticate", "Bearer") in answer.headers


@pytest.mark.usefixtures("_no_token")
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_reset_counts_from_now_on_and_leaves_the_metrics_alone(
    metrics: Metrics, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, scheme: str
) -> None:
    file = tmp_path / "token"
    file.write_text("from-a-file\n")
    monkeypatch.setenv("SIGNALFIRE_STATUS_TOKEN_FILE", str(file))
    counter = metrics.http_requests_total.labels(method="GET", endpoint="/", status=500)
    durations = metrics.http_request_duration_seconds.labels(method="GET", endpoint="/")
    counter.inc(5)
    durations.observe(9)
    page = page_of(metrics)
    assert data(page)["requests"]["total"] == 5
    answer = reset(page, f"{scheme} from-a-file")
    assert answer.status == 200
    counter.inc(2)
    durations.observe(0.02)
    time.sleep(1.1)  # a reading is shared for a second
    found = data(page)
    assert found["since"] is not None
    assert (found["requests"]["total"], found["requests"]["errors"]) == (2, 2)
    assert found["requests"]["duration_seconds"]["mean"] == pytest.approx(0.02)
    assert found["endpoints"][0]["requests"] == 2
    assert value(registry, "http_requests_total", method="GET", endpoint="/", status="500") == 7


@pytest.mark.usefixtures("_no_token")
def test_a_token_file_that_cannot_be_used_is_told(
    metrics: Metrics, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    monkeypatch.setenv("SIGNALFIRE_STATUS_TOKEN_FILE", str(file))
    assert "cannot be read" in json.loads(reset(page_of(metrics), "Bearer x").body)["message"]
    file.write_text(" \n")
    answer = reset(page_of(metrics), "Bearer ")
    assert (answer.status, "empty" in answer.body.decode()) == (403, True)


# --- the document ---


class Seen(HTMLParser):
    """All tags and all text of a document."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [text or "" for name, text in attrs if name in {"src", "href", "action"}]
        assert not any(name.startswith("on") or name == "style" for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_document_holds_all_it_needs_and_its_policy_lets_nothing_else_in(metrics: Metrics) -> None:
    answer = page_of(metrics).answer("GET", "/status", {"accept": "text/html,*/*"})
    document, headers = answer.body.decode(), dict(answer.headers)
    assert [link for link in Seen(document).links if not link.startswith("data:")] == []
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag in ("script", "style"):
        (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", document, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert re.search(r'<noscript><meta http-equiv="refresh" content="5"></noscript>', document)
    assert headers["Cache-Control"] == "no-store"


def test_the_open_page_gets_its_sections_as_json(metrics: Metrics) -> None:
    page = page_of(metrics)
    answer = page.answer("GET", "/status", {"accept": "application/json"})
    assert dict(answer.headers)["Vary"] == "Accept"
    document = page.answer("GET", "/status", {}).body.decode()
    sections = json.loads(answer.body)["sections"]
    assert set(sections) == set(re.findall(r'data-section="(\w+)"', document))


@given(st.text(min_size=1, max_size=40), st.text(max_size=40))
def test_no_label_and_no_message_becomes_html(name: str, message: str) -> None:
    name = name.encode("utf-8", "replace").decode() + "<u>&\"'"
    message = message.encode("utf-8", "replace").decode() + '"><img src=x onerror=alert(1)>'
    metrics = Metrics(CollectorRegistry())
    metrics.http_requests_total.labels(method="GET", endpoint=name, status=200).inc()
    metrics.http_exceptions_total.labels(exception_type=name, endpoint=name).inc()
    metrics.ai_api_calls_total.labels(provider=name, model=name, operation="x", status="success").inc()
    metrics.agent_executions_total.labels(agent=name, operation="x", status="success").inc()
    metrics.operations_total.labels(operation=name, status="success").inc()
    metrics.budget_spent_usd.labels(budget=name, period="day").set(1)
    metrics.service_health.labels(component="shop", check=name).set(0)
    summary = data(page_of(metrics, service=name, env=message))
    summary["errors"][0]["last"] = {"at": summary["at"], "endpoint": name, "message": message}
    summary["health"]["checks"][0]["detail"] = message
    document = html.document(summary)
    seen = Seen(document)
    assert not {"u", "img"} & set(seen.tags)
    for text in (name, message):
        assert text.replace("\r\n", "\n") in "\0".join(seen.text).replace("\r\n", "\n")


@given(st.floats(0, 1e15) | st.none())
def test_numbers_are_short_whatever_they_are(number: float | None) -> None:
    for text in (
        formats.number(number),
        formats.rate(number),
        formats.duration(number),
        formats.usd(number),
        " ".join(formats.size(number)),
    ):
        assert 0 < len(text) <= 26
        assert "e+" not in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (formats.number(1284), "1,284"),
        (formats.number(52_140), "52.1k"),
        (formats.number(3_400_000), "3.40M"),
        (formats.duration(0.00084), "840 µs"),
        (formats.duration(0.9999), "1.00 s"),
        (formats.duration(0.0124), "12.4 ms"),
        (formats.duration(125), "2 min 5 s"),
        (formats.span(90_061), "1 d 1 h"),
        (formats.span(0.2), "0 s"),
        (formats.percent(0.125), "12.5 %"),
        (formats.percent(0), "0 %"),
        (formats.usd(0.0473), "$0.0473"),
        (formats.usd(0.00001), "<$0.0001"),
        (formats.usd(1284.4), "$1,284"),
        (" ".join(formats.size(93_100_000)), "93.1 MB"),
    ],
)
def test_numbers_as_people_read_them(text: str, expected: str) -> None:
    assert text == expected


# --- several processes ---


def test_several_processes_are_one_and_a_reset_holds_for_all(tmp_path: Path) -> None:
    program = """
    import json, os, sys
    from signalfire import metrics
    from signalfire.status import RegistrySource, StatusPage
    page = StatusPage(RegistrySource(metrics.registry), service="shop")
    count = metrics.http_requests_total.labels(method="GET", endpoint="/", status=200)
    for line in sys.stdin:
        if line == "count\\n":
            count.inc(3)
        if line == "reset\\n":
            print(page.answer("POST", "/status/reset", {"authorization": "Bearer t"}).status, flush=True)
        if line == "say\\n":
            page._history._latest = None
            found = json.loads(page.answer("GET", "/status/metrics", {}).body)
            print(int(found["requests"]["total"]), int(found["memory"]["resident_bytes"]), flush=True)
    """
    environment = os.environ | {
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
        "SIGNALFIRE_STATUS_TOKEN": "t",
        "OTEL_SERVICE_NAME": "shop",
    }

    def worker() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", textwrap.dedent(program)]
        return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(process: subprocess.Popen[str], *words: str) -> list[int]:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.writelines(f"{word}\n" for word in words)
        process.stdin.flush()
        return [int(number) for number in process.stdout.readline().split()]

    first = worker()
    alone = ask(first, "count", "say")
    second = worker()
    try:
        assert alone[0] == 3
        assert ask(second, "count", "say")[0] == 6
        assert ask(first, "say")[0] == 6
        assert ask(first, "say")[1] > 1.5 * alone[1], "the memory of both"
        assert ask(first, "reset") == [200]
        assert ask(second, "say")[0] == 0
        assert ask(second, "count", "say")[0] == 3
        assert ask(first, "say")[0] == 3
    finally:
        for process in (first, second):
            process.communicate(timeout=30)


# --- alone, over the /metrics of others ---


@contextlib.contextmanager
def watched_service(metrics: Metrics, port: int = 0) -> Iterator[tuple[str, int]]:
    health = HealthChecker("shop", metrics=metrics)
    health.register("database", lambda: True)
    server = start_metrics_server(port, metrics=metrics, health=health)
    try:
        yield f"http://127.0.0.1:{server.port}/metrics", server.port
    finally:
        server.shutdown()


def count(metrics: Metrics, requests: int) -> None:
    metrics.http_requests_total.labels(method="GET", endpoint="/", status=200).inc(requests)
    metrics.budget_limit_usd.labels(budget="total", period="day").set(5)


def test_targets_are_read_and_merged(metrics: Metrics) -> None:
    other = Metrics(CollectorRegistry())
    count(metrics, 3)
    count(other, 4)
    with watched_service(metrics) as (first, _), watched_service(other) as (second, _):
        source = ScrapedSource([first, second])
        found = data(StatusPage(source))
    assert found["requests"]["total"] == 7
    assert found["spend"]["budgets"][0]["limit_usd"] == 5, "a budget is the same everywhere"
    assert found["health"] == {
        "status": "healthy",
        "checks": [{"check": "database", "status": "healthy", "detail": "", "seconds": None}],
    }
    assert found["service"] == "shop"


def test_a_target_that_does_not_answer_is_told_since_when_and_goes_on_afterwards(metrics: Metrics) -> None:
    count(metrics, 10)
    with watched_service(metrics) as (url, port):
        source = ScrapedSource([url])
        assert source.read().total("http_requests_total") == 10
        assert source.targets()[0].unreachable_since is None
    before = time.time()
    assert source.read().total("http_requests_total") == 10, "what it has counted stays"
    (state,) = source.targets()
    assert state.unreachable_since is not None
    assert state.unreachable_since >= before
    assert state.error == "connection refused"
    found = data(StatusPage(source))
    assert found["health"]["status"] == "unhealthy"
    assert found["targets"][0]["reachable"] is False
    assert "does not answer since" in StatusPage(source).answer("GET", "/status", {}).body.decode()
    assert source.targets()[0].unreachable_since == state.unreachable_since

    restarted = Metrics(CollectorRegistry())
    count(restarted, 4)
    with watched_service(restarted, port):
        assert source.read().total("http_requests_total") == 14, "a restarted target counts on"
        count(restarted, 1)
        assert source.read().total("http_requests_total") == 15
        assert source.targets()[0].unreachable_since is None


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "it answers 404"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<p>no</p>", "no Prometheus metrics"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xff\xfe", "no Prometheus metrics"),
        (b"nonsense\r\n\r\n", "nonsense"),
        (b"", ""),
    ],
)
def test_a_target_that_answers_something_else_is_told(answer: bytes, complaint: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(10_000)
                connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        source = ScrapedSource([f"http://127.0.0.1:{listener.getsockname()[1]}/metrics"])
        source.read()
        thread.join(20)
    (state,) = source.targets()
    assert state.unreachable_since is not None
    assert complaint in state.error


@pytest.fixture
def command() -> Iterator[Any]:
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "signalfire.status", *arguments], stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.terminate()
        process.communicate(timeout=20)


def test_the_command_serves_the_page_of_a_running_service(metrics: Metrics, command: Any) -> None:
    count(metrics, 3)
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with watched_service(metrics) as (url, _):
        command("--target", url, "--listen", f"127.0.0.1:{port}", "--env", "prod")

        def answered() -> httpx.Response | None:
            try:
                return httpx.get(f"{base}/status/metrics")
            except httpx.ConnectError:
                return None

        found = wait_until(answered).json()
        assert (found["service"], found["env"], found["requests"]["total"]) == ("shop", "prod", 3)
        assert "shop" in httpx.get(base, follow_redirects=True).text
        assert httpx.head(f"{base}/status").content == b""
        assert httpx.delete(f"{base}/status").status_code == 405
        assert httpx.post(f"{base}/status/reset").status_code == 403
        assert httpx.get(f"{base}/nowhere").status_code == 404


def test_the_command_says_what_is_wrong(command: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = command("--listen", f"127.0.0.1:{port}")
        assert process.wait(30) == 1
        assert f"cannot listen on 127.0.0.1:{port}: address already in use" in process.stderr.read()
    silent = command("--target", f"127.0.0.1:{free_port()}", "--listen", f"127.0.0.1:{free_port()}")
    assert "does not answer: connection refused" in silent.stderr.readline()
    assert "the status page is at http://127.0.0.1:" in silent.stderr.readline()


@pytest.mark.parametrize("text", ["ftp://a/metrics", "http://", "http://a:x", "http://a:99999"])
def test_a_target_that_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Exception, match="write for example http"):
        address(text)


def test_addresses_may_be_short() -> None:
    assert address("127.0.0.1:8000") == "http://127.0.0.1:8000/metrics"
    assert address("https://shop/internal/metrics?x=1") == "https://shop/internal/metrics?x=1"
    assert listen_address("[::1]:8090") == ("::1", 8090)
    for text in ("8090", "host", "a:b", ":8090"):
        with pytest.raises(Exception, match="write for example 127"):
            listen_address(text)
