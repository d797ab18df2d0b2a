"""Reads a usage by the table of dialects: the one place where its rows become numbers."""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from signalfire.llm.dialects import ROWS
from signalfire.llm.dialects.row import Also, Calls, Condition, Dialect, Queries, Told
from signalfire.llm.fields import Path, at, first, part, told
from signalfire.llm.names import provider_name
from signalfire.llm.usage import Usage

_PARTS = {"cache_read", "cache_write", "reasoning", "audio_input", "audio_output", "cache_write_1h", "web_searches"}
SEARCHED = "searched"  # under which what was searched for stands beside an answer's usage
_STEPS_OF_READING = {"input", "output", "total", "tool_input", "cache_write_5m"}


@dataclass(frozen=True, slots=True)
class Reader:
    """The dialects as one provider speaks them: a row for each shape, and where in its answers the usage may stand."""

    rows: tuple[Dialect, ...]
    usage_places: tuple[Path, ...]

    def find(self, answer: Any) -> Any:
        """The usage of an answer or a chunk of a stream, None where it has none."""
        unknown = None
        for place in self.usage_places:
            usage = at(answer, place)
            if usage is None:
                continue
            if self.row_of(usage, None) is not None:
                return usage
            if place and unknown is None:
                unknown = usage
        return unknown

    def searched(self, answer: Any) -> set[str]:
        """What an answer or a chunk of a stream says that the provider has searched for."""
        return {text for row in self.rows if row.queries is not None for text in searches(row.queries, answer)}

    def row_of(self, usage: Any, answer_type: object) -> Dialect | None:
        for row in self.rows:
            if (isinstance(answer_type, str) and answer_type in row.types) or any(
                at(usage, field) is not None for field in row.known_by
            ):
                return row
        return None


@functools.lru_cache(maxsize=200)
def reader_for(provider: str | None) -> Reader:
    """For a provider of which no row tells, each place in any row may be the right one."""
    name = provider_name(provider or "")
    own = [row for row in ROWS if name in row.providers]
    shapes = dict.fromkeys(row.shape for row in ROWS)
    rows = tuple(_joined([row for row in ROWS if row.shape == shape], name) for shape in shapes)
    places = dict.fromkeys(place for row in own or ROWS for place in (("usage",), *row.usage))
    return Reader(rows, (*(place for place in places if place != _HIDDEN), _HIDDEN))


_HIDDEN: Path = ("_hidden_params", "usage")  # LiteLLM's, whoever answered


def _joined(rows: list[Dialect], provider: str) -> Dialect:
    """Rows of one shape as one: the provider's own, else the first, with the places and conditions of all."""
    own = next((row for row in rows if provider in row.providers), rows[0])
    ordered = [own, *(row for row in rows if row is not own)]
    names = dict.fromkeys(name for row in ordered for name in row.places)
    places = {
        name: tuple(dict.fromkeys(place for row in ordered for place in row.places.get(name, ()))) for name in names
    }
    conditions: dict[str, Condition] = {}
    for condition in (condition for row in ordered for condition in row.conditions):
        conditions.setdefault(condition.kind, condition)
    return replace(own, places=places, conditions=tuple(conditions.values()))


def read_usages(reader: Reader, usage: Any, answer: Mapping[str, Any]) -> list[tuple[Usage, str | None]]:
    """What an answer used, and which model, where that is another one than the answer's.

    One for most answers, several where the provider charges steps of the answer one by one. `answer` has the fields
    beside the usage that matter.
    """
    row = reader.row_of(usage, answer.get("type"))
    if row is None:
        return []
    whole = read(row, usage, answer)
    steps = at(usage, row.iterations) if row.iterations else None
    if not isinstance(steps, list) or not steps:
        return [(whole, None)] if says_something(whole) else []
    read_steps = [(read(row, step, {}), _model(step)) for step in steps]
    told_steps = [
        (replace(step, conditions=whole.conditions), model) for step, model in read_steps if says_something(step)
    ]
    if not told_steps:
        return [(whole, None)] if says_something(whole) else []
    of_the_answer = Usage(web_searches=whole.web_searches, units=whole.units, cost=whole.cost)
    first_step, model = told_steps[0]
    told_steps[0] = (replace(first_step + of_the_answer, conditions=whole.conditions), model)
    return told_steps


def says_something(usage: Usage) -> bool:
    """Counts of nothing at all say nothing."""
    return bool(usage.input or usage.output or usage.units or usage.web_searches or usage.cost)


