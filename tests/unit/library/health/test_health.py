"""Health checks, and the small server for processes without HTTP."""

import asyncio
import functools
import sys
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from signalfire import HealthChecker, Metrics, MetricsServer, Status, start_metrics_server
from signalfire.health import Finding, History, Run, health_score

from tests.unit.library.helpers import series, value, wait_until


@pytest.fixture
def checker(metrics: Metrics) -> HealthChecker:
    return HealthChecker("shop", metrics=metrics)


async def test_without_checks_a_process_that_answers_is_healthy(checker: HealthChecker) -> None:
    report = await checker.run()
    assert (report.status, report.ready, report.results) == (Status.HEALTHY, True, {})


async def test_what_checks_may_return(checker: HealthChecker, metrics: Metrics) -> None:
    async def later() -> bool:
        await asyncio.sleep(0)
        return True

    def broken() -> None:
        raise OSError("cannot reach postgresql://shop:hunter2@db/shop")

    checker.register("none", lambda: None)
    checker.register("true", lambda: True)
    checker.register("later", later)
    checker.register("false", lambda: False, required=False)
    checker.register("degraded", lambda: Status.DEGRADED)
    checker.register("broken", broken, required=False)
    report = await checker.run()
    found = {name: result.status.name for name, result in report.results.items()}
    assert found == {
        "none": "HEALTHY",
        "true": "HEALTHY",
        "later": "HEALTHY",
        "false": "UNHEALTHY",
        "degraded": "DEGRADED",
        "broken": "UNHEALTHY",
    }
    assert report.status is Status.DEGRADED  # the unhealthy ones are not required
    assert report.results["broken"].detail == "OSError: cannot reach postgresql://[MASKED]@db/shop"
    assert series(metrics.registry, "service_health")["broken", "shop"] == 0
    assert value(metrics.registry, "health_check_duration_seconds_count", check="later") == 1


async def test_a_required_check_that_fails_makes_the_whole_unhealthy(checker: HealthChecker) -> None:
    @checker.check("database")
    def database() -> bool:
        return False

    report = await checker.run()
    assert (report.status, report.ready) == (Status.UNHEALTHY, False)


async def test_checks_run_side_by_side_and_none_takes_longer_than_it_may(checker: HealthChecker) -> None:
    meeting, release = threading.Barrier(3), threading.Event()
    for number in range(3):
        checker.register(f"meets {number}", lambda: meeting.wait(20) >= 0, timeout=20)

    async def never() -> None:
        await asyncio.sleep(1000)

    checker.register("async never", never, timeout=0.2)
    checker.register("never", lambda: release.wait(1000), timeout=0.2)
    report = await checker.run()
    found = {name: result.status for name, result in report.results.items()}
    assert [found[f"meets {number}"] for number in range(3)] == [Status.HEALTHY] * 3
    assert found["never"] is found["async never"] is Status.UNHEALTHY
    assert report.results["never"].detail == "no result within 0.2 s"
    release.set()


async def test_a_check_that_hangs_is_not_started_again_until_it_ended(checker: HealthChecker) -> None:
    release, runs = threading.Event(), []

    def hangs() -> None:
        runs.append(1)
        release.wait(1000)

    checker.register("hangs", hangs, timeout=0.05)
    for _ in range(4):
        report = await checker.run(fresh_for=0)
        assert report.results["hangs"].status is Status.UNHEALTHY
    assert len(runs) == 1
    assert "has not ended" in report.results["hangs"].detail
    release.set()
    await asyncio.to_thread(wait_until, lambda: not checker._running)
    await checker.run(fresh_for=0)
    assert len(runs) == 2


async def test_eager_probes_share_a_result(checker: HealthChecker) -> None:
    runs: list[int] = []
    checker.register("counted", lambda: runs.append(1))
    for _ in range(10):
        await checker.run()
    assert len(runs) == 1


