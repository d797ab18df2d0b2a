"""Secrets in errors of validation, which print what they refuse: pydantic, JSON Schema, Spring."""

import re

from signalfire.masking.marks import MARK
from signalfire.masking.names import tells_secret
from signalfire.masking.values import Span

_LONGEST = 4096
# "password", then on the next line what is wrong with it.
_PYDANTIC = re.compile(
    r"(?m)^[ \t]{0,16}([\w$.\[\]'\" ->`]{2,128})\n[ \t]{1,8}[^\n]{0,1024}?\[(?:type=[\w.]{1,64}, )?input_value="
)
_PYDANTIC_END = re.compile(r", input_type=[\w.]{1,64}\]|\]?(?=\n|\Z)")
# "On instance['password']:", then the value on lines that are indented.
_INSTANCE = re.compile(r"On instance((?:\[[^\]\n]{1,128}\]){1,16}):\n((?:[ \t]{1,16}[^\n]{1,1024}\n?){1,64})")
_REFUSED = re.compile(
    r"(?:on field '([\w.$\[\]-]{1,128})': rejected value \[|property(?:Path)?[ =:]{1,3}'?([\w.$\[\]-]{1,128})'?"
    r"[^\n{}]{0,200}?(?:value|invalidValue)[ =:]{1,3}'?)(?!\[MASKED)([^\]\n'}]{1,1024})"
)
# Before what was refused, in JSON Schema's own words: 'hunter2' is too short.
_REFUSAL = re.compile(r"(?m)(?:^|[\"' ])(['\"])(?!\[MASKED)([^\n]{1,1024}?)\1 (?:is|does|should|was|has|were)\b")


def spans_of_errors(text: str, lower: str) -> list[Span]:
    """Where a refused value stands whose place has a telling name."""
    spans: list[Span] = []
    if "input_value=" in lower:
        for error in _PYDANTIC.finditer(text):
            end = _PYDANTIC_END.search(text, error.end(), error.end() + _LONGEST)
            if tells_secret(error[1].strip()):
                spans.append((error.end(), end.start() if end else len(text)))
    if "on instance[" in lower:
        for instance in _INSTANCE.finditer(text):
            if tells_secret(instance[1]):
                spans += [instance.span(2), *_refusals(text, instance.start())]
    if "rejected value" in lower or "property" in lower:
        spans += [found.span(3) for found in _REFUSED.finditer(text) if tells_secret(found[1] or found[2])]
    bare = (_bare(text, start, end) for start, end in spans)
    return [(start, end) for start, end in bare if start < end and not MARK.fullmatch(text, start, end)]


def _refusals(text: str, before: int) -> list[Span]:
    """Where the line before an instance has the value once more."""
    found = list(_REFUSAL.finditer(text, max(0, before - _LONGEST), before))
    return [found[-1].span(2)] if found else []


def _bare(text: str, start: int, end: int) -> Span:
    """A value without the blanks and the quotes around it."""
    value = text[start:end]
    start += len(value) - len(value.lstrip())
    end -= len(value) - len(value.rstrip())
    quoted = end - start > 2 and text[start] in "\"'" and text[start] == text[end - 1]
    return (start + 1, end - 1) if quoted else (start, end)
