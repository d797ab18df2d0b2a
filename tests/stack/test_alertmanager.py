"""Notifications as a receiver gets them: at once, the worse instead of the lesser, and again when it is over."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.stack.rounds import LOGS_ROUNDS, Rounds, count, groups, hurry
from tests.support import http
from tests.support.servers import Servers, eventually

pytestmark = pytest.mark.stack


class Receiver:
    """A webhook that keeps what it gets: (alert name, severity, queue, status) of every alert."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str, str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                for alert in body["alerts"]:
                    labels = alert["labels"]
                    outer.got.append(
                        (labels["alertname"], labels["severity"], labels.get("queue", ""), alert["status"])
                    )
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()


@pytest.fixture
def servers(receiver: Receiver, tmp_path: Path) -> Iterator[Servers]:
    address = tmp_path / "address"
    address.write_text(receiver.url)
    servers = Servers(tmp_path / "state", {"receivers": [{"name": "chat", "webhook": {"url_file": str(address)}}]})
    try:
        servers.start("alertmanager", adjust=hurry, options=LOGS_ROUNDS)
        yield servers
    finally:
        servers.close()


@pytest.fixture
def alertmanager(servers: Servers) -> str:
    return servers.url("alertmanager")


def post(alertmanager: str, *labels: dict[str, str], ends_in: float = 3600) -> None:
    ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + ends_in))
    common = {"service": "api", "env": "dev"}
    alerts = [{"labels": common | each, "endsAt": ends} for each in labels]
    http.post(f"{alertmanager}/api/v2/alerts", alerts)


def test_the_worse_is_told_instead_of_the_lesser(servers: Servers, alertmanager: str, receiver: Receiver) -> None:
    critical = {"alertname": "VeryDeep", "severity": "critical", "condition": "queue_depth", "queue": "images"}
    warning = {"alertname": "Deep", "severity": "warning", "condition": "queue_depth", "queue": "images"}
    other_queue = warning | {"queue": "videos"}
    other_condition = {"alertname": "Slow", "severity": "warning", "condition": "latency", "queue": "images"}
    post(alertmanager, critical, warning, other_queue, other_condition)
    wanted = {
        ("VeryDeep", "critical", "images", "firing"),
        ("Deep", "warning", "videos", "firing"),
        ("Slow", "warning", "images", "firing"),
    }
    eventually(lambda: wanted <= set(receiver.got), f"notifications {wanted}, got {receiver.got}")
    rounds = Rounds(lambda: servers.log("alertmanager"))
    now, known = rounds.now(), groups(rounds.since(0, 'service="api"'))
    assert {group.partition('alertname="')[2].partition('"')[0] for group in known} == {"VeryDeep", "Deep", "Slow"}
    eventually(
        lambda: all(count(rounds.since(now, 'service="api"'), group) > 1 for group in known),
        "one more round of each group",
    )
    assert set(receiver.got) == wanted


def test_the_end_is_told_too(alertmanager: str, receiver: Receiver) -> None:
    alert = {"alertname": "Deep", "severity": "warning", "condition": "queue_depth"}
    post(alertmanager, alert)
    eventually(lambda: receiver.got == [("Deep", "warning", "", "firing")], "the notification")
    post(alertmanager, alert, ends_in=-1)
    eventually(lambda: receiver.got[1:] == [("Deep", "warning", "", "resolved")], "the notification that it is over")