async def test_probes_at_the_same_time_share_a_run(checker: HealthChecker) -> None:
    runs: list[int] = []

    async def slow() -> None:
        runs.append(1)
        await asyncio.sleep(0.2)

    checker.register("slow", slow)
    reports = await asyncio.gather(*(checker.run(fresh_for=0) for _ in range(5)))
    assert {report.status for report in reports} == {Status.HEALTHY}
    assert len(runs) == 1


async def test_who_stops_waiting_does_not_stop_the_run_of_others(checker: HealthChecker) -> None:
    async def slow() -> None:
        await asyncio.sleep(0.2)

    checker.register("slow", slow)
    first = asyncio.create_task(checker.run(fresh_for=0))
    second = asyncio.create_task(checker.run(fresh_for=0))
    await asyncio.sleep(0.05)
    first.cancel()
    assert (await second).status is Status.HEALTHY


def test_threads_that_ask_at_the_same_time(checker: HealthChecker) -> None:
    checker.register("slow", lambda: time.sleep(0.05))
    found: list[Status] = []

    def ask() -> None:
        found.append(checker.run_sync(fresh_for=0).status)

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [Status.HEALTHY] * 5


async def test_a_thread_and_a_loop_that_ask_at_the_same_time(checker: HealthChecker) -> None:
    entered = threading.Event()

    def slow() -> None:
        entered.set()
        time.sleep(0.2)

    checker.register("slow", slow)
    thread = threading.Thread(target=checker.run_sync)
    thread.start()
    await asyncio.to_thread(entered.wait)
    report = await checker.run()
    assert report.ready, "a run that is under way is no failure"
    thread.join()


async def test_what_no_check_should_raise(checker: HealthChecker) -> None:
    async def exits() -> None:
        sys.exit("bye")

    async def cancels() -> None:
        raise asyncio.CancelledError

    checker.register("exits", exits)
    checker.register("cancels", cancels)
    checker.register("exits in a thread", functools.partial(sys.exit, "bye"))
    checker.register("stops", lambda: next(iter(())))
    report = await checker.run()
    assert {name: (result.status, result.detail) for name, result in report.results.items()} == {
        "exits": (Status.UNHEALTHY, "SystemExit: bye"),
        "cancels": (Status.UNHEALTHY, "cancelled"),
        "exits in a thread": (Status.UNHEALTHY, "CheckError: SystemExit"),
        "stops": (Status.UNHEALTHY, "CheckError: StopIteration"),
    }


async def test_a_plain_function_that_gives_a_coroutine(checker: HealthChecker) -> None:
    async def later(answer: bool) -> bool:
        return answer

    checker.register("good", lambda: later(True))
    checker.register("bad", lambda: later(False))
    report = await checker.run()
    assert report.results["good"].status is Status.HEALTHY
    assert report.results["bad"].status is Status.UNHEALTHY


async def test_a_finding_says_why_without_its_secrets(checker: HealthChecker) -> None:
    checker.register("full", lambda: Finding(Status.DEGRADED, "password=hunter2 " + "x" * 1000))
    result = (await checker.run()).results["full"]
    assert result.status is Status.DEGRADED
    assert result.detail.startswith("password=[MASKED] xxx")
    assert len(result.detail) == 500


async def test_the_score_weighs_required_checks_twice(checker: HealthChecker, metrics: Metrics) -> None:
    assert (await checker.run(fresh_for=0)).score == 100
    checker.register("required", lambda: False)
    checker.register("optional", lambda: True, required=False)
    checker.register("half", lambda: Status.DEGRADED)
    report = await checker.run(fresh_for=0)
    assert report.score == health_score([(0, 2), (1, 1), (0.5, 2)]) == 40
    assert value(metrics.registry, "system_health_score") == 40


async def test_history_and_trend_are_in_the_detailed_report(checker: HealthChecker) -> None:
    answers = iter([True, True, True, False, False, False])
    checker.register("database", lambda: next(answers))
    for _ in range(6):
        report = await checker.run(fresh_for=0)
    assert set(report.as_json()) == {"status", "service", "checks"}
    assert set(report.as_json()["checks"]["database"]) == {"status", "seconds"}
    detailed = report.as_json(detailed=True)
    assert detailed["score"] == 0
    database = detailed["checks"]["database"]
    assert (database["trend"], database["flapping"], database["availability"]) == ("worsening", False, 0.5)
    assert [run["status"] for run in database["history"]] == ["healthy"] * 3 + ["unhealthy"] * 3
    assert database["history"][0]["time"].endswith("+00:00")
    assert checker.history("database").availability() == 0.5
    with pytest.raises(KeyError):
        checker.history("no such check")


