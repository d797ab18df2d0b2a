"""What a row of the table of dialects says."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType

from signalfire.llm.fields import Path, paths

Places = Mapping[str, tuple[Path, ...]]
NOTHING: Places = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Condition:
    """A field of the answer or its usage on which the price depends, in genai-prices' words: (kind, value).

    The first of `places` that has a text counts. Where `values` is given, other texts change nothing; else all do but
    those that cost `as_usual`.
    """

    kind: str
    places: tuple[Path, ...]
    of_usage: bool = False
    as_usual: frozenset[str] = frozenset()
    values: Mapping[str, tuple[str, str]] | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What the provider charged, by its own account, in dollars: the sum of what stands at `places`, each times `unit`.

    Where the flag at `added_if` is set, what stands at `added` belongs to it.
    """

    places: tuple[Path, ...]
    unit: Decimal = Decimal(1)
    added_if: Path = ()
    added: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Calls:
    """What is charged by the call of a hosted tool: entries of the answer's `output`, counted as genai-prices' unit."""

    unit: str
    entry: str  # its type
    actions: frozenset[str | None] = frozenset({None})  # those that are charged; None is an entry without one


@dataclass(frozen=True, slots=True)
class Queries:
    """Searches that an answer names: the different texts in the lists at `places` of each of its candidates."""

    unit: str
    places: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Also:
    """What is charged as another unit, too, where the answer has the field `marked_by`."""

    unit: str
    also: str
    marked_by: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one provider reports what a call used."""

    name: str
    source: str
    shape: str
    places: Places
    known_by: tuple[Path, ...] = ()  # a usage that has any of these is of this shape
    types: frozenset[str] = frozenset()  # and so is that of an answer of such a type
    usage: tuple[Path, ...] = (("usage",),)  # where in an answer, or a chunk of a stream, the usage stands
    providers: frozenset[str] = frozenset()
    added_to_input: tuple[str, ...] = ()  # which numbers `input` leaves out
    added_to_output: tuple[str, ...] = ()  # which numbers `output` leaves out
    total_is_all: bool = True  # whether what is in `total` and neither in input nor output is output, too
    input_is_billed: bool = False  # whether `input` is what is billed, and its parts are those of a larger number
    iterations: Path = ()  # a list of usages that are charged one by one, in place of the whole
    conditions: tuple[Condition, ...] = ()
    told: Told | None = None
    calls: tuple[Calls, ...] = ()
    queries: Queries | None = None
    also: Also | None = None


def places(**texts: str) -> Places:
    """Number → where it may stand, paths divided by spaces."""
    return {name: paths(*text.split()) for name, text in texts.items()}


def like(row: Dialect, name: str, source: str, *providers: str, own: Places = NOTHING, **more: object) -> Dialect:
    """A row that has what another has, and its own places before."""
    names = (*row.places, *(name for name in own if name not in row.places))
    joined = {number: (*own.get(number, ()), *row.places.get(number, ())) for number in names}
    return replace(row, name=name, source=source, providers=frozenset(providers), places=joined, **more)  # type: ignore[arg-type]
