"""Where a value begins and ends that stands behind its name in a text, in whatever way it is written.

Each kind of value is read to its own end: a quoted one to the same quotes, a bracket to its bracket, a block of YAML as
far as it is indented. What is found is hidden as a whole, so no second half of it is left.
"""

import re

from signalfire.masking.marks import MARK

Span = tuple[int, int]

_LONGEST = 4096
"""Characters of a bracket or a quoted text without an end that are looked at."""

_WRAPPER = re.compile(
    r"""string\([0-9]{1,6}\)\s|[bBuUrRfF]{1,2}(?=\\{0,15}["'])|[@&*]?[A-Za-z_][\w.:]{0,40}\((?=\\{0,15}["'])|<<(?=")
    |!{1,2}[\w./:-]{0,40}\s{1,4}(?=\S)|&[\w-]{1,32}\s(?=\S)
    |(?i:ConvertTo-SecureString)\s{1,4}(?:-String\s{1,4})?(?=["'])
    |(?:str|bytes|string|String\??|SecretStr|Optional\[str\]|str\s\|\sNone)\s?=\s?(?=[bur]?["'])""",
    re.VERBOSE,
)
# Go prints a type before a value: `[]string{"…"}`, `main.Secret{Value: "…"}`, `(*string)(nil)`.
_GO_TYPE = re.compile(
    r"&?(?:\[[0-9]{0,6}\]|\*|map\[\w{1,32}\]){1,4}[\w.]{1,64}(?:\{\})?(?=[{(])|&?[A-Za-z_][\w.]{0,64}(?=\{[A-Za-z_\"\[])"
)
# Of a shell, Ruby, HCL: up to the line that has its word alone.
_HERE_DOCUMENT = re.compile(
    r"""(?x) <<[-~]?\s?\\{0,15}["']?(?P<word>[A-Za-z_]\w{0,32})\\{0,15}["']?\s{0,4}\n
    [ \t]{0,64}(?P<inside>(?:(?!\n[ \t]{0,64}(?P=word)(?!\w))(?s:.)){1,4096})"""
)
_QUOTE = re.compile(r"""\\{0,15}["'`]|&quot;|&\#3[49];|%2[27]|\\{1,15}u002[27]|[“„«‘‹「]""")
_CLOSING_QUOTES = {"“": "”", "„": "“", "«": "»", "‘": "’", "‹": "›", "「": "」"}
# A quoted text may go on over a few lines: to a quote that ends one, and begins no other.
_MOST_LINES, _LONGEST_LINES = 16, 1024
_QUOTE_THAT_ENDS = re.compile(r"""[^\s=:,;([{<"'`](?:\s{1,16})?\\{0,15}["'`](?=[\s,;)\]}>/.]|\Z)""")
_TRIPLE = re.compile(r'"""|\'\'\'')
_OPENING = {"[": "]", "(": ")", "{": "}", "<": ">"}
_BRACKET_OR_QUOTE = re.compile(r"""[\[\](){}<>]|\\{0,15}["']""")
_SCHEME = re.compile(r"(?i)(?:bearer|basic|token|apikey|api-key)[\s+]{1,4}")
_NO_VALUE = re.compile(r"(?i)(?:none|null|nil|true|false|undefined|unset)(?![\w-])")
# Ends at a space, and at a separator unless a word follows that is not the next `name=`.
_BARE = re.compile(
    r"""(?:\[MASKED(?::[a-z]{3,5})?\] | [^\s"';,&)}\]\\<]
      | ["';,&)}\]](?=[^\s"';,&)}\]\\])(?![\w.-]{1,40}["']?\s?[=:]) | <(?!/))+""",
    re.VERBOSE | re.ASCII,
)
_ENDS = re.compile(r"""[\s"';,&)}\]\\<>]|\Z""")
BLOCK = re.compile(r"[|>][+-]?[0-9]?[+-]?[ \t]{0,8}(?:#[^\n]{0,200})?(?=\r?\n)")
_INDENTED = re.compile(r"\r?\n(?:[ \t]{0,256}(?=\r?\n|\Z)|([ \t]{0,256}(?:- |-(?=\r?\n))?)[^\n\r]*)")


def value_at(text: str, place: int, name_start: int) -> Span | None:
    """The inside of the value at `place`, without its quotes; None where there is none, or it is masked already."""
    block = _block(text, place, name_start)
    if block is not None:
        return _unmasked(text, *block)
    document = _HERE_DOCUMENT.match(text, place)
    if document is not None:
        return _unmasked(text, *document.span("inside"))
    wrapper = _WRAPPER.match(text, place) or _GO_TYPE.match(text, place)
    if wrapper is not None:
        place = wrapper.end()
    triple = _TRIPLE.match(text, place)
    if triple is not None:
        return _unmasked(text, *until(text, triple.end(), triple[0], lines=True))
    quote = _QUOTE.match(text, place)
    if quote is not None:
        return _unmasked(text, *until(text, quote.end(), quote[0]))
    if text[place : place + 1] in _OPENING:
        return _bracket(text, place)
    if _NO_VALUE.match(text, place) is not None:
        return None
    return _bare(text, place)


