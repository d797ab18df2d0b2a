"""SQL statements read just far enough to know what they do, and made safe to record.

Neither is a full parser: what is not understood is "other", and what might be a literal is left out.
"""

import re
from collections.abc import Iterator

OTHER = "other"
MAX_RECORDED = 2_000  # characters of a recorded statement
_MAX_READ = 20_000  # characters that are looked at to find the operation

_ALIASES = {"START": "BEGIN", "END": "COMMIT", "ABORT": "ROLLBACK", "EXEC": "EXECUTE", "DESC": "DESCRIBE"}
_MAIN = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "VALUES", "TABLE"})
_OTHERS = (
    "ALTER ANALYZE ATTACH CALL CHECKPOINT CLOSE CLUSTER COMMENT CONNECT COPY CREATE DEALLOCATE DECLARE DETACH DISCARD "
    "DO DROP EXPLAIN FETCH GRANT IMPORT KILL LISTEN LOAD LOCK MOVE NOTIFY OPTIMIZE PRAGMA PREPARE REASSIGN REFRESH "
    "REINDEX RELEASE RESET REVOKE SAVEPOINT SET SHOW TRUNCATE UNLISTEN USE VACUUM"
)
OPERATIONS = _MAIN | frozenset(_ALIASES.values()) | frozenset(_OTHERS.split())
"""Every operation that `operation_of` may give, beside "other"; "CONNECT" is the opening of a connection."""

_FIRST = re.compile(r"[\s(;]*+([A-Za-z]+)(?![\w$])")

_STANDARD_STRING = r"'(?:[^']|'')*+(?:'|\Z)"
_ESCAPED_STRING = r"'(?:[^'\\]|''|\\.)*+(?:'|\Z)"
_DOUBLE_QUOTED = r'"(?:[^"]|"")*+(?:"|\Z)'
_DOUBLE_QUOTED_ESCAPED = r'"(?:[^"\\]|""|\\.)*+(?:"|\Z)'
_COMMON = rf"""
    (?P<comment>--[^\n]*+|/\*)
  | (?P<dollar>\$(?P<tag>[A-Za-z_]\w*)?\$)
  | (?P<escaped>\b[eE]{_ESCAPED_STRING})
  | (?P<placeholder>\$\d+|%\(\w+\)s|%s|(?<!:):[A-Za-z_]\w*|::|@\w+|\?)
  | (?P<number>(?<![\w$])(?:0[xX][0-9A-Fa-f_]+|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?))
  | (?P<quoted_name>`(?:[^`]|``)*+(?:`|\Z))
  | (?P<word>[^\W\d][\w$]*)
  | (?P<mark>[(),;])
"""
_TOKEN = re.compile(
    rf"{_COMMON}|(?P<string>{_STANDARD_STRING})|(?P<double_quoted>{_DOUBLE_QUOTED})", re.VERBOSE | re.DOTALL
)
_TOKEN_MYSQL = re.compile(
    rf"{_COMMON}|(?P<string>{_ESCAPED_STRING}|{_DOUBLE_QUOTED_ESCAPED})|(?P<hash>\#[^\n]*+)", re.VERBOSE | re.DOTALL
)
_COMMENT_MARK = re.compile(r"/\*|\*/")
_SPACES = re.compile(r"\s+")

Token = tuple[str, str]  # its kind, its text
_LITERALS = frozenset({"string", "escaped", "dollar", "number"})
_COMMENTS = frozenset({"comment", "hash"})
_MYSQL = frozenset({"mysql", "mariadb"})
_STANDARD = frozenset({"postgresql", "sqlite", "oracle.db", "microsoft.sql_server"})


def operation_of(statement: str) -> str:
    """What a statement does, as an upper-case keyword of `OPERATIONS`, else "other".

    Comments and opening parentheses before it are passed over; of a statement WITH common table expressions it is the
    keyword of the statement behind them. Of several statements the first one counts.
    """
    first = _FIRST.match(statement)
    if first is not None:
        keyword = first[1].upper()
        if keyword != "WITH":
            return _known(keyword)
    return _known(_first_keyword(statement[:_MAX_READ]))


def without_literals(statement: str, system: str = "") -> str:
    """The statement with each literal replaced by ?, without comments, cut after MAX_RECORDED characters.

    `system` is OpenTelemetry's name of the database system: MySQL and MariaDB quote in their own way. Of a system that
    is not known a statement with a backslash gives ?, because nobody can tell where its literals end.
    """
    if "\\" in statement and system not in _STANDARD | _MYSQL:
        return "?"
    kept = []
    for kind, text in _tokens(statement, system):
        if kind in _LITERALS:
            kept.append("?")
        elif kind not in _COMMENTS:
            kept.append(text)
        if len(kept) > MAX_RECORDED:  # each is a character at least
            break
    return _SPACES.sub(" ", "".join(kept)).strip()[:MAX_RECORDED]


def _known(keyword: str) -> str:
    keyword = _ALIASES.get(keyword, keyword)
    return keyword if keyword in OPERATIONS else OTHER


def _first_keyword(statement: str) -> str:
    depth, in_with, before = 0, False, ""
    for kind, text in _tokens(statement, "postgresql"):
        if kind in _COMMENTS or text.isspace():
            continue
        if text == "(":
            # Until the first word a parenthesis only groups: (SELECT …) UNION …
            depth += bool(before)
        elif text == ")":
            depth -= 1
        elif kind != "word" or depth > 0:
            pass
        elif not in_with:
            if text.upper() != "WITH":
                return text.upper()
            in_with = True
        elif text.upper() in _MAIN and before not in {"WITH", "RECURSIVE", ","}:  # there stands a name
            return text.upper()
        if text not in {"(", ";"} or before:
            before = text.upper()
    return OTHER


def _tokens(statement: str, system: str) -> Iterator[Token]:
    """The statement in pieces, all of it; what lies between the tokens known here is of the kind "rest"."""
    pattern = _TOKEN if system in _STANDARD else _TOKEN_MYSQL
    place = 0
    while place < len(statement):
        found = pattern.search(statement, place)
        if found is None:
            yield "rest", statement[place:]
            return
        if found.start() > place:
            yield "rest", statement[place : found.start()]
        kind = found.lastgroup or "rest"
        if kind == "tag":
            kind = "dollar"
        end = found.end()
        if kind == "dollar":
            end = _after(statement, found[0], end)
        elif kind == "comment" and found[0] == "/*":
            end = _after_comment(statement, end)
        yield kind, statement[found.start() : end]
        place = end


def _after(statement: str, delimiter: str, start: int) -> int:
    place = statement.find(delimiter, start)
    return len(statement) if place < 0 else place + len(delimiter)


def _after_comment(statement: str, start: int) -> int:
    """Where a /* comment ends; they nest in standard SQL."""
    depth = 1
    for mark in _COMMENT_MARK.finditer(statement, start):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(statement)
