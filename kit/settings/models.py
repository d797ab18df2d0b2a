"""The sections of signalfire.yaml, each setting with its default and what it accepts; receivers and ports stand beside.

The JSON schema in docs/ and the object that every jsonnet template gets are both made from these models. Durations are
texts as Prometheus writes them ("30d", "1m30s").
"""

import json
from collections.abc import Iterable
from functools import cache
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import Field, model_validator

from kit.paths import ROOT
from kit.settings.durations import seconds
from kit.settings.ports import Ports
from kit.settings.receivers import MuteTime, Receiver
from kit.settings.section import Section, listing, wrong
from kit.settings.values import (
    Address,
    Duration,
    DurationOrZero,
    FilePattern,
    IpAddress,
    LabelName,
    Name,
    Severity,
    UrlPath,
    checked_duration,
)


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

    interval: Duration = "5s"
    evaluation_interval: Duration = "5s"


class Tracing(Section):
    """Which traces are kept. Those with an error and the slow ones always are."""

    keep_ratio: float = Field(default=1.0, ge=0, le=1, description="Share of the other traces that is kept, 0 to 1.")
    slow: Duration = Field(default="1s", description="A trace that takes this long counts as slow.")
    decision_wait: Duration = Field(default="5s", description="How long to wait for a trace to be complete.")


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
    password_file: str | None = Field(default=None, description="A file that holds the user's password.")
    tls: bool = False

    @model_validator(mode="after")
    def _postgres_needs_a_user(self) -> Self:
        if self.kind == "postgres" and self.user is None:
            raise wrong(f"database {self.service!r} has no user", "add user: one with the role pg_monitor is enough")
        return self


class Budget(Section):
    """What may be spent on model providers, in US dollars."""

    name: Name
    day_usd: float | None = Field(default=None, gt=0)
    month_usd: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _some_amount(self) -> Self:
        if self.day_usd is None and self.month_usd is None:
            raise wrong(f"budget {self.name!r} has no amount", "add day_usd, month_usd or both")
        return self


class OwnMetric(Section):
    """A metric of your own, which applications declare from here: `signalfire.declare_metrics("signalfire.yaml")`."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    type: Literal["counter", "gauge", "histogram"]
    help: Annotated[str, Field(min_length=1, description="What is counted, in a sentence.")]
    labels: dict[str, list[str] | Annotated[int, Field(ge=1, le=1000)] | None] = Field(
        default={}, description="By name: the values allowed, or how many different ones there may be (100)."
    )
    buckets: list[float] = Field(default=[], description="Upper bounds of a histogram's buckets, growing.")

    @model_validator(mode="after")
    def _name_says_its_type(self) -> Self:
        if (self.type == "counter") != self.name.endswith("_total"):
            raise wrong(f"{self.name} is a {self.type}", "the names of counters end in _total, and no others")
        return self


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
        if self.target <= lowest:
            found = f"with a target of {self.target:g} the error budget cannot burn {fastest_burn()} times too fast"
            hint = f"the alert on that would never fire: write more than {lowest:.4f}, such as 0.95"
            raise wrong(found, hint, "target")
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


Threshold = float | dict[Severity, float | Literal[False]]


class ServiceOverride(Section):
    """What is different for one service."""

    threshold: Threshold | None = Field(default=None, description="As beside `services`.")
    enabled: bool = Field(default=True, description="false: this alert leaves the service alone.")


class AlertOverride(Section):
    """What you change of one alert. What is not written stays as it is."""

    threshold: Threshold | None = Field(
        default=None, description="For an alert of several severities, one each: {warning: 0.02, critical: off}."
    )
    services: dict[Name, ServiceOverride] | None = Field(default=None, description="Thresholds of single services.")
    for_: DurationOrZero | None = Field(default=None, alias="for")
    severity: Severity | None = None
    labels: dict[LabelName, str] | None = Field(
        default=None, description="More labels. `cooldown`: how long until an alert that goes on is notified again."
    )
    enabled: bool | None = None

    @model_validator(mode="after")
    def _cooldown_is_a_duration(self) -> Self:
        cooldown = (self.labels or {}).get("cooldown")
        if cooldown is not None:
            checked_duration(cooldown, "labels", "cooldown")
        return self


class Demo(Section):
    """The small ad platform that comes along to have something to look at."""

    enabled: bool = True
    requests_per_second: float = Field(default=8, gt=0, le=1000)


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