def history(values: list[float], seconds: list[float] | None = None) -> History:
    found = History()
    for number, (health, duration) in enumerate(zip(values, seconds or [0.01] * len(values), strict=True)):
        found.add(Run(1000.0 + number, health, "any", duration))
    return found


@pytest.mark.parametrize(
    ("values", "seconds", "trend"),
    [
        ([1, 1, 1, 1, 1], None, "unknown"),
        ([1, 1, 1, 1, 1, 1], None, "steady"),
        ([0, 0, 0, 0, 0, 0], None, "steady"),
        ([0, 0.5, 0, 1, 1, 1], None, "improving"),
        ([1, 1, 1, 0.5, 0.5, 1], None, "worsening"),
        ([1] * 6, [0.1, 0.1, 0.1, 0.3, 0.3, 0.3], "worsening"),
        ([1] * 6, [0.3, 0.3, 0.3, 0.1, 0.1, 0.1], "improving"),
        ([1] * 6, [0.001, 0.001, 0.001, 0.01, 0.01, 0.01], "steady"),
    ],
)
def test_trends(values: list[float], seconds: list[float] | None, trend: str) -> None:
    assert history(values, seconds).trend() == trend


def test_flapping_and_availability() -> None:
    assert history([1, 0, 1, 0, 1]).is_flapping()
    assert not history([1, 0, 1, 0]).is_flapping()
    assert not history([1, 0, 1, 0, 1, *[1.0] * 10]).is_flapping(), "that was long ago"
    assert history([0, 0, 0.5, 1]).availability() == 0.5
    assert history([0, 0, 0.5, 1]).availability(seconds=1) == 1
    assert History().availability() is None


def test_the_history_is_bounded() -> None:
    assert len(history([1.0] * 500).runs) == 120


def test_from_code_without_an_event_loop(checker: HealthChecker) -> None:
    async def later() -> bool:
        await asyncio.sleep(0)
        return True

    checker.register("later", later)
    assert checker.run_sync().status is Status.HEALTHY


@pytest.fixture
def server(checker: HealthChecker, metrics: Metrics) -> Iterator[MetricsServer]:
    server = start_metrics_server(0, health=checker, metrics=metrics)
    yield server
    server.shutdown()


def test_the_server_of_a_process_without_http(server: MetricsServer, checker: HealthChecker, metrics: Metrics) -> None:
    address = f"http://127.0.0.1:{server.port}"
    metrics.queue_depth.labels(queue="videos").set(7)
    text = httpx.get(f"{address}/metrics")
    assert 'queue_depth{queue="videos"} 7.0' in text.text
    assert 'service_health{check="overall",component="shop"} 1.0' in text.text
    openmetrics = httpx.get(f"{address}/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})
    assert openmetrics.text.endswith("# EOF\n")
    assert httpx.get(f"{address}/health").json()["status"] == "healthy"
    checker.register("queue", lambda: False)
    time.sleep(1.1)
    assert httpx.get(f"{address}/health").status_code == 503
    assert httpx.get(f"{address}/health/ready").json()["checks"]["queue"]["status"] == "unhealthy"
    assert httpx.get(f"{address}/health/live").status_code == 200
    assert httpx.get(f"{address}/else").status_code == 404


def test_the_answer_names_the_release(server: MetricsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"http://127.0.0.1:{server.port}/health"
    assert "version" not in httpx.get(address).json()
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.version=2.4.1,host.name=a")
    assert httpx.get(address).json()["version"] == "2.4.1"


def test_a_port_that_is_taken_is_told(server: MetricsServer) -> None:
    with pytest.raises(OSError, match="in use"):
        start_metrics_server(server.port)
