"""The API over real HTTP."""

import json
from collections import Counter

import httpx
import psutil
import pytest
from opentelemetry import trace
from signalfire.logs.line import line

from examples.adplatform import queue
from examples.adplatform.api import injection
from examples.adplatform.api.app import create_app
from examples.adplatform.database import Sessions
from examples.adplatform.faults import Fault, FaultBoard
from examples.adplatform.settings import Settings
from examples.adplatform.tables import AgentTask, VideoJob
from tests.support.serving import Sample, Serve, wait_until

CAMPAIGN = {"name": "Shoes in spring", "product": "Trail Shoes", "platform": "search", "daily_budget_usd": 50}


@pytest.fixture
def api(serve: Serve, settings: Settings) -> httpx.Client:
    return httpx.Client(base_url=serve(create_app(settings)), headers={"X-User-Id": "tester"}, timeout=30)


@pytest.fixture
def campaign(api: httpx.Client) -> str:
    created = api.post("/api/v1/campaigns", json=CAMPAIGN)
    assert created.status_code == 201
    return f"/api/v1/campaigns/{created.json()['id']}"


def predict(api: httpx.Client, user: str = "tester") -> httpx.Response:
    return api.post("/api/v1/predictions", json={"campaign_id": 1, "days": 7}, headers={"X-User-Id": user})


def test_a_campaign_is_created_read_and_listed(api: httpx.Client, campaign: str, sample: Sample) -> None:
    read = api.get(campaign).json()
    assert read["name"] == CAMPAIGN["name"]
    assert read in api.get("/api/v1/campaigns", params={"platform": "search", "limit": 100}).json()
    assert read not in api.get("/api/v1/campaigns", params={"platform": "social", "limit": 100}).json()
    assert sample("campaigns_created_total", platform="search") >= 1


def test_queries_are_measured_and_the_database_is_looked_after(api: httpx.Client, sample: Sample) -> None:
    counted = {"database": "adplatform", "operation": "SELECT"}
    before = sample("database_query_duration_seconds_count", **counted)
    assert api.get("/api/v1/campaigns/1").status_code == 200
    assert sample("database_query_duration_seconds_count", **counted) > before
    assert sample("database_errors_total", database="adplatform", error_type="OperationalError") == 0
    assert {"database", "system_resources"} <= api.get("/health").json()["checks"].keys()


def test_what_is_missing_or_wrong_is_refused(api: httpx.Client) -> None:
    assert api.get("/api/v1/campaigns/999999").status_code == 404
    assert api.get("/api/v1/campaigns/999999/ads").status_code == 404
    assert api.get("/api/v1/videos/999999").status_code == 404
    refused = api.post("/api/v1/campaigns", json=CAMPAIGN | {"daily_budget_usd": -1})
    assert refused.status_code == 422
    assert refused.json()["detail"][0]["loc"] == ["body", "daily_budget_usd"]


def test_nested_routes_are_counted_by_their_template(api: httpx.Client, campaign: str, sample: Sample) -> None:
    counted = {"method": "GET", "endpoint": "/api/v1/campaigns/{campaign_id}/ads", "status": "200"}
    before = sample("http_requests_total", **counted)
    assert api.get(f"{campaign}/ads").json() == []
    # The caller has its answer a moment before it is counted.
    wait_until(lambda: sample("http_requests_total", **counted) == before + 1)


def test_an_ad_is_published_and_the_agents_are_asked_for_copy(
    api: httpx.Client, campaign: str, sessions: Sessions, sample: Sample
) -> None:
    before = sample("ads_published_total", platform="search", format="image")
    ad = {"format": "image", "headline": "Ready when you are", "refresh_copy": True}
    assert api.post(f"{campaign}/ads", json=ad).status_code == 201
    assert [shown["headline"] for shown in api.get(f"{campaign}/ads").json()] == ["Ready when you are"]
    assert sample("ads_published_total", platform="search", format="image") == before + 1
    with sessions() as session:
        task = queue.take(session, AgentTask)
    assert task is not None
    assert (task.workflow, task.product) == ("copy_refresh", "Trail Shoes")


def test_predictions_are_cached(api: httpx.Client, sample: Sample) -> None:
    hits = sample("cache_requests_total", cache="predictions", result="hit")
    misses = sample("cache_requests_total", cache="predictions", result="miss")
    first = predict(api)
    assert first.json()["roas"] > 0
    assert predict(api).json() == first.json()
    assert sample("cache_requests_total", cache="predictions", result="hit") == hits + 1
    assert sample("cache_requests_total", cache="predictions", result="miss") == misses + 1


