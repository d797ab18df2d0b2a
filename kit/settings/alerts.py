"""The settings of changes to alerts, and what of them fits an alert that there is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, Literal, Self, get_args

import yaml
from pydantic import Field, ModelWrapValidatorHandler, WrapValidator, model_validator

from kit.paths import ROOT
from kit.settings.document import Fault, Location, dotted, shortened
from kit.settings.durations import seconds
from kit.settings.hints import as_number, did_you_mean, number_hint
from kit.settings.section import Section, listing, wrong
from kit.settings.values import DurationOrZero, LabelName, LabelValue, Name, Severity, checked_duration

_SEVERITIES = list(get_args(Severity))
_LARGEST = 1e13
_SMALLEST = 1e-9
_LONGEST_FOR = "31d"


def _checked_limit(value: Any, *at: str) -> None:
    """Raises PydanticCustomError for what cannot be a threshold."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    number = value if is_number else as_number(value)
    if number is not None and (not 0 <= number <= _LARGEST or 0 < number < _SMALLEST):
        found = f"{shortened(value)} cannot be a threshold"
        raise wrong(found, f"write 0, or a number from {_SMALLEST:.9f} to {_LARGEST:.0f}", *at)
    if not is_number:
        raise wrong(f"{_written(value)} is not a number", number_hint(value), *at)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return f"{str(value).lower()} (a yes/no value)"
    if isinstance(value, dict | list):
        return "a section" if isinstance(value, dict) else "a list"
    return shortened(value)


def _threshold(value: Any, accepted: ModelWrapValidatorHandler[Any]) -> Any:
    """Checked here, so that there is one error of what is neither a number nor numbers by severity."""
    if not isinstance(value, dict):
        if value is False:
            raise wrong("off is not a threshold", "write enabled: false beside it, or numbers by severity")
        _checked_limit(value)
        return accepted(value)
    if not value:
        raise wrong("no threshold", "write a number, or one by severity: {warning: 0.02}")
    for severity, limit in value.items():
        if severity not in _SEVERITIES:
            raise wrong(f"{severity!r} is no severity", did_you_mean(severity, _SEVERITIES), severity)
        if limit is not False:
            _checked_limit(limit, severity)
    return accepted(value)


Threshold = Annotated[float | dict[Severity, float | Literal[False]], WrapValidator(_threshold)]


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
    labels: dict[LabelName, LabelValue] | None = Field(
        default=None, description="More labels. `cooldown`: how long until an alert that goes on is notified again."
    )
    enabled: bool | None = None

    @model_validator(mode="after")
    def _holds_in_a_persons_time(self) -> Self:
        if self.for_ is not None and seconds(self.for_) > seconds(_LONGEST_FOR):
            raise wrong(
                f"{self.for_} is longer than anybody waits for an alert", f"write {_LONGEST_FOR} or less", "for"
            )
        return self

    @model_validator(mode="after")
    def _labels_that_notifications_read(self) -> Self:
        labels = self.labels or {}
        if "cooldown" in labels:
            checked_duration(labels["cooldown"], "labels", "cooldown")
        severity = labels.get("severity")
        if severity is not None and severity not in _SEVERITIES:
            found = f"{severity!r} is no severity: nobody would be told"
            raise wrong(found, did_you_mean(severity, _SEVERITIES), "labels", "severity")
        return self


@dataclass
class Shape:
    """What of an alert can be changed."""

    severities: list[str] = field(default_factory=list)
    is_about_a_service: bool = False
    tells_of_too_little: bool = False


