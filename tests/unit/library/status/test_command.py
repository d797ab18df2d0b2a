"""`python -m signalfire.status`: the page alone, over the /metrics of others."""

import argparse
import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from signalfire import HealthChecker, Metrics, start_metrics_server
from signalfire.status import ScrapedSource, StatusPage
from signalfire.status.__main__ import Server, address, listen_address

from tests.support.ports import free_port
from tests.unit.library.helpers import wait_until
from tests.unit.library.status.helpers import data


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


MALFORMED = ["http://[", "http://[::1", "http://[]/metrics", "http://[x]/", "https://[", "x://[/status"]


def first_line(port: int, target: str) -> bytes:
    """Of the answer to a request whose target is sent as it is."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        with connection.makefile("rb") as answer:
            return answer.readline()


@pytest.mark.parametrize("target", MALFORMED)
def test_a_request_whose_target_is_no_address_is_answered(metrics: Metrics, target: str) -> None:
    page = Server(StatusPage(ScrapedSource(["http://127.0.0.1:1/metrics"])), "127.0.0.1", 0)
    thread = threading.Thread(target=page.serve_forever, daemon=True)
    thread.start()
    try:
        assert first_line(page.server_address[1], target).startswith(b"HTTP/1.0 400 ")
    finally:
        page.shutdown()
        page.server_close()
    with watched_service(metrics) as (_, port):
        assert first_line(port, target).startswith(b"HTTP/1.0 400 ")
        assert first_line(port, f"http://127.0.0.1:{port}/metrics").startswith(b"HTTP/1.0 200 ")


@pytest.mark.parametrize("target", MALFORMED)
def test_a_target_that_is_no_address_is_told_as_such(target: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no address"):
        address(target)
