"""Metrics of a short-lived job arrive at the gateway; a gateway that is away harms nobody."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from signalfire import Metrics
from signalfire.prometheus.push import push_metrics
from signalfire.settings import SettingError

from tests.support.ports import free_port


class Gateway:
    """Takes what is pushed, as a Pushgateway does."""

    def __init__(self) -> None:
        self.status = 200
        self.pushed: list[tuple[str, str, str]] = []
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                gateway.pushed.append((self.command, self.path, body))
                self.send_response(gateway.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    gateway = Gateway()
    yield gateway
    gateway.server.shutdown()
    gateway.server.server_close()


def test_a_jobs_metrics_are_pushed(gateway: Gateway, registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.active_users.set(5)
    assert push_metrics("nightly", gateway=gateway.address, registry=registry, grouping_key={"shop": "one"})
    ((method, path, body),) = gateway.pushed
    assert (method, path) == ("PUT", "/metrics/job/nightly/shop/one")
    assert "\nactive_users 5.0\n" in body


@pytest.mark.parametrize("scheme", ["", "http://"])
def test_the_gateway_comes_from_the_environment(
    scheme: str, gateway: Gateway, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not push_metrics("nightly", registry=registry)
    monkeypatch.setenv("PROMETHEUS_GATEWAY", f"{scheme}{gateway.address}")
    assert push_metrics("nightly", registry=registry)
    monkeypatch.setenv("SIGNALFIRE_DISABLED", "1")
    assert not push_metrics("nightly", registry=registry)
    assert len(gateway.pushed) == 1


def test_a_gateway_that_is_away_or_refuses_is_no_error(
    gateway: Gateway, registry: CollectorRegistry, expected_internal_errors: list[int]
) -> None:
    assert not push_metrics("nightly", gateway=f"127.0.0.1:{free_port()}", registry=registry, timeout=1)
    gateway.status = 400
    assert not push_metrics("nightly", gateway=gateway.address, registry=registry)
    expected_internal_errors.append(2)


@pytest.mark.parametrize(
    ("keywords", "told"),
    [
        ({"job": ""}, "job is '': write the job's name"),
        ({"gateway": "ftp://x"}, "gateway is 'ftp://x': write a host"),
        ({"timeout": 0}, "timeout is 0: write a number of seconds"),
    ],
)
def test_bad_keywords_are_named(keywords: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingError, match=f"^{told}"):
        push_metrics(**{"job": "nightly", **keywords})


def test_a_bad_address_in_the_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_GATEWAY", "a b")
    with pytest.raises(SettingError, match=r"^PROMETHEUS_GATEWAY is 'a b': write a host"):
        push_metrics("nightly")
