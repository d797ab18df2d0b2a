"""A text as it was before it was printed: without escapes of repr() and JSON, without a terminal's colours."""

import html
import re
from bisect import bisect_left
from typing import NamedTuple

_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}
_COLOUR = r"(?:\x1b|\\x1[bB]|\\u001[bB]|\\033|\\e)\[[0-9;:]{0,32}[A-Za-z]"
# Quotes, arrows and the lines of tables, a guillemet, a wide colon and equals sign: in JSON and in bytes.
_IN_JSON = r"\\u(2[0-9a-fA-F]{3}|00[2-7][0-9a-fA-F]|00[aA][bB]|00[bB][bB]|ff1[aAdD])"
_IN_BYTES = r"((?:\\xe2|\\xef\\xbc(?=\\x9[ad])|\\xc2(?=\\x[ab]b))(?:\\x[89ab][0-9a-f]){1,2})"
# Of HTML, and of URLs where they have tags.
_ENTITY = r"&(#[0-9]{2,4}|#x[0-9a-fA-F]{2,4}|lt|gt|amp|quot|apos|equals|colon);"
_PERCENT = r"%([2-7][0-9a-fA-F])"
_ENTITIES = re.compile(r"(?i)&(?:lt|#[0-9x]|equals|quot)|%3c")
_ESCAPES = re.compile(rf"{_COLOUR}|\\([\\nrt\"'])|{_IN_JSON}|{_IN_BYTES}|{_ENTITY}|{_PERCENT}")
_COLOURS = re.compile(_COLOUR)


class Printed(NamedTuple):
    """The text that was printed, and where its characters stand in what came of it."""

    plain: str
    bounds: list[int]
    shifts: list[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a part of the plain text stands in the printed one, without the colours around it."""
        # Twice a place: what was left out at a place belongs before what begins there, and after what ends there.
        first = bisect_left(self.bounds, 2 * start + 1)
        last = bisect_left(self.bounds, 2 * end)
        return start + self._shift(first), end + self._shift(last)

    def _shift(self, count: int) -> int:
        return self.shifts[count - 1] if count else 0


def unprinted(text: str) -> Printed | None:
    """The text without escapes and colours; None where it has none."""
    if "\\" in text or (("&" in text or "%" in text) and _ENTITIES.search(text)):
        pattern = _ESCAPES
    elif "\x1b[" in text:
        pattern = _COLOURS
    else:
        return None
    pieces: list[str] = []
    bounds: list[int] = []
    shifts: list[int] = []
    last = length = shift = 0
    for found in pattern.finditer(text):
        letter = _letter(found) if pattern is _ESCAPES else ""
        piece = text[last : found.start()]
        length += len(piece)
        pieces.append(piece)
        if not letter:
            shift += len(found[0])
            bounds.append(2 * length)
        else:
            pieces.append(letter)
            shift += len(found[0]) - 1
            length += 1
            bounds.append(2 * length - 1)
        shifts.append(shift)
        last = found.end()
    pieces.append(text[last:])
    return Printed("".join(pieces), bounds, shifts)


def _letter(escape: re.Match[str]) -> str:
    """What an escape stands for: nothing where it is a colour."""
    simple, line, encoded, entity, percent = escape.groups()
    if simple:
        return _ESCAPED[simple]
    if entity:
        return html.unescape(escape[0])
    if percent:
        return chr(int(percent, 16))
    if line:
        return chr(int(line, 16))
    return bytes.fromhex(encoded.replace("\\x", "")).decode("utf-8", "replace") if encoded else ""
