"""Writes down which metrics the servers of the stack really have, for the tests of what rules and dashboards ask for:

    python -m tests.unit.mixin.record http://127.0.0.1:9090 http://127.0.0.1:4318 http://127.0.0.1:3100

Prometheus, the collector (OTLP over HTTP) and Loki of a running stack. It first makes the collector and Loki count what
they count only when something goes wrong. A line of recorded/<service>.txt is `name{label,label} type`.
"""

import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import httpx

RECORDED = Path(__file__).parent / "recorded"
SERVICES = ("prometheus", "alertmanager", "loki", "jaeger", "collector", "dashboards", "node_exporter")
_SECONDS_TO_COUNT = 60
_OLD = 1_000_000_000  # seconds since 1970: older than anything that Loki keeps
_MORE_THAN_A_LABEL_HOLDS = "x" * 5000


def main(prometheus: str, collector: str, loki: str) -> None:
    _provoke(collector, loki)
    time.sleep(_SECONDS_TO_COUNT)
    for service in SERVICES:
        lines = _recorded(prometheus, service)
        (RECORDED / f"{service}.txt").write_text("".join(f"{line}\n" for line in lines))


def _provoke(collector: str, loki: str) -> None:
    """A line that Loki rejects, one that the collector cannot deliver for good, and a pushed metric."""
    stale = {"streams": [{"stream": {"service_name": "recorder"}, "values": [[f"{_OLD}000000000", "stale"]]}]}
    httpx.post(f"{loki}/loki/api/v1/push", json=stale, trust_env=False)
    now = str(time.time_ns())
    resource = {"attributes": [_attribute("service.name", "recorder"), _attribute("env", _MORE_THAN_A_LABEL_HOLDS)]}
    record = {"timeUnixNano": now, "body": {"stringValue": "in no stream"}}
    logs = {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]}
    httpx.post(f"{collector}/v1/logs", json=logs, trust_env=False).raise_for_status()
    pushed = {"name": "recorder_pushed", "gauge": {"dataPoints": [{"timeUnixNano": now, "asDouble": 1}]}}
    resource = {"attributes": [_attribute("service.name", "recorder")]}
    metrics = {"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": [pushed]}]}]}
    httpx.post(f"{collector}/v1/metrics", json=metrics, trust_env=False).raise_for_status()


def _attribute(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": {"stringValue": value}}


def _recorded(prometheus: str, service: str) -> list[str]:
    """Each metric of a service with its labels, without those that come from the target."""
    labels: defaultdict[str, set[str]] = defaultdict(set)
    for series in _ask(
        prometheus, "series", {"match[]": f'{{service="{service}",job!=""}}', "start": time.time() - 60}
    ):
        labels[series["__name__"]] |= set(series) - {"__name__", "env", "service", "instance", "job"}
    types = {name: entries[0]["type"] for name, entries in _ask(prometheus, "metadata", {}).items()}
    return [f"{name}{{{','.join(sorted(found))}}} {_type(name, types)}" for name, found in sorted(labels.items())]


def _type(name: str, types: dict[str, str]) -> str:
    family = next((name.removesuffix(end) for end in ("_bucket", "_sum", "_count") if name.endswith(end)), name)
    return types.get(name) or types.get(family) or "gauge"  # the rest is what Prometheus adds to a scrape


def _ask(prometheus: str, path: str, parameters: dict[str, Any]) -> Any:
    answer = httpx.get(f"{prometheus}/api/v1/{path}", params=parameters, trust_env=False, timeout=30)
    return answer.raise_for_status().json()["data"]


if __name__ == "__main__":
    main(*sys.argv[1:])