@cache
def shapes() -> dict[str, Shape]:
    """Every alert that ships by its name, from the generated rules."""
    found: dict[str, Shape] = {}
    for file in sorted((ROOT / "prometheus" / "generated").glob("*alerts*.yaml")):
        rules = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        for rule in (rule for group in rules["groups"] for rule in group["rules"] if "alert" in rule):
            shape = found.setdefault(rule["alert"], Shape())
            shape.severities.append(rule["labels"]["severity"])
            # Of those about a service the links lead to its logs.
            compared = re.search(r" (<|>=?) ", rule["expr"])
            shape.tells_of_too_little = compared is not None and compared[1] == "<"
            shape.is_about_a_service = "logs_url" in rule["annotations"]
    return found


def misfits(overrides: dict[str, AlertOverride], scrape_interval: str) -> Iterator[tuple[Location, Fault]]:
    """Where a change does not fit its alert. The faults know no line."""
    known = shapes()
    for name, override in overrides.items():
        if name not in known:
            yield ("alerts", name), Fault(0, f"there is no alert {name!r}", did_you_mean(name, list(known)))
            continue
        for place, message, hint in _misfits_of(name, override, known[name]):
            at = ("alerts", name, *place)
            yield at, Fault(0, f"{dotted(at)}: {message}", hint)
    yield from _sleepy_watchdog(overrides.get("Watchdog"), scrape_interval)


_Misfit = tuple[tuple[str, ...], str, str]


def _misfits_of(name: str, override: AlertOverride, shape: Shape) -> Iterator[_Misfit]:
    several = len(shape.severities) > 1
    by_severity = f"threshold: {{{', '.join(f'{severity}: …' for severity in shape.severities)}}}"
    if several and override.threshold is not None and not isinstance(override.threshold, dict):
        yield ("threshold",), f"{name} has several severities", f"write {by_severity}"
    if several and override.severity is not None:
        hint = f"leave severity out; threshold: {{{shape.severities[0]}: off}} leaves one out"
        yield ("severity",), f"{name} has several severities, which cannot be changed", hint
    yield from _thresholds(("threshold",), override.threshold, name, shape, shape.severities)
    if isinstance(override.threshold, dict):
        off = {severity for severity, limit in override.threshold.items() if limit is False}
        if off.issuperset(shape.severities):
            yield ("threshold",), "all severities are off", "write enabled: false instead"
    if override.services and not shape.is_about_a_service:
        yield ("services",), f"{name} is not about a service", "leave services out"
    # Where its only severity is another one now, that is the one.
    severities = [override.severity] if override.severity and not several else shape.severities
    for service, own in (override.services or {}).items():
        yield from _thresholds(("services", service, "threshold"), own.threshold, name, shape, severities)


def _thresholds(
    at: tuple[str, ...],
    threshold: float | dict[Severity, float | Literal[False]] | None,
    name: str,
    shape: Shape,
    known: list[Any],
) -> Iterator[_Misfit]:
    limits = threshold if isinstance(threshold, dict) else {}
    for severity in limits:
        if severity not in known:
            yield (*at, severity), f"{name} has no severity {severity}", f"it has {listing(known)}"
    never = any(limit == 0 and limit is not False for limit in [threshold, *limits.values()])
    if shape.tells_of_too_little and never:
        yield at, f"nothing is less than 0: {name} would never fire", "write more, or leave it out by enabled: false"


_LONGEST_SLEEP = 300  # after so many seconds Prometheus takes its last sample for gone


def _sleepy_watchdog(override: AlertOverride | None, scrape_interval: str) -> Iterator[tuple[Location, Fault]]:
    """It is silent once the newest sample is older than its threshold: samples come every `scrape_interval`."""
    if override is None or override.threshold is None:
        return
    threshold = override.threshold
    limit = threshold.get("info") if isinstance(threshold, dict) else threshold
    least = 2 * seconds(scrape_interval)
    if not limit or least <= limit <= _LONGEST_SLEEP:
        return
    at: Location = ("alerts", "Watchdog", "threshold")
    found = f"{dotted(at)}: {limit:g} s is not how old a sample may be that is taken every {scrape_interval}"
    yield at, Fault(0, found, f"write {least:g} to {_LONGEST_SLEEP}")
