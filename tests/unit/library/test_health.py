"""Health checks, and the small server for processes without HTTP."""

import asyncio
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from signalfire import HealthChecker, Metrics, MetricsServer, Status, start_metrics_server

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
