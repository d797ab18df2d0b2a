"""How well the watching itself works: a score, a status, and what to do about each thing that lowers it."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from prometheus_client import CollectorRegistry

from signalfire import settings
from signalfire.health import Report, Status
from signalfire.logs.setup import is_set_up
from signalfire.tracing.spans import current_tracer

WINDOW = 900.0  # seconds: what happened longer ago lowers the score no more
BEST = 100
HEALTHY_FROM, DEGRADED_FROM = 90, 60
_MOST_ABANDONED = 0.1  # share of the work that may be given up before it counts

INTERNAL_ERRORS = "signalfire_internal_errors_total"
SPANS_DROPPED = "signalfire_spans_dropped_total"
LINES_DROPPED = "signalfire_log_records_dropped_total"
FOLDED = "signalfire_label_values_folded_total"
COUNTERS = (INTERNAL_ERRORS, SPANS_DROPPED, LINES_DROPPED, FOLDED)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that lowers the score by `points`; `recommendation` says in words what to do about it."""

    what: str
    points: int
    recommendation: str


class Increases:
    """By how much counters have grown in the last 15 minutes, as far back as they were looked at."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, dict[str, float]]] = deque(maxlen=1000)
        self._lock = threading.Lock()

    def of(self, values: dict[str, float]) -> dict[str, float]:
        """Takes the counters' values of now. The first time, all that was counted since the start is an increase."""
        with self._lock:
            now = self._clock()
            while self._seen and now - self._seen[0][0] > WINDOW:
                self._seen.popleft()
            before = self._seen[0][1] if self._seen else {}
            if not self._seen:
                self._seen.append((now, {}))
            self._seen.append((now, values))
        return {name: value - before.get(name, 0.0) for name, value in values.items()}


def counted(registry: CollectorRegistry, names: Iterable[str]) -> dict[str, float]:
    """The counters' values, all label values together."""
    values = dict.fromkeys(names, 0.0)
    for family in registry.restricted_registry(list(values)).collect():
        for sample in family.samples:
            if sample.name in values:
                values[sample.name] += sample.value
    return values


def set_up_findings() -> list[Finding]:
    """What was not set up."""
    if settings.disabled():
        advice = "Remove SIGNALFIRE_DISABLED from the environment: with it nothing at all is recorded."
        return [Finding("watching is switched off", BEST, advice)]
    findings = []
    if current_tracer() is None:
        advice = "Call initialize() or setup_tracing() at the start, and unset OTEL_SDK_DISABLED, to get traces."
        findings.append(Finding("no traces are made", 20, advice))
    if not is_set_up():
        advice = "Call initialize() or setup_logging() at the start to get JSON log lines."
        findings.append(Finding("log lines are not written", 20, advice))
    return findings


def loss_findings(increase: dict[str, float]) -> list[Finding]:
    """What went wrong inside the library or got lost, by the counters' increase."""
    of_counters = (
        (
            INTERNAL_ERRORS,
            30,
            "errors inside of signalfire",
            "Look for 'signalfire's … failed' in the log: the first of each kind has its stack trace.",
        ),
        (
            SPANS_DROPPED,
            20,
            "spans lost",
            "Check that the collector answers at OTEL_EXPORTER_OTLP_ENDPOINT; if it does and the reason is queue_full, "
            "raise OTEL_BSP_MAX_QUEUE_SIZE.",
        ),
        (
            LINES_DROPPED,
            20,
            "log lines lost",
            "Check that stdout and the folder LOG_DIR can be written and that the disk is not full.",
        ),
        (
            FOLDED,
            10,
            "label values replaced by 'other'",
            "Give agents, tasks and tools names from a small set; no ids, user names or texts.",
        ),
    )
    return [
        Finding(f"{increase[name]:.0f} {what}", points, advice)
        for name, points, what, advice in of_counters
        if increase.get(name, 0) > 0
    ]


def work_findings(completed: int, abandoned: int, unknown: int) -> list[Finding]:
    """Work that was started and never completed, and completions of what nobody had started."""
    findings = []
    if abandoned > _MOST_ABANDONED * (completed + abandoned):
        advice = "Complete each id that a start_… call gives, also where the work fails: in a finally block."
        findings.append(Finding(f"{abandoned} pieces of work were never completed", 15, advice))
    if unknown:
        advice = "Complete each id once, in the process that started it."
        findings.append(Finding(f"{unknown} completions of unknown or completed ids", 5, advice))
    return findings


def check_findings(report: Report | None) -> list[Finding]:
    """Health checks of the application that fail."""
    if report is None:
        return []
    findings = []
    for name, result in report.results.items():
        if result.status is Status.HEALTHY:
            continue
        points = 30 if report.status is Status.UNHEALTHY else 10
        why = f" ({result.detail})" if result.detail else ""
        advice = f"Repair what the check {name} looks at{why}."
        findings.append(Finding(f"check {name} is {result.status.name.lower()}", points, advice))
    return findings


def summary(findings: list[Finding]) -> dict[str, Any]:
    """{"score": 0 to 100, "status": healthy, degraded or unhealthy, "findings": [...], "recommendations": [text]}."""
    score = max(0, BEST - sum(finding.points for finding in findings))
    status = "healthy" if score >= HEALTHY_FROM else "degraded" if score >= DEGRADED_FROM else "unhealthy"
    return {
        "score": score,
        "status": status,
        "findings": [asdict(finding) for finding in findings],
        "recommendations": [finding.recommendation for finding in findings],
    }