def test_results_teach_revenue_return_and_accuracy(api: httpx.Client, sample: Sample) -> None:
    earned = sample("revenue_usd_total", platform="search")
    for _ in range(8):
        assert api.post("/api/v1/campaigns/1/results", json={"spend_usd": 100, "revenue_usd": 500}).is_success
    assert sample("revenue_usd_total", platform="search") == pytest.approx(earned + 4000)
    assert sample("roas_value", campaign="trail-shoes-spring", platform="search") == pytest.approx(5.0)
    by_average = sample("prediction_accuracy", model="platform-average", measure="mae")
    by_history = sample("prediction_accuracy", model="campaign-history", measure="mae")
    assert by_average == pytest.approx(1.8)
    assert 0 < by_history < by_average


def test_only_flagships_have_a_series_of_their_own(api: httpx.Client, campaign: str, sample: Sample) -> None:
    assert api.post(f"{campaign}/results", json={"spend_usd": 10, "revenue_usd": 20}).is_success
    assert sample("roas_value", campaign=str(CAMPAIGN["name"]), platform="search") == 0


def test_one_user_may_not_ask_too_much(api: httpx.Client, sample: Sample) -> None:
    blocked = sample("rate_limit_requests_total", decision="blocked", limit_type="user")
    statuses = Counter(api.get("/api/v1/campaigns", headers={"X-User-Id": "greedy"}).status_code for _ in range(60))
    assert statuses[200] >= 20
    assert statuses[429] > 0
    assert statuses[200] + statuses[429] == 60
    assert sample("rate_limit_requests_total", decision="blocked", limit_type="user") == blocked + statuses[429]
    assert api.get("/api/v1/campaigns", headers={"X-User-Id": "modest"}).status_code == 200


def test_active_users_are_counted(api: httpx.Client, sample: Sample) -> None:
    for number in range(5):
        api.get("/api/v1/campaigns", headers={"X-User-Id": f"user-{number}"})
    wait_until(lambda: sample("active_users") == 5)


def test_a_full_queue_refuses_jobs(api: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "MOST_WAITING", 1)
    video = {"campaign_id": 1, "format": "square", "length_seconds": 10}
    assert api.post("/api/v1/videos", json=video).status_code == 202
    refused = api.post("/api/v1/videos", json=video)
    assert refused.status_code == 429
    assert "video_jobs" in refused.json()["detail"]


def test_an_ordered_video_takes_its_request_along(api: httpx.Client, sessions: Sessions) -> None:
    video = {"campaign_id": 1, "format": "square", "length_seconds": 10}
    with trace.get_tracer("test").start_as_current_span("click") as click:
        ordered = api.post("/api/v1/videos", json=video, headers={"X-Request-ID": "visit-17"}).json()
    assert api.get(f"/api/v1/videos/{ordered['id']}").json()["state"] == "queued"
    with sessions() as session:
        job = queue.take(session, VideoJob)
    assert job is not None
    assert job.correlation_id == "visit-17"
    assert job.traceparent is not None
    assert int(job.traceparent.split("-")[1], 16) == click.get_span_context().trace_id


def test_faults_are_listed_switched_and_seen_by_other_processes(api: httpx.Client, faults: FaultBoard) -> None:
    assert {fault["name"]: fault["active"] for fault in api.get("/faults").json()} == dict.fromkeys(Fault, False)
    assert not faults.active(Fault.QUEUE_STUCK)
    assert api.put("/faults/queue_stuck", json={"active": True}).json()["active"] is True
    wait_until(lambda: faults.active(Fault.QUEUE_STUCK))
    assert [fault["name"] for fault in api.get("/faults").json() if fault["active"]] == ["queue_stuck"]
    assert api.put("/faults/queue_stuck", json={"active": False}).json()["active"] is False
    wait_until(lambda: not faults.active(Fault.QUEUE_STUCK))
    assert api.put("/faults/earthquake", json={"active": True}).status_code == 422


def test_errors(
    api: httpx.Client, sample: Sample, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "stream", None)  # what is captured
    api.put("/faults/errors", json={"active": True})
    statuses = Counter(
        # A server may close the connection on which a request has crashed.
        api.get("/api/v1/campaigns/1", headers={"X-User-Id": str(number), "Connection": "close"}).status_code
        for number in range(100)
    )
    assert set(statuses) == {200, 500}
    assert 10 <= statuses[500] <= 55
    assert api.get("/faults").status_code == 200, "the way back stays open"
    endpoint = "/api/v1/campaigns/{campaign_id}"
    raised = {"exception_type": "BillingGatewayError", "endpoint": endpoint}
    wait_until(lambda: sample("http_exceptions_total", **raised) == statuses[500])
    logged = capsys.readouterr().out
    assert "ask_billing_gateway" in logged, "the log has the stack trace"


