"""Secrets in tables: in the cell beside their name, or in the column below it, as terminals print them."""

import re
from collections.abc import Generator, Iterable

from signalfire.masking.marks import MARK
from signalfire.masking.names import tells_secret
from signalfire.masking.values import Span
from signalfire.masking.words import LOOKS_SECRET, looks_secret

_BAR = "|│┃║"
_LONGEST = 1024
# One row whose first cell is a name: `| password | hunter2 |`, and of lines with tabs.
_ROW = re.compile(
    rf"""(?m)(?:^|["'])[ \t]{{0,64}}[{_BAR}][ \t]{{0,64}}([\w$. -]{{2,64}}?)"""
    rf"""[ \t]{{0,64}}[{_BAR}][ \t]{{0,64}}(?=({LOOKS_SECRET})[ \t]{{0,256}}(?:[{_BAR}]|["']|$))"""
)
_TABBED = re.compile(
    rf"""(?m)(?:^|["'])[ ]{{0,16}}([\w$.-]{{2,64}})[ ]{{0,16}}\t\s{{0,8}}(?=({LOOKS_SECRET})[ ]{{0,16}}(?:\t|["']|$))"""
)
# The line under the names of columns.
_RULE = re.compile(r"(?m)^[ \t]{0,16}[+|├┡┣╞╟]?[-=━─═]{2,256}(?:[ -=+|:┼╇╪╬┿━─═┤┩┫╡╢]{0,512})$")
_MARKDOWN_RULE = re.compile(r"[ \t]{0,16}\|")
_CELL = re.compile(rf"[^{_BAR}\n]{{1,{_LONGEST}}}")
# Of a table that was printed once more, before its first bar and behind its last.
_QUOTES = re.compile(r"""(?:[\w ]{0,64}: ?)?[bu]?["']+""")
_ABSENT = re.compile(r"(?i)(?:null|none|<null>|¤|-|\(null\))?\Z")
_MOST_ROWS = 1000


def spans_of_tables(text: str) -> list[Span]:
    """Where values of tables stand whose row or column has a telling name."""
    spans: list[Span] = []
    if any(bar in text for bar in _BAR):
        spans += _beside(text, _ROW)
    if "\t" in text:
        spans += _beside(text, _TABBED)
    if "--" in text or "━" in text or "─" in text or "==" in text:
        spans += _below(text)
    return spans


def _beside(text: str, pattern: re.Pattern[str]) -> Iterable[Span]:
    for row in pattern.finditer(text):
        if tells_secret(row[1]):
            yield row.span(2)


def _below(text: str) -> Iterable[Span]:
    """The cells under a telling name, from the line of dashes to the end of the table."""
    read = 2  # nothing is read twice: what stands in a table's body begins no other
    for rule in _RULE.finditer(text):
        if rule.start() < read:
            continue
        head = text.rfind("\n", max(0, rule.start() - 1 - _LONGEST), rule.start() - 1) + 1
        names = _cells(text, head, rule.start() - 1)
        columns = [index for index, (start, end) in enumerate(names) if tells_secret(text[start:end])]
        if columns:
            prose = len(names) == 1 or _MARKDOWN_RULE.match(text, rule.start()) is not None
            read = yield from _cells_below(text, rule.end() + 1, columns, len(names), prose)


def _cells_below(text: str, place: int, columns: list[int], count: int, prose: bool) -> Generator[Span, None, int]:
    """Returns where the table ends."""
    for _ in range(_MOST_ROWS):
        if place >= len(text):
            break
        end = text.find("\n", place)
        end = len(text) if end < 0 else end
        cells = _cells(text, place, end)
        if len(cells) != count or (count == 1 and text[place:end].lstrip().startswith("(")):
            break
        for column in columns:
            start, stop = cells[column]
            cell = text[start:stop]
            looks = looks_secret(cell) if prose else _ABSENT.match(cell) is None
            if looks and not MARK.fullmatch(cell):
                yield start, stop
        place = end + 1
    return place


def _cells(text: str, start: int, end: int) -> list[Span]:
    """The cells of a line without the blanks around them, and without what stands outside of the first and last bar."""
    cells: list[Span] = []
    for cell in _CELL.finditer(text, start, end):
        inside = cell[0].strip()
        first = cell.start() + len(cell[0]) - len(cell[0].lstrip())
        if _QUOTES.fullmatch(inside):
            cells = cells and [*cells, (first, first)]
        elif inside or cells:
            cells.append((first, first + len(inside)))
    if cells and cells[-1][0] == cells[-1][1]:
        cells.pop()
    return cells
