"""A fixed set of questions to the servers about a closed interval of the past, and whether two answers are the same.

An answer is a table of texts: what was asked about (a series and a moment, a service, a trace) and the value. Nothing
is rounded and no difference is tolerated: what lies in the past does not change.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from kit.settings import Settings
from kit.settings.durations import seconds
from kit.verification.stack import Stack

Answer = dict[str, str]
Answers = dict[str, Answer]
"""By question."""

# Nothing that is still on its way belongs to the interval: not a scrape, a rule's evaluation, or a line in a batch.
SETTLED_SECONDS = 60
_POINTS = 200
_STEP_SECONDS = 15
# Loki and Jaeger read what they count: the newest part of the interval is enough to see that the store is whole.
_LOGS_SECONDS = 24 * 3600
_TRACES_SECONDS = 120
_TRACES = 5000
_SILENCES_SECONDS = 24 * 3600
# Short of the retention's end, where old data disappears in between.
_SHARE_OF_RETENTION = 0.9

_PROMQL = (
    "up",
    "scrape_samples_scraped",
    "process_cpu_seconds_total",
    "node_memory_MemAvailable_bytes",
    "sum by (service, status) (http_requests_total)",
    "sum by (le) (http_request_duration_seconds_bucket)",
    '{__name__=~".+:.+:rate5m"}',
    "ALERTS",
)
_LOGQL = {
    "log lines by service": "sum by (service_name, level) (count_over_time({{service_name=~`.+`}}[{range}s]))",
    "bytes of log lines": "sum by (service_name, level) (bytes_over_time({{service_name=~`.+`}}[{range}s]))",
}


@dataclass(frozen=True)
class Interval:
    """Seconds since the epoch; both ends belong to it."""

    start: int
    end: int

    @property
    def step(self) -> int:
        return max(_STEP_SECONDS, (self.end - self.start) // _POINTS)

    def last(self, length: int) -> "Interval":
        return Interval(max(self.start, self.end - length), self.end)


@dataclass(frozen=True)
class Difference:
    question: str
    about: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        return f"{self.question}: {self.about}: {self.before or 'nothing'} → {self.after or 'nothing'}"


class Questions:
    """Raises httpx.HTTPError where a server does not answer."""

    def __init__(self, settings: Settings) -> None:
        self._retention = settings.retention
        self._stack = Stack(settings)
        self._client = httpx.Client(timeout=120, trust_env=False)

    def stored(self, now: float, settled: float = SETTLED_SECONDS) -> Interval | None:
        """What can be asked about: from the oldest sample until a minute ago. None where nothing is that old."""
        oldest = self._oldest_sample()
        if oldest is None:
            return None
        end = int(now - settled)
        start = max(int(oldest) + 1, end - int(_SHARE_OF_RETENTION * seconds(self._retention.metrics)))
        return Interval(start, end) if start < end else None

    def ask(self, interval: Interval, say: Callable[[str], None] = lambda _: None) -> Answers:
        answers: Answers = {}
        for question, answer in self._all(interval):
            say(question)
            answers[question] = answer
        return answers

    def _all(self, interval: Interval) -> Iterator[tuple[str, Answer]]:
        for query in _PROMQL:
            yield f"Prometheus, {query}", self._series(query, interval)
        logs = interval.last(_LOGS_SECONDS)
        for question, query in _LOGQL.items():
            yield f"Loki, {question}", self._log_counts(query.format(range=logs.end - logs.start), logs)
        traces = interval.last(_TRACES_SECONDS)
        for service in sorted(self._get(f"{self._stack.jaeger}/api/services")["data"] or []):
            yield f"Jaeger, spans by trace of {service}", self._traces(service, traces)
        yield "Alertmanager, silences", self._silences(interval)

    def _oldest_sample(self) -> float | None:
        """In seconds since the epoch; None before Prometheus' first scrape of itself."""
        answer = self._get(
            f"{self._stack.prometheus}/api/v1/query", query="min(prometheus_tsdb_lowest_timestamp_seconds)"
        )
        result = answer["data"]["result"]
        return float(result[0]["value"][1]) if result else None

    def _series(self, query: str, interval: Interval) -> Answer:
        answer = self._get(
            f"{self._stack.prometheus}/api/v1/query_range",
            query=query,
            start=interval.start,
            end=interval.end,
            step=interval.step,
        )
        return {
            f"{_labels(series['metric'])} at {moment}": value
            for series in answer["data"]["result"]
            for moment, value in series["values"]
        }

    def _log_counts(self, query: str, interval: Interval) -> Answer:
        answer = self._get(f"{self._stack.loki}/loki/api/v1/query", query=query, time=interval.end)
        return {_labels(series["metric"]): series["value"][1] for series in answer["data"]["result"]}

    def _traces(self, service: str, interval: Interval) -> Answer:
        answer = self._get(
            f"{self._stack.jaeger}/api/traces",
            service=service,
            start=interval.start * 1_000_000,
            end=interval.end * 1_000_000,
            limit=_TRACES,
        )
        return {trace["traceID"]: str(len(trace["spans"])) for trace in answer["data"] or []}

    def _silences(self, interval: Interval) -> Answer:
        """Those last changed in the interval or before, unless they ended so long ago that they may be forgotten."""
        kept = ("matchers", "startsAt", "endsAt", "createdBy", "comment")
        return {
            silence["id"]: ", ".join(f"{key}: {silence[key]}" for key in kept)
            for silence in self._get(f"{self._stack.alertmanager}/api/v2/silences")
            if _moment(silence["updatedAt"]) <= interval.end
            and _moment(silence["endsAt"]) > interval.end - _SILENCES_SECONDS
        }

    def _get(self, url: str, **parameters: str | int) -> Any:
        return self._client.get(url, params=parameters or None).raise_for_status().json()


def differences(before: Answers, after: Answers) -> list[Difference]:
    """Everything that is not the same, or is there on one side alone."""
    return [
        Difference(question, about, before.get(question, {}).get(about), after.get(question, {}).get(about))
        for question in before | after
        for about in before.get(question, {}) | after.get(question, {})
        if before.get(question, {}).get(about) != after.get(question, {}).get(about)
    ]


def values(answers: Answers) -> int:
    return sum(len(answer) for answer in answers.values())


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _labels(labels: dict[str, str]) -> str:
    """A series as PromQL writes it."""
    name = labels.get("__name__", "")
    rest = ", ".join(f'{key}="{value}"' for key, value in sorted(labels.items()) if key != "__name__")
    return f"{name}{{{rest}}}"
