"""What the status page says, and how it is reset."""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import textwrap
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from signalfire import HealthChecker, Metrics, Status
from signalfire.operations.performance import PerformanceTracker
from signalfire.prometheus import catalogue
from signalfire.status import Answer, StatusPage, formats, html
from signalfire.status.readings import FAMILIES

from tests.unit.library.helpers import value
from tests.unit.library.status.helpers import client, data, page_of, shop

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
