"""What is shown of costs is what the counters said, to a hundredth of a cent, against the real Prometheus.

The end of a day and of a month, for which nobody can wait, are in prometheus/tests/money.libsonnet.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.http import get
from tests.support.servers import Servers, eventually

A_HUNDREDTH_OF_A_CENT = 0.0001
SHOWN_AS = (
    "env:ai_cost_usd:today",
    "env:ai_cost_usd:month",
    "sum by (env) (service_model:ai_cost_usd:last_24h)",
    'budget:ai_cost_usd:spent{period="day"}',
    'budget:ai_cost_usd:spent{period="month"}',
)


@dataclass
class Spender:
    """A process that spends: what its counters say since its start, and what was spent in all."""

    counters: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    spent: float = 0
    asked: int = 0

    def spend(self, dollars: float, model: str = "one") -> None:
        self.counters[model] += dollars
        self.spent += dollars

    def restart(self) -> None:
        self.counters.clear()

    def metrics(self) -> str:
        self.asked += 1
        labels = 'provider="openai",operation="slogan"'
        lines = [
            f'ai_api_cost_usd_total{{{labels},model="{model}"}} {dollars!r}' for model, dollars in self.counters.items()
        ]
        return "\n".join(["# TYPE ai_api_cost_usd_total counter", *lines, ""])

    def is_asked(self, times: int = 2) -> None:
        seen = self.asked
        eventually(lambda: self.asked >= seen + times, "Prometheus asks it")


@pytest.fixture(scope="module")
def spender() -> Iterator[tuple[Spender, int]]:
    """It, and its port."""
    spender = Spender()

    class Metrics(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = spender.metrics().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Metrics)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield spender, server.server_port
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


@pytest.fixture(scope="module")
def prometheus(spender: tuple[Spender, int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    running = Servers(
        tmp_path_factory.mktemp("money"),
        {
            "env": "test",
            "targets": [{"service": "spender", "addresses": [f"127.0.0.1:{spender[1]}"]}],
            "scrape": {"interval": "1s", "evaluation_interval": "1s"},
        },
    )
    try:
        running.start("prometheus")
        yield running
    finally:
        running.close()


def shown(prometheus: Servers) -> dict[str, float]:
    """Around midnight only what no day ends."""
    found = {}
    for expression in SHOWN_AS if ends_today() else SHOWN_AS[2:3]:
        answer = get(f"{prometheus.url('prometheus')}/api/v1/query", query=expression).json()["data"]["result"]
        found[expression] = float(answer[0]["value"][1]) if answer else float("nan")
    return found


def ends_today() -> bool:
    """Whether the test ends on the day (UTC) on which it began."""
    seconds_of_day = 86400
    return 600 < time.time() % seconds_of_day < seconds_of_day - 600


def must_be_shown(prometheus: Servers, spender: Spender) -> None:
    def all_are() -> bool:
        found = shown(prometheus)
        return found == pytest.approx(dict.fromkeys(found, spender.spent), abs=A_HUNDREDTH_OF_A_CENT)

    eventually(all_are, f"${spender.spent} everywhere")
    # It stays so: nothing extrapolates.
    for _ in range(3):
        spender.is_asked()
        assert all_are(), shown(prometheus)


def test_all_amounts_are_what_was_spent(spender: tuple[Spender, int], prometheus: Servers) -> None:
    process = spender[0]
    process.is_asked(5)
    # The first call of a model that nobody knew.
    process.spend(10)
    must_be_shown(prometheus, process)
    # A runaway.
    for _ in range(40):
        process.spend(7.2137)
        time.sleep(0.2)
    must_be_shown(prometheus, process)
    # A restart, with which it counts from 0 again.
    process.is_asked()
    process.restart()
    process.spend(3.33)
    process.spend(0.0007, "another")
    must_be_shown(prometheus, process)
    # Prometheus is away for a while, and it goes on.
    prometheus.stop("prometheus")
    process.spend(5.5)
    prometheus.start("prometheus")
    must_be_shown(prometheus, process)
    # Both at once: what was counted between the last look and the restart is lost, and no more.
    prometheus.stop("prometheus")
    process.restart()
    process.spend(1.25)
    prometheus.start("prometheus")
    must_be_shown(prometheus, process)
