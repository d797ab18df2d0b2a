"""The servers that store what is sent, with the collector before them, and traffic that counts itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.stack.traffic import Traffic
from tests.support.servers import Servers

FILE = "app.log"


def started(folder: Path, settings: dict[str, Any]) -> Iterator[Servers]:
    logs = [{"service": "files", "files": [str(folder / FILE)]}]
    running = Servers(folder / "state", {"logs": logs, **settings})
    try:
        running.start("prometheus", "alertmanager", "loki", "jaeger", "collector")
        yield running
    finally:
        running.close()


def traffic(servers: Servers) -> Traffic:
    return Traffic(servers.url("otlp_http"), servers.state.folder.parent / FILE)


def must_have_arrived(sent: Traffic, servers: Servers) -> None:
    sent.must_all_be_there(servers.url("loki"), servers.url("jaeger"))
