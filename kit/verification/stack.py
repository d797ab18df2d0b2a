"""What verification asks of the running servers, each question one method, each answer from a server's own API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

import httpx
import yaml

from kit.settings import Settings
from kit.settings.durations import seconds

_SECONDS_ON_THE_WAY = 10.0


class Firing(NamedTuple):
    name: str
    severity: str
    service: str
    """Empty for what is about no single one."""


@dataclass(frozen=True)
class Notification:
    """One alert as the receiver got it."""

    alertname: str
    status: Literal["firing", "resolved"]
    service: str
    summary: str
    received_at: float


@dataclass(frozen=True)
class Trace:
    """A stored trace: how many spans it has, of which services, and every tag value by key.

    failed_requests_of: the services that answered a request of it with an error.
    """

    trace_id: str
    spans: int
    services: frozenset[str]
    tags: dict[str, set[str]]
    failed_requests_of: frozenset[str]


@dataclass(frozen=True)
class LogLine:
    """One stored log line with its labels and structured metadata."""

    text: str
    fields: dict[str, str]


@dataclass(frozen=True)
class Timing:
    """What the servers add to the time until an alert is notified, all in seconds.

    holds: `for` and the interval of its rule group, by alert and severity.
    """

    scrape: float
    evaluation: float
    group_wait: float
    holds: dict[tuple[str, str], tuple[float, float]]

    def bound(self, alert: str, severity: str, window: float) -> float:
        """When the notification must have arrived, in seconds after what is wrong began; window is the signal's own.

        Raises KeyError for an alert that there is not.
        """
        hold, interval = self.holds[alert, severity]
        # A scrape, the rules that record it and stand on each other, the alert's own rule, the way to Alertmanager
        # and on to the receiver, for which a busy machine gets some seconds.
        return self.scrape + window + 2 * self.evaluation + interval + hold + self.group_wait + _SECONDS_ON_THE_WAY


class Stack:
    """The servers of a running stack, by its settings. Raises httpx.HTTPError where one does not answer."""

    def __init__(self, settings: Settings) -> None:
        host = "127.0.0.1" if settings.listen in ("0.0.0.0", "::") else settings.listen  # noqa: S104
        ports = settings.ports
        self.prometheus = f"http://{host}:{ports.prometheus}"
        self.alertmanager = f"http://{host}:{ports.alertmanager}"
        self.loki = f"http://{host}:{ports.loki}"
        self.jaeger = f"http://{host}:{ports.jaeger}"
        self.demo_api = f"http://{host}:{ports.demo_api}"
        self.notifications_receiver = f"http://{host}:{ports.demo_notifications}"
        self.dashboards = f"http://{host}:{ports.dashboards}"
        self._client = httpx.Client(timeout=10, trust_env=False)

    def ask_each(self) -> None:
        """Asks every server that a verification needs. Raises httpx.HTTPError at the first that does not."""
        ready = (
            f"{self.prometheus}/-/ready",
            f"{self.alertmanager}/-/ready",
            f"{self.loki}/ready",
            f"{self.jaeger}/api/services",
            f"{self.demo_api}/faults",
            f"{self.notifications_receiver}/notifications",
        )
        for url in ready:
            self._client.get(url).raise_for_status()

    @contextmanager
    def fault(self, name: str) -> Iterator[None]:
        """Switches a fault of the demo on for the block, and off again however the block ends."""
        self.set_fault(name, active=True)
        try:
            yield
        finally:
            self.set_fault(name, active=False)

    def set_fault(self, name: str, *, active: bool) -> None:
        self._client.put(f"{self.demo_api}/faults/{name}", json={"active": active}).raise_for_status()

    def value(self, query: str) -> float | None:
        """The first sample of an instant query, None where there is none."""
        answer = self._get(f"{self.prometheus}/api/v1/query", query=query)
        result = answer["data"]["result"]
        return float(result[0]["value"][1]) if result else None

    def alert_state(self, alertname: str, service: str) -> str | None:
        """pending, firing, or None."""
        answer = self._get(f"{self.prometheus}/api/v1/alerts")
        for alert in answer["data"]["alerts"]:
            labels = alert["labels"]
            if labels["alertname"] == alertname and labels.get("service") == service:
                return str(alert["state"])
        return None

    def firing(self) -> set[Firing]:
        """Every alert that fires."""
        answer = self._get(f"{self.prometheus}/api/v1/alerts")
        return {
            Firing(alert["labels"]["alertname"], alert["labels"]["severity"], alert["labels"].get("service", ""))
            for alert in answer["data"]["alerts"]
            if alert["state"] == "firing"
        }

    def timing(self) -> Timing:
        groups = self._get(f"{self.prometheus}/api/v1/rules")["data"]["groups"]
        config = yaml.safe_load(self._get(f"{self.alertmanager}/api/v2/status")["config"]["original"])
        own = yaml.safe_load(self._get(f"{self.prometheus}/api/v1/status/config")["data"]["yaml"])["global"]
        return Timing(
            scrape=seconds(own["scrape_interval"]),
            evaluation=seconds(own["evaluation_interval"]),
            group_wait=seconds(config["route"]["group_wait"]),
            holds={
                (rule["name"], rule["labels"]["severity"]): (rule["duration"], group["interval"])
                for group in groups
                for rule in group["rules"]
                if rule["type"] == "alerting"
            },
        )

    def told_since(self, since: float) -> list[tuple[str, str, float]]:
        """(alert, severity, when it arrived) of every notification of a firing alert since then."""
        received = self._get(f"{self.notifications_receiver}/notifications")
        return [
            (entry["alertname"], entry["labels"]["severity"], _seconds(entry["received_at"]))
            for entry in received
            if entry["status"] == "firing" and _seconds(entry["received_at"]) >= since
        ]

    def exemplar_traces(self, selector: str, start: float, end: float) -> list[str]:
        """The trace ids of the exemplars of a series, newest first. start, end: seconds since the epoch."""
        answer = self._get(f"{self.prometheus}/api/v1/query_exemplars", query=selector, start=start, end=end)
        exemplars = [exemplar for series in answer["data"] for exemplar in series["exemplars"]]
        exemplars.sort(key=lambda exemplar: float(exemplar["timestamp"]), reverse=True)
        return list(dict.fromkeys(exemplar["labels"]["trace_id"] for exemplar in exemplars))

    def trace(self, trace_id: str) -> Trace | None:
        response = self._client.get(f"{self.jaeger}/api/traces/{trace_id}")
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        found = response.raise_for_status().json()["data"]
        return _trace(found[0]) if found else None

    def logs(self, query: str, start: float, end: float, limit: int = 100) -> list[LogLine]:
        """The lines that a LogQL query selects, newest first. start, end: seconds since the epoch."""
        answer = self._get(
            f"{self.loki}/loki/api/v1/query_range", query=query, start=f"{start:.0f}", end=f"{end:.0f}", limit=limit
        )
        return [
            LogLine(text=line, fields=stream["stream"])
            for stream in answer["data"]["result"]
            for _, line, *_ in stream["values"]
        ]

    def notifications(self, alertname: str, service: str, since: float) -> list[Notification]:
        """What the demo's webhook receiver got about one alert since then, newest first."""
        received = self._get(f"{self.notifications_receiver}/notifications")
        notifications = [
            Notification(
                alertname=entry["alertname"],
                status=entry["status"],
                service=entry["labels"].get("service", ""),
                summary=entry["summary"],
                received_at=_seconds(entry["received_at"]),
            )
            for entry in received
        ]
        return [
            notification
            for notification in notifications
            if notification.alertname == alertname
            and notification.service == service
            and notification.received_at >= since
        ]

    def _get(self, url: str, **parameters: str | float) -> Any:
        return self._client.get(url, params=parameters).raise_for_status().json()


def _trace(answer: dict[str, Any]) -> Trace:
    service_of = {name: process["serviceName"] for name, process in answer["processes"].items()}
    tags: dict[str, set[str]] = {}
    failed_requests_of: set[str] = set()
    for span in answer["spans"]:
        own = {tag["key"]: str(tag["value"]) for tag in span["tags"]}
        for key, value in own.items():
            tags.setdefault(key, set()).add(value)
        # A caller's span fails with 404 too, where its server did nothing wrong.
        if own.get("span.kind") == "server" and own.get("error") == "True":
            failed_requests_of.add(service_of[span["processID"]])
    return Trace(
        trace_id=answer["traceID"],
        spans=len(answer["spans"]),
        services=frozenset(service_of.values()),
        tags=tags,
        failed_requests_of=frozenset(failed_requests_of),
    )


def _seconds(value: str | float) -> float:
    return value if isinstance(value, int | float) else datetime.fromisoformat(value).timestamp()