def quoted_at(text: str, place: int) -> Span | None:
    """The inside of a quoted text at `place`, with b or the like before it; None where there is none."""
    wrapper = _WRAPPER.match(text, place)
    quote = _QUOTE.match(text, wrapper.end() if wrapper else place)
    return None if quote is None else _unmasked(text, *until(text, quote.end(), quote[0]))


def _unmasked(text: str, start: int, end: int) -> Span | None:
    if end <= start:
        return None
    mark = MARK.match(text, start)
    return None if mark is not None and mark.end() == end else (start, end)


def until(text: str, start: int, quote: str, *, lines: bool = False) -> Span:
    """Up to the next same quote, which has as many backslashes before it; else to the end of the line.

    A text whose quote does not end on its line goes on over a few where one does there; over any with `lines`.
    """
    quote = _CLOSING_QUOTES.get(quote, quote)
    first_end = text.find("\n", start)
    if lines or first_end < 0:
        return _until(text, start, quote, len(text))
    span = _until(text, start, quote, first_end)
    if span[1] < first_end or text.startswith(quote, first_end):
        return span
    last = _end_of_lines(text, first_end)
    span = _until(text, start, quote, last)
    ends = _QUOTE_THAT_ENDS.match(text, max(start, _before_blanks(text, span[1])), span[1] + len(quote) + 1)
    return span if span[1] < last and ends is not None else (start, first_end)


def _end_of_lines(text: str, place: int) -> int:
    """The end of the last line that a quoted text may go on to."""
    least = place
    for _ in range(_MOST_LINES):
        following = text.find("\n", place + 1, least + _LONGEST_LINES)
        if following < 0:
            return min(len(text), least + _LONGEST_LINES)
        place = following
    return place


def _before_blanks(text: str, place: int) -> int:
    """Where the last character stands that is none, before a place."""
    least = max(0, place - 16)
    return least + len(text[least:place].rstrip()) - 1


def _until(text: str, start: int, quote: str, line_end: int) -> Span:
    place = start
    while True:
        place = text.find(quote, place, line_end)
        if place < 0:
            return start, line_end
        doubled = quote in "\"'" and text.startswith(quote, place + 1)  # it''s, as SQL writes it
        if doubled and place > start and text[place + 2 : place + 3].isalnum():
            place += 2
        elif _escaped(text, place, start, quote):
            place += len(quote)
        else:
            return start, place


def _escaped(text: str, place: int, start: int, quote: str) -> bool:
    """Whether an odd number of backslashes before a bare quote, or any before one with backslashes, make it text."""
    before = place
    while before > start and text[before - 1] == "\\" and place - before < 32:
        before -= 1
    count = place - before
    return count % 2 == 1 if quote in "\"'`" else count > 0


def _bracket(text: str, place: int) -> Span | None:
    """The inside of a bracket with all that is nested in it; to the end of the line where it is never closed."""
    inside = place + 1
    mark = MARK.match(text, place)
    if mark is not None:
        return None if _ENDS.match(text, mark.end()) else _bare(text, place)
    closers, quote = [_OPENING[text[place]]], ""
    for found in _BRACKET_OR_QUOTE.finditer(text, inside, inside + _LONGEST):
        token = found[0]
        if quote:
            quote = "" if token == quote else quote
        elif token[-1] in "\"'":
            quote = token if text[found.start() - 1] in "[({<=:, \t\n" or token[0] == "\\" else ""
        elif token in _OPENING:
            closers.append(_OPENING[token])
        elif token == closers[-1]:
            closers.pop()
            if not closers:
                return _unmasked(text, inside, found.start())
    line_end = text.find("\n", inside)
    return _unmasked(text, inside, len(text) if line_end < 0 else line_end)


def _bare(text: str, place: int) -> Span | None:
    scheme = _SCHEME.match(text, place)
    if scheme is not None:
        place = scheme.end()
        quote = _QUOTE.match(text, place)
        if quote is not None:
            return _unmasked(text, *until(text, quote.end(), quote[0]))
    mark = MARK.match(text, place)
    if mark is not None and _ENDS.match(text, mark.end()):
        return None
    found = _BARE.match(text, place)
    return None if found is None else _unmasked(text, place, found.end())


def _block(text: str, place: int, name_start: int) -> Span | None:
    """A block of YAML: `|` and indented lines, or a list or a mapping of lines that are indented more than the name."""
    block = BLOCK.match(text, place)
    if block is None and text[place : place + 1] not in {"\n", "\r"}:
        return None
    if block is not None:
        place = block.end()
    line_start = text.rfind("\n", 0, name_start) + 1
    indentation = _indentation(text[line_start : line_start + 256])
    start, end = 0, place
    while end < len(text):
        line = _INDENTED.match(text, end)
        if line is None:
            break
        lead = line[1]
        if lead is not None:
            if len(lead) <= indentation and not (lead.strip() and block is None):
                break
            start = start or line.start(1) + len(lead)
        end = line.end()
        if lead is None and end == line.start():
            break
    return (start, end) if start and start < end else None


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" \t-"))
