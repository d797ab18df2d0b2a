"""One model call in the ledger: an object of JSON on a line of its own.

    {"timestamp":"2026-03-01T12:00:00.000000Z","operation":"ad_copy","provider":"openai","model":"gpt-6-luna",
     "input_tokens":1000,"output_tokens":200,"cost_usd":"0.0002","writer":"5f0c…"}

`cost_usd` is text, so that no reader rounds it, and null where the model has no price. `cache_read_tokens` and
`cache_write_tokens` (both part of the input) and `reasoning_tokens` (part of the output) are left out where the
provider did not tell them. `writer` is random, one for each tracker in a process.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from signalfire.costs.money import Picodollars, from_text, to_text
from signalfire.llm.names import MAX_NAME

_MAX_TOKENS = 2**53  # what JSON readers take without loss
_START = b'{"timestamp":"'
_NEXT_START = re.compile(rb"(?=" + re.escape(_START) + rb")")
_TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_DETAILS = ("cache_read_tokens", "cache_write_tokens", "reasoning_tokens")


@dataclass(slots=True)
class Entry:
    """One model call. `time` is in UTC, `cost` None where the model has no price."""

    time: datetime
    operation: str
    provider: str
    model: str
    input_tokens: int
    output_tokens: int
    cost: Picodollars | None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    writer: str = ""


def render(entry: Entry) -> bytes:
    """The entry's line with its line feed."""
    fields: dict[str, Any] = {
        "timestamp": timestamp(entry.time),
        "operation": entry.operation,
        "provider": entry.provider,
        "model": entry.model,
        "input_tokens": entry.input_tokens,
        "output_tokens": entry.output_tokens,
    }
    for name in _DETAILS:
        number = getattr(entry, name)
        if number is not None:
            fields[name] = number
    fields["cost_usd"] = None if entry.cost is None else to_text(entry.cost)
    fields["writer"] = entry.writer
    return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)


def parse(data: bytes) -> tuple[list[Entry], int]:
    """The entries in whole lines, and the number of pieces that are none. Takes any bytes.

    What another process appended to the torn line of one that was killed is found again: inside of JSON text a line's
    beginning cannot occur, because quotes are escaped there.
    """
    entries, bad = [], 0
    for line in data.split(b"\n"):
        if not line.strip():
            continue
        try:
            entries.append(parse_line(line))
        except ValueError:
            whole, torn = salvage(line)
            entries.extend(whole)
            bad += torn
    return entries, bad


def salvage(line: bytes) -> tuple[list[Entry], int]:
    whole, bad = [], 0
    for piece in filter(None, _NEXT_START.split(line)):
        try:
            whole.append(parse_line(piece))
        except ValueError:
            bad += 1
    return whole, bad


def parse_line(line: bytes) -> Entry:
    """Raises ValueError for what `render` would not write."""
    fields = orjson.loads(line)
    if not isinstance(fields, dict):
        raise ValueError("not an object")
    cost = fields.get("cost_usd")
    return Entry(
        parse_timestamp(text(fields, "timestamp")),
        text(fields, "operation"),
        text(fields, "provider"),
        text(fields, "model"),
        tokens(fields, "input_tokens"),
        tokens(fields, "output_tokens"),
        None if cost is None and "cost_usd" in fields else from_text(text(fields, "cost_usd")),
        *details(fields),
        text(fields, "writer"),
    )


def text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name} is not text")
    return value


def tokens(fields: dict[str, Any], name: str) -> int:
    value = fields.get(name)
    if type(value) is not int or not 0 <= value <= _MAX_TOKENS:
        raise ValueError(f"{name} is not a number of tokens")
    return value


def details(fields: dict[str, Any]) -> tuple[int | None, int | None, int | None]:
    read, written, reasoning = (tokens(fields, name) if name in fields else None for name in _DETAILS)
    return read, written, reasoning


def timestamp(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_timestamp(value: str) -> datetime:
    if not _TIME.fullmatch(value):
        raise ValueError("not a timestamp in UTC")
    return datetime.fromisoformat(value)


def clean_name(value: object) -> str:
    """A name as it stands in the ledger: text that JSON can hold, not too long."""
    if type(value) is str and len(value) <= MAX_NAME and value.isascii():
        return value
    return str(value)[:MAX_NAME].encode("utf-8", "replace").decode("utf-8")


def clean_tokens(value: int | None) -> int:
    return min(max(int(value or 0), 0), _MAX_TOKENS)


def clean_detail(value: int | None) -> int | None:
    return None if value is None else clean_tokens(value)


def moment(seconds: float) -> datetime:
    """Seconds since 1970 as a moment in UTC."""
    return datetime.fromtimestamp(seconds, UTC)
