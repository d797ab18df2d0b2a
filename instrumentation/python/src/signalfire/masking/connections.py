"""Passwords in connection strings of ADO, ODBC and JDBC: `Server=db;Password=a b;Encrypt=true`.

A value goes on up to the next semicolon, spaces and commas and all, unless it is quoted: "a""b" and {a}}b} hold what
they are quoted with twice.
"""

import re

from signalfire.masking.values import Span

_LONGEST_BEFORE = 256
# From the beginning of a line or of a quoted text on: `jdbc:…;` or pairs alone.
_PAIRS_BEFORE = re.compile(
    r"""(?:\A|[\n"'`=(]|:\s)\s{0,8}(?:jdbc:[^\s"']{1,200}?[;:]\s?|(?i:server|host|driver|provider|dsn|uid|user(?: id)?|
    data\ ?source|data\ source|database|initial\ catalog|address|addr|network\ address|endpoint|blobendpoint|
    defaultendpointsprotocol|hostname|accountname|filedsn|dbq|port)\s?=[^;\n]{0,200};\s?)
    (?:[A-Za-z][\w .-]{0,40}=[^;\n]{0,200};\s?){0,16}\Z""",
    re.VERBOSE,
)
_NEXT_PAIR = re.compile(r"""\s?[A-Za-z][\w .-]{0,40}\s?=""")
_NOTHING_MORE = re.compile(r"""\s{0,4}(?:\\{0,15}["'`]|[\n)\]}]|\\n|\Z)""")
_BRACED = re.compile(r"\{((?:[^{}\n]|\}\}){1,256})\}(?!\})")
_QUOTED = re.compile(r"""(?P<quote>["'])((?:(?!(?P=quote))[^\n]|(?P=quote){2}){1,256})(?P=quote)(?=;|\s{0,4}\Z|\n)""")
_UP_TO = re.compile(r"""(?:[^;\n"'`\\]|['"](?=[^\s"';,)\]}])){1,256}""")
_OTHER_PAIR = re.compile(r"\s[\w.-]{1,40}=")


def value_in_connection(text: str, start: int, place: int) -> Span | None:
    """The value at `place`, of the name at `start`, where both stand in a connection string; None elsewhere."""
    before = text[max(0, start - _LONGEST_BEFORE) : start]
    follows_a_pair = before.rstrip(" ")[-1:] == ";"
    is_first = before[-1:] in {"", "\n", '"', "'", "`", "="}
    if not follows_a_pair and not is_first:
        return None
    for quoted in (_BRACED, _QUOTED):
        found = quoted.match(text, place)
        if found is not None:
            ends = text[found.end() : found.end() + 1] == ";" or follows_a_pair
            return found.span(found.lastindex or 1) if ends and _is_known(text, found.end(), before) else None
    if text[place : place + 1] in {"", '"', "'", "`", "{", "[", "(", "<"}:
        return None
    found = _UP_TO.match(text, place)
    if found is None or _OTHER_PAIR.search(found[0]):
        return None
    if text[found.end() : found.end() + 1] == ";":
        return found.span() if follows_a_pair or _ends_or_goes_on(text, found.end() + 1) else None
    return found.span() if _NOTHING_MORE.match(text, found.end()) and _PAIRS_BEFORE.search(before) else None


def _is_known(text: str, end: int, before: str) -> bool:
    return (text[end : end + 1] == ";" and _ends_or_goes_on(text, end + 1)) or _PAIRS_BEFORE.search(before) is not None


def _ends_or_goes_on(text: str, place: int) -> bool:
    return _NEXT_PAIR.match(text, place) is not None or _NOTHING_MORE.match(text, place) is not None
