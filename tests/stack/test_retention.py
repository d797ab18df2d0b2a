"""Data that is past its time goes, from disk too, and younger data stays."""

import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.support import http
from tests.support.http import get
from tests.support.servers import Servers, eventually, lines_in_loki, send_spans, span, trace_in_jaeger

pytestmark = pytest.mark.stack

DAY = 86400


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    running = Servers(tmp_path, {"retention": {"metrics": "36h", "logs": "2d", "traces": "30s"}})
    try:
        yield running
    finally:
        running.close()


def loki_with(**sections: dict[str, Any]) -> Callable[[dict[str, str]], None]:
    """Changes some values of Loki's configuration."""

    def adjust(files: dict[str, str]) -> None:
        config = yaml.safe_load(files["loki.yaml"])
        for section, values in sections.items():
            config[section] |= values
        files["loki.yaml"] = yaml.safe_dump(config)

    return adjust


def push(loki: str, service: str, moment: float) -> None:
    stream = {"stream": {"service_name": service}, "values": [[str(int(moment * 1e9)), f"a line of {service}"]]}
    http.post(f"{loki}/loki/api/v1/push", {"streams": [stream]})


def test_loki_takes_lines_of_every_age_that_it_keeps_in_any_order(servers: Servers) -> None:
    """As files of several days come that are read side by side."""
    loki, now = servers.url("loki"), time.time()
    servers.start("loki")
    moments = [now - hours * 3600 for hours in (0, 47, 4.9, 5.1, 24, 6.5, 30, 0.1, 12, 46, 3)]
    for moment in moments:
        push(loki, "shop", moment)
    stored = lines_in_loki(loki, '{service_name="shop"}', now - 2 * DAY)
    assert [line["time"] for line in stored] == sorted(int(moment * 1e9) for moment in moments)


def test_loki_deletes_old_chunks_and_keeps_young_ones(servers: Servers) -> None:
    loki, now = servers.url("loki"), time.time()
    # Lines that have grown old cannot be had by waiting: this once, Loki takes old ones.
    servers.start("loki", adjust=loki_with(limits_config={"reject_old_samples": False}))
    push(loki, "old", now - 4 * DAY)
    push(loki, "young", now - 1 * DAY)
    http.post(f"{loki}/flush")
    servers.stop("loki")  # which writes the index
    shutil.rmtree(servers.state.data / "loki" / "wal")  # as after hours, when all of it has long been in chunks
    folder = servers.state.data / "loki" / "chunks" / "fake"

    def chunks() -> int:
        return sum(file.is_file() for file in folder.rglob("*"))

    assert chunks() == 2

    hurry = {"compaction_interval": "2s", "retention_delete_delay": "1s", "apply_retention_interval": "2s"}
    servers.start("loki", adjust=loki_with(compactor=hurry))

    def services() -> set[str]:
        return {line["service_name"] for line in lines_in_loki(loki, '{service_name=~".+"}', now - 6 * DAY)}

    eventually(lambda: chunks() == 1, "only the young chunk's file is left", patience=180)
    eventually(lambda: services() == {"young"}, "only the young line is left")


def test_loki_refuses_what_is_already_past_its_time(servers: Servers) -> None:
    servers.start("loki")
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        push(servers.url("loki"), "old", time.time() - 3 * DAY)


def test_jaeger_forgets_old_traces(servers: Servers) -> None:
    servers.start("jaeger", "collector")
    trace, jaeger = secrets.token_hex(16), servers.url("jaeger")
    assert send_spans(servers.url("otlp_http"), [span(trace, secrets.token_hex(8))], "old")
    eventually(lambda: trace_in_jaeger(jaeger, trace), "the trace")
    eventually(lambda: not trace_in_jaeger(jaeger, trace), "the trace has gone")
    assert get(f"{jaeger}/api/traces/{trace}").status_code == 404


def test_prometheus_has_the_retention_of_the_settings(servers: Servers) -> None:
    servers.start("prometheus")
    info = get(f"{servers.url('prometheus')}/api/v1/status/runtimeinfo").json()["data"]
    assert info["storageRetention"] == "1d12h"
