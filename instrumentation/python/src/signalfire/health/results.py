"""What checks find, and the report of all of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from signalfire import masking, settings
from signalfire._internal.attributes import type_name
from signalfire._internal.json import printable
from signalfire.health.history import History

_MAX_DETAIL = 500


class Status(Enum):
    """What a check found; the value is the one of `service_health`."""

    HEALTHY = 1.0
    DEGRADED = 0.5
    UNHEALTHY = 0.0


@dataclass(frozen=True, slots=True)
class Finding:
    """A status and why, for a check that has more to say than yes or no."""

    status: Status
    detail: str = ""


Outcome = Finding | Status | bool | None
"""What a check may return: None and True are healthy, False is unhealthy."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one run of a check found; `detail` is masked."""

    status: Status
    seconds: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What one run of all checks found. `score` is from 0 to 100 (see `health_score`)."""

    component: str
    status: Status
    results: dict[str, Result]
    score: float = 100.0
    histories: Mapping[str, History] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        return self.status is not Status.UNHEALTHY

    def as_json(self, *, detailed: bool = False) -> dict[str, Any]:
        """The report as /health gives it; `detailed` adds the score, and to each check its history and trend."""
        version = settings.service_version()
        return {
            "status": self.status.name.lower(),
            "service": self.component,
            **({"version": version} if version else {}),
            **({"score": self.score} if detailed else {}),
            "checks": {
                name: {"status": result.status.name.lower(), "seconds": round(result.seconds, 6)}
                | ({"detail": result.detail} if result.detail else {})
                | (self.histories[name].as_json() if detailed and name in self.histories else {})
                for name, result in self.results.items()
            },
        }


def as_finding(outcome: Outcome) -> Finding:
    if isinstance(outcome, Finding):
        return outcome
    if isinstance(outcome, Status):
        return Finding(outcome)
    return Finding(Status.UNHEALTHY if outcome is False else Status.HEALTHY)


def failed(error: BaseException) -> Finding:
    """What a check has found that raised."""
    return Finding(Status.UNHEALTHY, f"{type_name(error)}: {printable(error)}")


def result_of(finding: Finding, seconds: float) -> Result:
    return Result(finding.status, seconds, masking.mask_text(finding.detail)[:_MAX_DETAIL])
