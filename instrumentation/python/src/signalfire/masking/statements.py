"""Secrets in SQL that stand away from their names: rows of INSERT by the position of their columns, bound parameters.

`INSERT INTO users (name, password) VALUES ('joe', '…')` has the name in one bracket and the secret in another, and
`UPDATE users SET password = ?` has it where its parameters are printed.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from signalfire.masking.marks import MARK
from signalfire.masking.names import tells_secret
from signalfire.masking.values import Span

_LONGEST = 4096
_INSERT = re.compile(
    r"(?i)\b(?:(?:into|copy|overwrite\s{1,8}table)\s{1,8}[^\s()'=]{1,200}(?:\s{1,8}as\s{1,8}\w{1,64})?|insert)\s{0,8}\("
)
_VALUES = re.compile(
    r"(?i)\s{0,16}(?:(?:overriding|output|returning|with)\s[^()';]{1,200}?\s{0,8})?(?:values?|select)\s{0,16}(?=\()|"
    r"\s{0,16}select\s"
)
_FROM_STDIN = re.compile(r"(?i)\s{0,8}from\s{1,8}stdin[^\n]{0,200}\n")
_NEXT_ROW = re.compile(r"\s{0,16},\s{0,16}\(")
_CELL_PART = re.compile(r"""(?P<quote>\\{0,15}["'`])|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<comma>,)""")
_IDENTIFIER = re.compile(r"""[\s"'`\[\]\\]{0,16}([\w$.-]{1,128})""")
_PLACEHOLDER = re.compile(
    r"(?<!['\w?])(?:\?(?!\?)|%s|%\((\w{1,64})\)s|\$([0-9]{1,4})|(?<!:):(\w{1,64})|@(\w{1,64})|\{\})"
)
_COMPARED = re.compile(
    r"""(?ix)([\w$.-]{1,128})["'`\]]{0,2}\s{0,4}(?:=|<>|!=|\blike\b|is\ distinct\ from)\s{0,4}(?:[\w.]{1,40}\()?
    (?=\?|%s|%\(|\$[0-9]|:\w|@\w)"""
)
_VERB = re.compile(r"(?i)\b(?:select|insert|update|delete|merge|replace|with|alter|create|call|exec)\b")
_QUOTED = re.compile(r"""(?:[bBuUrRnNeE]{1,2}(?=\\{0,15}['"]))?(?P<quote>\\{0,15}['"])""")
_NOTHING = re.compile(r"(?i)(?:null|none|default|true|false|\\N|now\(\)|current_timestamp)\Z")

_ORDINALS = re.compile(r"\$([0-9]{1,4})\s{0,2}=\s{0,2}(?=['\w-])")
_LISTS = re.compile(
    r"""(?ix)(?:\b(?:parameters|params|args|arguments|bindings?|binds|bind_?vars|values|vars)"""
    r"""\\{0,15}["']?\s{0,4}[:=]\s{0,4}(?:\[(?=[(\[]))?
      | \[(?:generated\ in|cached\ since|no\ key|raw\ sql|caching\ disabled|dialect)[^\]\n]{0,120}\]\s{0,4}
      | ;\s{0,4}(?=\[) )(?=(?P<bracket>[(\[])|[^\s\[(])"""
)
_NEXT_LIST = re.compile(r"\s{0,4},\s{0,4}(?=[(\[])")
_PRINTED_TYPE = re.compile(r"\([A-Z][A-Za-z]{2,24}\)")
_BOUND = re.compile(
    r"binding parameter (?:\[([0-9]{1,4})\] as \[\w{1,40}\] - \[|\(([0-9]{1,4}):\w{1,40}\) <- \[)(?=([^\]\n]{1,1024}))"
)
_NAMED_PARAMETER = re.compile(r"@(\w{1,64})\s{0,2}=\s{0,2}(?=')")
_SIGNS_OF_PARAMETERS = (
    "param",
    "args",
    "argument",
    "bind",
    "vars",
    "generated in",
    "cached since",
    "values:",
    "$1",
    "; [",
)


class _Cells(NamedTuple):
    cells: list[Span]
    end: int
    """Behind the bracket; the end of what was read where it is never closed."""


def spans_of_statements(text: str, lower: str) -> list[Span]:
    """Where secrets stand that a statement's columns tell of."""
    spans: list[Span] = []
    if "values" in lower or "value" in lower or "stdin" in lower or "select" in lower or "insert" in lower:
        spans += _inserted(text)
    if any(sign in lower for sign in _SIGNS_OF_PARAMETERS):
        spans += _bound(text)
    return spans


# --- rows of INSERT ---


def _inserted(text: str) -> Iterable[Span]:
    for cell in _telling_cells(text):
        yield from _literal(text, *cell)


def _telling_cells(text: str, *, of_copy: bool = True) -> Iterable[Span]:
    """The cells of all rows that stand in a column with a telling name; of lines that COPY reads, too, if wanted."""
    place = 0
    while (insert := _INSERT.search(text, place)) is not None:
        columns = _cells(text, insert.end())
        place = columns.end
        telling = _telling_columns(text, columns.cells)
        if not telling or (not of_copy and _FROM_STDIN.match(text, place)):
            continue
        for row in _rows(text, columns.end):
            place = row.end
            for column in telling:
                if column < len(row.cells):
                    yield row.cells[column]


def _telling_columns(text: str, cells: list[Span]) -> list[int]:
    names = (_IDENTIFIER.match(text, start, end) for start, end in cells)
    return [index for index, name in enumerate(names) if name is not None and tells_secret(name[1])]


def _rows(text: str, place: int) -> Iterable[_Cells]:
    """The rows behind the columns: in brackets, of a SELECT of literals, or of lines that COPY reads."""
    lines = _FROM_STDIN.match(text, place)
    if lines is not None:
        yield from _lines(text, lines.end())
        return
    values = _VALUES.match(text, place)
    if values is None:
        return
    if text[values.end() : values.end() + 1] != "(":
        yield _cells(text, values.end())
        return
    place = values.end() + 1
    while True:
        row = _cells(text, place)
        yield row
        following = _NEXT_ROW.match(text, row.end)
        if following is None:
            return
        place = following.end()


def _lines(text: str, place: int) -> Iterable[_Cells]:
    while place < len(text) and not text.startswith("\\.", place):
        end = text.find("\n", place)
        end = len(text) if end < 0 else end
        cells, start = [], place
        for cell in text[place:end].split("\t"):
            cells.append((start, start + len(cell)))
            start += len(cell) + 1
        yield _Cells(cells, end)
        place = end + 1


def _cells(text: str, place: int) -> _Cells:
    """What stands between commas up to the bracket that closes; quotes and inner brackets are passed over."""
    cells: list[Span] = []
    start, depth, quote = place, 0, ""
    end = min(len(text), place + _LONGEST)
    for part in _CELL_PART.finditer(text, place, end):
        token = part[0]
        if quote:
            if token == quote:
                quote = ""
        elif part.lastgroup == "quote":
            quote = token
        elif part.lastgroup == "open":
            depth += 1
        elif part.lastgroup == "close":
            if depth == 0:
                cells.append((start, part.start()))
                return _Cells(cells, part.end())
            depth -= 1
        elif depth == 0:
            cells.append((start, part.start()))
            start = part.end()
    cells.append((start, end))
    return _Cells(cells, end)


def _literal(text: str, start: int, end: int) -> Iterable[Span]:
    """The inside of a cell that is a literal, all of one that is an expression with a literal in it."""
    cell = text[start:end]
    start += len(cell) - len(cell.lstrip())
    cell = cell.strip()
    end = start + len(cell)
    if not cell or _NOTHING.match(cell) or _PLACEHOLDER.fullmatch(cell) or MARK.fullmatch(cell):
        return
    quoted = _QUOTED.match(cell)
    if quoted is not None and cell.endswith(quoted["quote"]) and len(cell) > quoted.end():
        start, end = start + quoted.end(), end - len(quoted["quote"])
    elif "(" in cell and not any(quote in cell for quote in "'\""):
        return  # a function of other columns or of placeholders
    if start < end and not MARK.fullmatch(text[start:end]) and not (MARK.search(cell) and "(" in cell):
        yield start, end


# --- parameters ---


def _bound(text: str) -> list[Span]:
    """The values that are printed beside a statement with placeholders for a secret."""
    if _VERB.search(text) is None:
        return []
    ordinals, names = _placeholders_of_secrets(text)
    spans: list[Span] = []
    if ordinals:
        spans += _ordinal_parameters(text, ordinals)
        for printed in _LISTS.finditer(text):
            spans += _listed_parameters(text, printed, ordinals)
    if names:
        for named in _NAMED_PARAMETER.finditer(text):
            if named[1].lower() in names:
                spans += _quoted_after(text, named.end())
    return spans


def _quoted_after(text: str, place: int) -> Iterable[Span]:
    end = text.find("'", place + 1, place + _LONGEST)
    if end > place + 1 and not MARK.fullmatch(text[place + 1 : end]):
        yield place + 1, end


def _placeholders_of_secrets(text: str) -> tuple[set[int], set[str]]:
    """Which placeholders stand for a secret: by their number from one on, and by name."""
    places = set(_places_of_secrets(text))
    ordinals: set[int] = set()
    names: set[str] = set()
    count = 0
    for placeholder in _PLACEHOLDER.finditer(text):
        if placeholder[0] in {"?", "%s", "{}"}:
            count += 1
        if placeholder.start() not in places:
            continue
        if placeholder[2]:
            ordinals.add(int(placeholder[2]))
        elif placeholder.lastindex is None:
            ordinals.add(count)
        else:
            names.add(str(placeholder[placeholder.lastindex]).lower())
    return ordinals, names


def _places_of_secrets(text: str) -> Iterable[int]:
    for compared in _COMPARED.finditer(text):
        if tells_secret(compared[1]):
            yield compared.end()
    for cell in _telling_cells(text, of_copy=False):
        found = _PLACEHOLDER.search(text, *cell)
        if found is not None:
            yield found.start()


def _ordinal_parameters(text: str, ordinals: set[int]) -> Iterable[Span]:
    for ordinal in _ORDINALS.finditer(text):
        if int(ordinal[1]) in ordinals and text[ordinal.end()] == "'":
            yield from _quoted_after(text, ordinal.end())
    for bound in _BOUND.finditer(text):
        if int(bound[1] or bound[2]) in ordinals and not MARK.match(bound[3] + "]"):
            yield bound.span(3)


def _listed_parameters(text: str, printed: re.Match[str], ordinals: set[int]) -> Iterable[Span]:
    place = printed.end()
    if printed["bracket"] is None:
        # MyBatis: joe(String), hunter2(String)
        end = text.find("\n", place)
        line = text[place : end if end >= 0 else len(text)][:_LONGEST]
        if _PRINTED_TYPE.search(line):
            for index, cell in enumerate(re.finditer(r"(?:[^,]|,(?! ))+", line), 1):
                bare = _PRINTED_TYPE.search(cell[0])
                if index in ordinals and bare is not None:
                    start = place + cell.start() + len(cell[0]) - len(cell[0].lstrip(", "))
                    yield from _literal(text, start, place + cell.start() + bare.start())
        return
    while True:
        row = _cells(text, place + 1)
        for index, span in enumerate(row.cells, 1):
            if index in ordinals:
                yield from _literal(text, *span)
        following = _NEXT_LIST.match(text, row.end)
        if following is None:
            return
        place = following.end()