def _model(step: Any) -> str | None:
    model = part(step, "model")
    return model if isinstance(model, str) and model else None


def read(row: Dialect, usage: Any, answer: Mapping[str, Any]) -> Usage:
    """The numbers of one usage, with what the row leaves out of input and output added, so that they include all."""
    counts = {name: told(usage, places) for name, places in row.places.items()}
    counts["cache_write"] = _written(counts)
    stated = counts.get("input") or 0
    if row.input_is_billed and counts.get("cache_read"):
        counts["cache_read"] = min(counts["cache_read"] or 0, stated)
    taken = (counts.get("cache_read") or 0) + (counts["cache_write"] or 0)
    plain_input = stated + sum(counts.get(name) or 0 for name in row.added_to_input)
    if taken > plain_input:  # a gateway that leaves out the cached tokens, whatever the row says
        plain_input += taken
    output = _all_output(row, counts, plain_input)
    known = {name: number for name, number in counts.items() if name in _PARTS and number is not None}
    calls = dict(_hosted_calls(row.calls, answer))
    if row.queries is not None and answer.get(SEARCHED):
        calls[row.queries.unit] = len(answer[SEARCHED])
    known["web_searches"] = known.get("web_searches", 0) or calls.pop("web_searches", 0)
    units = {name: number for name, number in counts.items() if number and name not in _PARTS | _STEPS_OF_READING}
    units.update(_charged_also(row.also, units, answer))
    return Usage(
        input=plain_input,
        output=output,
        units=tuple((units | calls).items()),
        conditions=tuple(_conditions(row.conditions, usage, answer)),
        cost=None if row.told is None else _charged(row.told, usage),
        **known,
    )


def _written(counts: Mapping[str, int | None]) -> int | None:
    """All that was written to the cache. By how long it is kept it may be more than the number for all of it says."""
    by_lifetime = (counts.get("cache_write_5m") or 0) + (counts.get("cache_write_1h") or 0)
    written = counts.get("cache_write")
    return max(written or 0, by_lifetime) if by_lifetime else written


def _all_output(row: Dialect, counts: Mapping[str, int | None], all_input: int) -> int:
    stated, total, reasoning = counts.get("output") or 0, counts.get("total"), counts.get("reasoning") or 0
    if row.total_is_all and total:
        output = stated + max(total - all_input - stated, 0)
    else:
        output = stated + sum(counts.get(name) or 0 for name in row.added_to_output)
    return output + reasoning if reasoning > output else output  # a part cannot be more than the whole


def _hosted_calls(calls: tuple[Calls, ...], answer: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    entries = answer.get("output")
    if not isinstance(entries, list):
        return
    for kind in calls:
        charged = sum(
            part(entry, "type") == kind.entry and part(part(entry, "action"), "type") in kind.actions
            for entry in entries
        )
        if charged:
            yield kind.unit, charged


def searches(queries: Queries, answer: Any) -> set[str]:
    """The texts that were searched for, as one answer or a chunk of it names them."""
    candidates = part(answer, "candidates")
    if not isinstance(candidates, list | tuple):
        return set()
    named = (at(candidate, place) for candidate in candidates for place in queries.places)
    return {text for some in named if isinstance(some, list | tuple) for text in some if isinstance(text, str) and text}


def _charged_also(also: Also | None, units: Mapping[str, int], answer: Mapping[str, Any]) -> dict[str, int]:
    if also is None or also.unit not in units or not answer.get(also.marked_by):
        return {}
    return {also.also: units[also.unit]}


def _conditions(conditions: tuple[Condition, ...], usage: Any, answer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for condition in conditions:
        where = usage if condition.of_usage else answer
        found = (at(where, place) for place in condition.places)
        value = next((text for text in found if isinstance(text, str)), None)
        if value is None:
            continue
        if condition.values is not None:
            if value in condition.values:
                yield condition.values[value]
        elif value not in condition.as_usual:
            yield condition.kind, value


def _charged(row: Told, usage: Any) -> Decimal | None:
    charged = first(*(_dollars(at(usage, place)) for place in row.places))
    if charged is None:
        return None
    if row.added_if and at(usage, row.added_if) is True:
        added = first(*(_dollars(at(usage, place)) for place in row.added))
        return None if added is None else (charged + added) * row.unit
    return Decimal(charged) * row.unit


def _dollars(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    dollars = Decimal(str(value))  # the digits that the provider wrote
    return dollars if dollars.is_finite() and dollars >= 0 else None