def test_latency(api: httpx.Client, monkeypatch: pytest.MonkeyPatch, faults: FaultBoard) -> None:
    monkeypatch.setattr(injection, "ADDED_SECONDS", (0.6, 0.6))
    api.put("/faults/latency", json={"active": True})
    assert predict(api).elapsed.total_seconds() >= 0.6
    assert predict(api).elapsed.total_seconds() >= 0.6, "also where the answer is cached"


def test_memory_growth(api: httpx.Client, faults: FaultBoard) -> None:
    def megabytes() -> float:
        return float(psutil.Process().memory_info().rss) / 1024**2

    before = megabytes()
    api.put("/faults/memory_growth", json={"active": True})
    wait_until(lambda: megabytes() > before + 12)
    grown = megabytes()
    api.put("/faults/memory_growth", json={"active": False})
    wait_until(lambda: megabytes() < grown - 8)


def test_its_status_page_shows_its_routes_and_checks(api: httpx.Client, campaign: str) -> None:
    page = api.get("/status")
    assert page.status_code == 200
    shown = api.get("/status/metrics/detailed").text
    assert "/api/v1/campaigns" in shown

    def checks() -> dict[str, dict[str, str]]:
        # Its process has run other tests, whose checks are shown beside by the names of their components.
        rows = api.get("/status/metrics").json()["health"]["checks"]
        return {row["check"].removeprefix("ad-api: "): row for row in rows}

    assert {"database", "system_resources"} <= checks().keys()
    # How full the machine is, is its own matter: what is looked at is that it was measured.
    assert checks()["system_resources"]["detail"].startswith("memory ")
    # On a busy machine a check may be slow once.
    wait_until(lambda: checks()["database"]["status"] == "healthy")


AS_JSON = {"Content-Type": "application/json"}
HUGE = ["9223372036854775808", "-9223372036854775809", "1" + "0" * 40, "1" + "0" * 5000]


@pytest.mark.parametrize("number", HUGE)
def test_a_number_that_no_column_holds_is_refused(api: httpx.Client, number: str) -> None:
    content = f'{{"campaign_id": {number}, "days": 7, "format": "square", "length_seconds": 9}}'
    answers = [
        api.get(f"/api/v1/campaigns/{number}"),
        api.get(f"/api/v1/campaigns/{number}/ads"),
        api.post(f"/api/v1/campaigns/{number}/ads", json={"format": "text", "headline": "Shoes"}),
        api.post(f"/api/v1/campaigns/{number}/launch"),
        api.post(f"/api/v1/campaigns/{number}/results", json={"spend_usd": 1, "revenue_usd": 1}),
        api.get(f"/api/v1/videos/{number}"),
        api.get("/api/v1/campaigns", params={"offset": number}),
        api.get("/api/v1/campaigns", params={"limit": number}),
        api.post("/api/v1/videos", content=content, headers=AS_JSON),
        api.post("/api/v1/predictions", content=content, headers=AS_JSON),
    ]
    assert {answer.status_code for answer in answers} <= {400, 422}
    assert all(answer.json()["detail"] for answer in answers)


def test_the_largest_number_is_looked_for(api: httpx.Client) -> None:
    assert api.get(f"/api/v1/campaigns/{2**63 - 1}").status_code == 404
    assert api.get("/api/v1/campaigns", params={"offset": 2**63 - 1}).json() == []


@pytest.mark.parametrize(
    "value", ["NaN", "Infinity", "-Infinity", "1e999", '"\\ud800"', '"a\\udfffbc"', "null", "[[]]"]
)
@pytest.mark.parametrize("field", [*CAMPAIGN, "unknown"])
def test_a_value_that_json_or_utf_8_does_not_have_is_refused(api: httpx.Client, field: str, value: str) -> None:
    rest = ", ".join(f'"{name}": {json.dumps(known)}' for name, known in CAMPAIGN.items() if name != field)
    answer = api.post("/api/v1/campaigns", content=f'{{"{field}": {value}, {rest}}}', headers=AS_JSON)
    assert answer.status_code == (201 if field == "unknown" else 422)
    answer = api.put(f"/faults/{Fault.MEMORY_GROWTH.value}", content=f'{{"active": {value}}}', headers=AS_JSON)
    assert answer.status_code == 422


@pytest.mark.parametrize("body", ["\x00", "[" * 100_000, '{"name"', b"\xff\xfe", "NaN", '"\\ud800"'])
def test_a_body_that_is_no_campaign_is_refused(api: httpx.Client, body: str | bytes) -> None:
    assert api.post("/api/v1/campaigns", content=body, headers=AS_JSON).status_code in (400, 422)
