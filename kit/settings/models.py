"""The sections of signalfire.yaml, each setting with its default and what it accepts; the longer ones stand beside.

The JSON schema in docs/ and the object that every jsonnet template gets are both made from these models. Durations are
texts as Prometheus writes them ("30d", "1m30s").
"""

import json
from collections.abc import Iterable
from functools import cache
from typing import Any, Literal, Self

import yaml
from pydantic import Field, model_validator

from kit import processes
from kit.paths import ROOT
from kit.settings.alerts import AlertOverride
from kit.settings.durations import seconds
from kit.settings.own_metrics import OwnMetric
from kit.settings.ports import Ports
from kit.settings.receivers import MuteTime, Receiver
from kit.settings.section import Section, listing, wrong
from kit.settings.values import Address, Duration, FilePath, FilePattern, Interval, IpAddress, Name, UrlPath


@cache
def http_bounds() -> tuple[float, ...]:
    """The upper bounds of the buckets of http_request_duration_seconds, in seconds."""
    text = (ROOT / "instrumentation" / "catalogue.yaml").read_text()
    # Only the section at its beginning: to parse all of it takes half a second.
    buckets = yaml.safe_load(text[text.index("\nbuckets:") : text.index("\ngroups:")])["buckets"]
    return tuple(buckets["http"])


@cache
def fastest_burn() -> float:
    """The fastest burn of an error budget that an alert waits for, in multiples of what is allowed."""
    burns = json.loads((ROOT / "prometheus" / "signals" / "burn_rates.json").read_text())
    factors: list[float] = [pair["factor"] for urgency in burns.values() for pair in urgency]
    return max(factors)


class Retention(Section):
    """How long data is kept."""

    metrics: Duration = Field(default="31d", description="As long as the longest objective looks back.")
    logs: Duration = Field(default="30d", description="At least a day.")
    traces: Duration = "7d"

    @model_validator(mode="after")
    def _logs_at_least_a_day(self) -> Self:
        if seconds(self.logs) < 86400:
            raise wrong(f"{self.logs} is less than Loki can keep", "write 1d or more", "logs")
        return self


class Scrape(Section):
    """How often Prometheus asks its targets and evaluates its rules."""

    interval: Interval = "5s"
    evaluation_interval: Interval = "5s"


_LONGEST_WAIT = "1h"


class Tracing(Section):
    """Which traces are kept. Those with an error and the slow ones always are."""

    keep_ratio: float = Field(default=1.0, ge=0, le=1, description="Share of the other traces that is kept, 0 to 1.")
    slow: Duration = Field(default="1s", description="A trace that takes this long counts as slow.")
    decision_wait: Duration = Field(default="5s", description="How long to wait for a trace to be complete.")

    @model_validator(mode="after")
    def _waits_in_memory(self) -> Self:
        if seconds(self.decision_wait) > seconds(_LONGEST_WAIT):
            found = f"{self.decision_wait} is longer than the collector can hold traces in memory"
            raise wrong(found, f"write {_LONGEST_WAIT} or less", "decision_wait")
        return self


class Target(Section):
    """A service of yours that Prometheus asks for its metrics."""

    service: Name
    addresses: list[Address] = Field(min_length=1, description="host:port of each instance.")
    metrics_path: UrlPath = "/metrics"
    scheme: Literal["http", "https"] = "http"


class LogFiles(Section):
    """Files with one JSON object a line, written by a service of yours."""

    service: Name
    files: list[FilePattern] = Field(min_length=1, description="Paths or patterns such as /var/log/shop/*.log.")


class Database(Section):
    """A database to watch, by the exporter for its kind."""

    service: Name
    kind: Literal["redis", "postgres"]
    address: Address = Field(description="host:port of the database.")
    database: Name = Field(default="postgres", description="The database to connect to; PostgreSQL only.")
    user: Name | None = None
    password_file: FilePath | None = Field(default=None, description="A file that holds the user's password.")
    tls: bool = False

    @model_validator(mode="after")
    def _postgres_needs_a_user(self) -> Self:
        if self.kind == "postgres" and self.user is None:
            raise wrong(f"database {self.service!r} has no user", "add user: one with the role pg_monitor is enough")
        return self


_MOST_USD = 1e12


class Budget(Section):
    """What may be spent on model providers, in US dollars."""

    name: Name
    day_usd: float | None = Field(default=None, gt=0, le=_MOST_USD)
    month_usd: float | None = Field(default=None, gt=0, le=_MOST_USD)

    @model_validator(mode="after")
    def _some_amount(self) -> Self:
        if self.day_usd is None and self.month_usd is None:
            raise wrong(f"budget {self.name!r} has no amount", "add day_usd, month_usd or both")
        return self


_HIGHEST_TARGET = 0.9999999  # Prometheus would have to tell 1 - target from 0
_SHORTEST_WINDOW = "1h"


