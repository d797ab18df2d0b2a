"""Every setting of signalfire.yaml, its default and what it accepts.

The JSON schema in docs/ and the object that every jsonnet template gets are both made from these models. Durations are
texts as Prometheus writes them ("30d", "1m30s").
"""

import ipaddress
import re
from collections.abc import Iterable
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Self, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from scripts.paths import ROOT

_DURATION = re.compile(r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?")
_UNIT_SECONDS = (365 * 86400, 7 * 86400, 86400, 3600, 60, 1, 0.001)

# The fastest burn that an alert waits for (prometheus/signals/objectives.libsonnet), in multiples of what is allowed.
FASTEST_BURN = 14.4


@cache
def http_bounds() -> tuple[float, ...]:
    """The upper bounds of the buckets of http_request_duration_seconds, in seconds."""
    text = (ROOT / "instrumentation" / "catalogue.yaml").read_text()
    # Only the section at its beginning: to parse all of it takes half a second.
    buckets = yaml.safe_load(text[text.index("\nbuckets:") : text.index("\ngroups:")])["buckets"]
    return tuple(buckets["http"])


def wrong(message: str, hint: str, *at: str | int) -> PydanticCustomError:
    """An error whose text says what is wrong and what to write instead; `at` leads to the culprit inside a section."""
    return PydanticCustomError("signalfire", "{message}; {hint}", {"message": message, "hint": hint, "at": at})


def seconds(duration: str) -> float:
    """The length of a Prometheus duration. Raises ValueError where it is none."""
    match = _DURATION.fullmatch(duration)
    if not match or not duration:
        raise ValueError(duration)
    return sum(int(number) * unit for number, unit in zip(match.groups(), _UNIT_SECONDS, strict=True) if number)


def _duration(value: str) -> str:
    try:
        length = seconds(value)
    except ValueError:
        raise wrong(f"{value!r} is not a duration", 'write for example "30s", "5m", "12h" or "15d"') from None
    if length <= 0:
        raise wrong("a duration of nothing", 'write for example "30s"')
    return value


def _duration_or_zero(value: str) -> str:
    return value if value in ("0s", "0m") else _duration(value)


def _name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", value):
        raise wrong(f"{value!r} cannot be a name", "use letters, digits, `-`, `_` and `.`, for example shop-api")
    return value


def _address(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if "//" in value or "/" in value:
        raise wrong(f"{value!r} is a URL or a path", "write host:port; scheme and metrics_path stand beside it")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise wrong(f"{value!r} is not host:port", "write for example 127.0.0.1:8080")
    return value


def _ip(value: str) -> str:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        hint = "write 127.0.0.1 (this machine alone) or 0.0.0.0 (everybody who can reach this machine)"
        raise wrong(f"{value!r} is not an IP address", hint) from None
    return value


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise wrong(f"{value!r} is not a URL", "write for example http://127.0.0.1:8080/alerts")
    return value


def _path_of_url(value: str) -> str:
    if not value.startswith("/"):
        raise wrong(f"{value!r} is not a path", "start it with a slash, for example /metrics")
    return value


def _channel(value: str) -> str:
    if not re.fullmatch(r"[#@]?[^\s#@{}]+", value):
        raise wrong(f"{value!r} is not a channel", 'write for example "#alerts", in quotes')
    return value


def _mail_address(value: str) -> str:
    if not re.fullmatch(r"[^\s@,<>{}]+@[^\s@,<>{}]+", value):
        raise wrong(f"{value!r} is not a mail address", "write for example on-call@example.com")
    return value


def _time_range(value: str) -> str:
    clock = r"([01]\d|2[0-3]):[0-5]\d"
    if not re.fullmatch(rf"{clock}-({clock}|24:00)", value) or value[:5] == value[6:]:
        raise wrong(f"{value!r} is not a range of times", 'write for example "22:00-07:00"')
    return value


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise wrong(f"{value!r} is not a time zone", "write for example Europe/Berlin or UTC") from None
    return value


Duration = Annotated[str, AfterValidator(_duration)]
DurationOrZero = Annotated[str, AfterValidator(_duration_or_zero)]
Name = Annotated[str, AfterValidator(_name)]
Address = Annotated[str, AfterValidator(_address)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Port = Annotated[int, Field(ge=1, le=65535)]
MailAddress = Annotated[str, AfterValidator(_mail_address)]
Severity = Literal["info", "warning", "error", "critical"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
RECEIVER_KINDS = ("webhook", "slack", "pagerduty", "email")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, validate_by_name=True, validate_by_alias=True)


class Ports(_Section):
    """Every port that something listens on. All must differ."""

    dashboards: Port = 3000
    prometheus: Port = 9090
    alertmanager: Port = 9093
    loki: Port = 3100
    loki_grpc: Port = 9095
    jaeger: Port = 16686
    jaeger_otlp: Port = 14317
    jaeger_health: Port = 13134
    jaeger_metrics: Port = 8889
    otlp_grpc: Port = Field(default=4317, description="Where applications send their telemetry (OTLP over gRPC).")
    otlp_http: Port = Field(default=4318, description="Where applications send their telemetry (OTLP over HTTP).")
    collector_health: Port = 13133
    collector_metrics: Port = 8888
    node_exporter: Port = 9100
    demo_api: Port = 8000
    demo_provider: Port = 8001
    demo_worker: Port = 8002
    demo_agents: Port = 8003
    demo_traffic: Port = 8004
    demo_notifications: Port = 8005

    @model_validator(mode="after")
    def _all_differ(self) -> Self:
        users: dict[int, list[str]] = {}
        for name, port in self:
            users.setdefault(port, []).append(name)
        for port, names in users.items():
            if len(names) > 1:
                written = [name for name in names if name in self.model_fields_set]
                raise wrong(f"{port} is the port of {_listing(names)}", "give each its own port", written[-1])
        return self


class Retention(_Section):
    """How long data is kept."""

    metrics: Duration = Field(default="31d", description="As long as the longest objective looks back.")
    logs: Duration = Field(default="30d", description="At least a day.")
    traces: Duration = "7d"

    @model_validator(mode="after")
    def _logs_at_least_a_day(self) -> Self:
        if seconds(self.logs) < 86400:
            raise wrong(f"{self.logs} is less than Loki can keep", "write 1d or more", "logs")
        return self


class Scrape(_Section):
    """How often Prometheus asks its targets and evaluates its rules."""

    interval: Duration = "5s"
    evaluation_interval: Duration = "5s"


class Tracing(_Section):
    """Which traces are kept. Those with an error and the slow ones always are."""

    keep_ratio: float = Field(default=1.0, ge=0, le=1, description="Share of the other traces that is kept, 0 to 1.")
    slow: Duration = Field(default="1s", description="A trace that takes this long counts as slow.")
    decision_wait: Duration = Field(default="5s", description="How long to wait for a trace to be complete.")


class Target(_Section):
    """A service of yours that Prometheus asks for its metrics."""

    service: Name
    addresses: list[Address] = Field(min_length=1, description="host:port of each instance.")
    metrics_path: Annotated[str, AfterValidator(_path_of_url)] = "/metrics"
    scheme: Literal["http", "https"] = "http"


class LogFiles(_Section):
    """Files with one JSON object a line, written by a service of yours."""

    service: Name
    files: list[str] = Field(min_length=1, description="Paths or patterns such as /var/log/shop/*.log.")


class Database(_Section):
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


class Budget(_Section):
    """What may be spent on model providers, in US dollars."""

    name: Name
    day_usd: float | None = Field(default=None, gt=0)
    month_usd: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _some_amount(self) -> Self:
        if self.day_usd is None and self.month_usd is None:
            raise wrong(f"budget {self.name!r} has no amount", "add day_usd, month_usd or both")
        return self


class OwnMetric(_Section):
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


class Objective(_Section):
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
        lowest = 1 - 1 / FASTEST_BURN
        if self.target <= lowest:
            found = f"with a target of {self.target:g} the error budget cannot burn {FASTEST_BURN} times too fast"
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


class ServiceOverride(_Section):
    """What is different for one service."""

    threshold: Threshold | None = Field(default=None, description="As beside `services`.")
    enabled: bool = Field(default=True, description="false: this alert leaves the service alone.")


class AlertOverride(_Section):
    """What you change of one alert. What is not written stays as it is."""

    threshold: Threshold | None = Field(
        default=None, description="For an alert of several severities, one each: {warning: 0.02, critical: off}."
    )
    services: dict[Name, ServiceOverride] | None = Field(default=None, description="Thresholds of single services.")
    for_: DurationOrZero | None = Field(default=None, alias="for")
    severity: Severity | None = None
    labels: dict[str, str] | None = None
    enabled: bool | None = None


class _Secretive(_Section):
    """A section with one secret: the contents of the file `<hidden>_file` or of the variable `<hidden>_env`."""

    hidden: ClassVar[str]
    hidden_is: ClassVar[str]
    """In words, for errors."""
    one_of: ClassVar[tuple[str, ...]]
    """The fields of which exactly one is to be given."""

    @property
    def secret_file(self) -> str | None:
        return cast("str | None", getattr(self, f"{self.hidden}_file"))

    @property
    def secret_env(self) -> str | None:
        return cast("str | None", getattr(self, f"{self.hidden}_env"))

    @property
    def _given(self) -> list[str]:
        return [name for name in self.one_of if getattr(self, name) is not None]

    @model_validator(mode="after")
    def _secret_is_given(self) -> Self:
        self._check_given()
        return self

    def _check_given(self) -> None:
        if len(self._given) != 1:
            found = f"{_listing(self._given)} are all given" if self._given else f"no {self.hidden_is}"
            raise wrong(found, f"write exactly one of {_listing(list(self.one_of))}")


class Webhook(_Secretive):
    """Where notifications are posted as Alertmanager's JSON. Exactly one of the three."""

    hidden = "url"
    hidden_is = "address"
    one_of = ("url", "url_file", "url_env")

    url: HttpUrl | None = Field(default=None, description="Only where the address itself is no secret.")
    url_file: str | None = Field(default=None, description="A file that holds the address.")
    url_env: str | None = Field(default=None, description="An environment variable that holds the address.")
    watchdog: bool = Field(
        default=False,
        description="true: it gets the Watchdog every minute and nothing else, and raises the alarm when that stops.",
    )


class Slack(_Secretive):
    """A channel of Slack, by an incoming webhook. Its address is a secret."""

    hidden = "api_url"
    hidden_is = "address of the webhook"
    one_of = ("api_url_file", "api_url_env")

    api_url_file: str | None = Field(default=None, description="A file that holds the webhook's address.")
    api_url_env: str | None = Field(default=None, description="An environment variable that holds it.")
    channel: Annotated[str, AfterValidator(_channel)] | None = Field(
        default=None, description="Where the webhook may choose it: #name, @name or an id."
    )


class PagerDuty(_Secretive):
    """A service of PagerDuty, by its integration key of the Events API v2."""

    hidden = "routing_key"
    hidden_is = "routing key"
    one_of = ("routing_key_file", "routing_key_env")

    routing_key_file: str | None = Field(default=None, description="A file that holds the integration key.")
    routing_key_env: str | None = Field(default=None, description="An environment variable that holds it.")
    url: HttpUrl = Field(
        default="https://events.pagerduty.com/v2/enqueue",
        description="Accounts of the EU have https://events.eu.pagerduty.com/v2/enqueue.",
    )


class Email(_Secretive):
    """Mail by a server of yours."""

    hidden = "password"
    hidden_is = "password"
    one_of = ("password_file", "password_env")

    smarthost: Address = Field(description="host:port of the mail server.")
    from_: MailAddress = Field(alias="from")
    to: list[MailAddress] = Field(min_length=1)
    user: str | None = None
    password_file: str | None = Field(default=None, description="A file that holds the user's password.")
    password_env: str | None = Field(default=None, description="An environment variable that holds it.")
    require_tls: bool = Field(default=True, description="false: also unencrypted. Only for a server on this machine.")
    ca_file: str | None = Field(
        default=None, description="Certificates to trust, where an authority of your own has signed the server's."
    )

    def _check_given(self) -> None:
        """A user needs a password, and a password a user."""
        if self.user is not None:
            super()._check_given()
        elif self._given:
            raise wrong(f"{_listing(self._given)} without a user", "add user, or leave the password out")


class MuteTime(_Section):
    """Times at which a receiver that names them gets nothing."""

    name: Name
    times: list[Annotated[str, AfterValidator(_time_range)]] = Field(
        default=[], description='"22:00-07:00"; it may go over midnight. None: the whole day.'
    )
    weekdays: list[Weekday] = Field(default=[], description="On which it begins. None: on each.")
    time_zone: Annotated[str, AfterValidator(_time_zone)] = "UTC"

    @model_validator(mode="after")
    def _not_always(self) -> Self:
        if not self.times and not self.weekdays:
            raise wrong(f"{self.name!r} names no time", 'add times: ["22:00-07:00"], weekdays: [saturday], or both')
        return self


class Receiver(_Section):
    """Somebody who gets notifications, by exactly one way, and which."""

    name: Name
    webhook: Webhook | None = None
    slack: Slack | None = None
    pagerduty: PagerDuty | None = None
    email: Email | None = None
    severities: list[Severity] | None = Field(
        default=None,
        min_length=1,
        description="pagerduty: critical; slack and webhook: warning, error, critical; email: info, once a day.",
    )
    teams: list[Name] = Field(default=[], description="Only alerts with one of these in their label `team`.")
    mute: list[Name] = Field(default=[], description="When it gets nothing: names of entries of `mute`.")
    fallback: bool = Field(default=False, description="It gets what no other receiver takes.")
    pipeline: bool = Field(default=False, description="It gets alerts about notifications that do not arrive.")

    @model_validator(mode="after")
    def _exactly_one_way(self) -> Self:
        given = [kind for kind in RECEIVER_KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            found = f"{_listing(given)} are all given" if given else "no way to reach it"
            raise wrong(found, f"write exactly one of {_listing(list(RECEIVER_KINDS))}")
        return self

    @model_validator(mode="after")
    def _watchdog_alone(self) -> Self:
        others = [name for name in ("severities", "teams", "mute", "fallback", "pipeline") if getattr(self, name)]
        if self.webhook is not None and self.webhook.watchdog and others:
            found = f"{_listing(others)} of a receiver that gets the Watchdog and nothing else"
            raise wrong(found, f"leave {_listing(others)} out, or add another receiver for other alerts", others[0])
        return self

    @property
    def kind(self) -> str:
        """One of RECEIVER_KINDS."""
        return next(kind for kind in RECEIVER_KINDS if getattr(self, kind) is not None)

    @property
    def way(self) -> Webhook | Slack | PagerDuty | Email:
        """The section of its kind."""
        return cast("Webhook | Slack | PagerDuty | Email", getattr(self, self.kind))


class Demo(_Section):
    """The small ad platform that comes along to have something to look at."""

    enabled: bool = True
    requests_per_second: float = Field(default=8, gt=0, le=1000)


class Settings(_Section):
    """The settings of signalfire.yaml. Everything has a default: an empty file is a working one."""

    env: Name = Field(default="dev", description="The label `env` of everything this stack sees.")
    listen: Annotated[str, AfterValidator(_ip)] = Field(
        default="127.0.0.1", description="The address on which pages and intakes listen. Nothing asks for a password."
    )
    ports: Ports = Ports()
    retention: Retention = Retention()
    scrape: Scrape = Scrape()
    tracing: Tracing = Tracing()
    targets: list[Target] = []
    logs: list[LogFiles] = []
    databases: list[Database] = []
    budgets: list[Budget] = [Budget(name="total", day_usd=25.0, month_usd=500.0)]
    metrics: list[OwnMetric] = []
    objectives: list[Objective] = [
        Objective(name="availability", target=0.99),
        Objective(name="latency", kind="latency", target=0.95, latency_seconds=1.0),
    ]
    alerts: dict[str, AlertOverride] = Field(default={}, description="Changes to alerts, by the alert's name.")
    receivers: list[Receiver] = []
    mute: list[MuteTime] = []
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
                    hint = f"name one of {_listing(known)}" if known else "add it below `mute:`"
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


def _listing(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
