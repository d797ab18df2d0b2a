"""The settings of an application's own metrics.

`signalfire.declare_metrics` reads the same file in the application; a test holds the two to the same answers.
"""

import re
from functools import cache
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ModelWrapValidatorHandler, WrapValidator, model_validator

from kit.paths import ROOT
from kit.settings.document import shortened
from kit.settings.section import Section, wrong

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_SET_BY_PROMETHEUS = ("service", "env", "instance", "job", "le", "quantile")
_MOST_VALUES = 1000
_MOST_BUCKETS = 50


@cache
def catalogued() -> frozenset[str]:
    """The names of Signalfire's own metrics. Found by their place in a line: to parse all of it takes half a second."""
    text = (ROOT / "instrumentation" / "catalogue.yaml").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^ {6}([a-z0-9_]+):$", text[text.index("\ngroups:") :], re.MULTILINE))


def _metric_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        hint = "write small letters, digits and `_`, for example orders_total"
        raise wrong(f"{shortened(value)} cannot be the name of a metric", hint)
    if value in catalogued():
        hint = f"use signalfire.metrics.{value} in the application, or choose another name"
        raise wrong(f"{value} is a metric of Signalfire's own", hint)
    return value


def _help(value: str) -> str:
    if not value.strip():
        raise wrong("no help", "say in a sentence what is counted")
    return value


def _label_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        hint = "write small letters, digits and `_`, for example platform"
        raise wrong(f"{shortened(value)} cannot be the name of a label", hint)
    if value in _SET_BY_PROMETHEUS:
        raise wrong(f"the label {value} is set by Prometheus itself", "leave it out or name it otherwise")
    return value


def _label_bound(value: Any, accepted: ModelWrapValidatorHandler[Any]) -> Any:
    """Checked here, so that there is one error of what is neither a list nor a number."""
    is_number = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _MOST_VALUES
    is_list = isinstance(value, list) and bool(value) and all(isinstance(entry, str) for entry in value)
    if value is not None and not is_number and not is_list:
        hint = f"write the list of them, texts in quotes, or how many different ones there may be (1 to {_MOST_VALUES})"
        raise wrong(f"{shortened(value)} does not say which values the label may have", hint)
    return accepted(value)


class OwnMetric(Section):
    """A metric of your own, which applications declare from here: `signalfire.declare_metrics("signalfire.yaml")`."""

    name: Annotated[str, AfterValidator(_metric_name)]
    type: Literal["counter", "gauge", "histogram"]
    help: Annotated[str, Field(description="What is counted, in a sentence."), AfterValidator(_help)]
    labels: dict[
        Annotated[str, AfterValidator(_label_name)],
        Annotated[
            list[str] | Annotated[int, Field(ge=1, le=_MOST_VALUES)] | None,
            WrapValidator(_label_bound),
        ],
    ] = Field(default={}, description="By name: the values allowed, or how many different ones there may be (100).")
    buckets: list[float] = Field(default=[], description="Upper bounds of a histogram's buckets, growing.")

    @model_validator(mode="after")
    def _name_says_its_type(self) -> Self:
        if (self.type == "counter") != self.name.endswith("_total"):
            raise wrong(f"{self.name} is a {self.type}", "the names of counters end in _total, and no others")
        return self

    @model_validator(mode="after")
    def _buckets_grow(self) -> Self:
        grow = all(low < high for low, high in pairwise(self.buckets))
        if not grow or len(self.buckets) > _MOST_BUCKETS:
            hint = f"write at most {_MOST_BUCKETS} numbers, each greater than the last"
            raise wrong("these cannot be the bounds of buckets", hint, "buckets")
        return self