class Objective(Section):
    """A service level objective: the share of good requests over a window."""

    name: Name
    kind: Literal["availability", "latency"] = Field(
        default="availability", description="Good is what did not fail (5xx), or what was answered fast enough."
    )
    target: float = Field(gt=0, lt=1, description="Share of good requests, for example 0.99.")
    window: Duration = "30d"
    latency_seconds: float | None = Field(
        default=None, description="For kind latency: what is fast enough; a bound of the histogram's buckets."
    )
    services: list[Name] = Field(default=[], description="Only these services; without any, all.")

    @model_validator(mode="after")
    def _can_burn(self) -> Self:
        lowest = 1 - 1 / fastest_burn()
        if self.target > _HIGHEST_TARGET:
            found = f"{self.target!r} leaves nothing that may fail"
            raise wrong(found, f"write {_HIGHEST_TARGET} or less, such as 0.9999", "target")
        if self.target <= lowest:
            found = f"with a target of {self.target:g} the error budget cannot burn {fastest_burn()} times too fast"
            hint = f"the alert on that would never fire: write more than {lowest:.4f}, such as 0.95"
            raise wrong(found, hint, "target")
        return self

    @model_validator(mode="after")
    def _window_holds_samples(self) -> Self:
        if seconds(self.window) < seconds(_SHORTEST_WINDOW):
            found = f"{self.window} is too short: requests are added up every 5 minutes"
            raise wrong(found, f"write {_SHORTEST_WINDOW} or more", "window")
        return self

    @model_validator(mode="after")
    def _latency_is_a_bound(self) -> Self:
        bounds = ", ".join(f"{bound:g}" for bound in http_bounds())
        if self.kind == "availability" and self.latency_seconds is not None:
            raise wrong(
                "latency_seconds is for kind latency", "write kind: latency, or leave it out", "latency_seconds"
            )
        if self.kind == "latency" and self.latency_seconds is None:
            raise wrong(f"objective {self.name!r} does not say what is fast", f"add latency_seconds, one of {bounds}")
        if self.latency_seconds is not None and self.latency_seconds not in http_bounds():
            found = f"no bucket of the latency histogram ends at {self.latency_seconds:g} s"
            raise wrong(found, f"write one of {bounds}", "latency_seconds")
        return self


_LEAST_REQUESTS = 0.001


class Demo(Section):
    """The small ad platform that comes along to have something to look at."""

    enabled: bool = True
    requests_per_second: float = Field(default=8, gt=0, le=1000)

    @model_validator(mode="after")
    def _some_requests(self) -> Self:
        if self.requests_per_second < _LEAST_REQUESTS:
            hint = f"write {_LEAST_REQUESTS} or more, or enabled: false"
            raise wrong(f"{self.requests_per_second:g} is hardly a request", hint, "requests_per_second")
        return self


class Settings(Section):
    """The settings of signalfire.yaml. Everything has a default: an empty file is a working one."""

    env: Name = Field(default="dev", description="The label `env` of everything this stack sees.")
    listen: IpAddress = Field(
        default="127.0.0.1", description="The address on which pages and intakes listen. Nothing asks for a password."
    )
    ports: Ports = Ports()
    retention: Retention = Retention()
    scrape: Scrape = Scrape()
    tracing: Tracing = Tracing()
    targets: list[Target] = Field(default=[])
    logs: list[LogFiles] = Field(default=[])
    databases: list[Database] = Field(default=[])
    budgets: list[Budget] = Field(default=[Budget(name="total", day_usd=25.0, month_usd=500.0)])
    metrics: list[OwnMetric] = Field(default=[])
    objectives: list[Objective] = Field(
        default=[
            Objective(name="availability", target=0.99),
            Objective(name="latency", kind="latency", target=0.95, latency_seconds=1.0),
        ]
    )
    alerts: dict[str, AlertOverride] = Field(default={}, description="Changes to alerts, by the alert's name.")
    receivers: list[Receiver] = Field(default=[])
    mute: list[MuteTime] = Field(default=[])
    demo: Demo = Demo()

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        _unique("databases", "service", (database.service for database in self.databases))
        _unique("budgets", "name", (budget.name for budget in self.budgets))
        _unique("metrics", "name", (metric.name for metric in self.metrics))
        _unique("objectives", "name", (objective.name for objective in self.objectives))
        _unique("receivers", "name", (receiver.name for receiver in self.receivers))
        _unique("mute", "name", (mute.name for mute in self.mute))
        return self

    @model_validator(mode="after")
    def _names_are_not_the_demos(self) -> Self:
        taken = {processes.receiver_of(process.name) for process in processes.demo() if process.webhook}
        for index, receiver in enumerate(self.receivers):
            if receiver.name in taken:
                hint = "give it another name"
                raise wrong(f"{receiver.name} is a receiver of the demo", hint, "receivers", index, "name")
        return self

    @model_validator(mode="after")
    def _mute_times_exist(self) -> Self:
        known = [mute.name for mute in self.mute]
        for index, receiver in enumerate(self.receivers):
            for place, name in enumerate(receiver.mute):
                if name not in known:
                    hint = f"name one of {listing(known)}" if known else "add it below `mute:`"
                    raise wrong(f"there is no mute time {name!r}", hint, "receivers", index, "mute", place)
        return self

    def for_templates(self) -> dict[str, Any]:
        """The object `settings` that every jsonnet template gets: every key present, alerts as the user wrote them."""
        data: dict[str, Any] = self.model_dump(mode="json", by_alias=True)
        data["alerts"] = {
            name: override.model_dump(mode="json", by_alias=True, exclude_unset=True)
            for name, override in self.alerts.items()
        }
        return data


def _unique(section: str, key: str, values: Iterable[str]) -> None:
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            hint = "give each its own, or join them into one"
            raise wrong(f"{value!r} is the {key} of two entries", hint, section, index, key)
        seen.add(value)
