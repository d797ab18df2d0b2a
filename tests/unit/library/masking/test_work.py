"""The work of masking grows with the length of a text and no faster.

Shown in two ways, without a clock. By construction: from each place at which a pattern begins, it looks at a bounded
number of characters, or at characters that it does not look at again. And counted: the calls that masking makes for a
line of twice the length are about twice as many.
"""

import re
import sys
from collections.abc import Iterable
from re import _constants as constants  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest
from signalfire.masking import (
    addresses,
    arguments,
    calls,
    commands,
    connections,
    echoes,
    errors,
    iban,
    keys,
    names,
    numbers,
    pairs,
    paths,
    phrase,
    phrases,
    printed,
    prose,
    signs,
    statements,
    tables,
    text,
    tools,
    values,
    words,
)

MODULES = [addresses, arguments, calls, commands, connections, echoes, errors, iban, keys, names, numbers, pairs, paths]
MODULES += [phrase, phrases, printed, prose, signs, statements, tables, text, tools, values, words]
MOST = 4096  # the most often that anything may repeat in a pattern, but at its end


def patterns_of(value: Any) -> Iterable[re.Pattern[str]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, phrase.Phrase):
        yield value.pattern
    elif isinstance(value, keys.Form):
        yield value.compiled()
    elif isinstance(value, tuple | list):
        for item in value:
            yield from patterns_of(item)
    elif isinstance(value, dict):
        yield from patterns_of(list(value.values()))


REPEATS = (constants.MAX_REPEAT, constants.MIN_REPEAT, constants.POSSESSIVE_REPEAT)
PATTERNS = [
    pytest.param(pattern, id=f"{module.__name__.rpartition('.')[2]}.{name} {number}")
    for module in MODULES
    for name, value in vars(module).items()
    if not name.startswith("__")
    for number, pattern in enumerate(patterns_of(value))
]


def unbounded(pattern: Any, *, last: bool) -> list[str]:
    """The repeats without a bound that something follows which may fail: those are tried from each place anew."""
    found = []
    items = list(pattern)
    for place, (kind, value) in enumerate(items):
        at_end = last and all(map(cannot_fail, items[place + 1 :]))
        if kind in REPEATS:
            _, most, inner = value
            if most is constants.MAXREPEAT and not at_end:
                found.append(str(inner))
            assert most is constants.MAXREPEAT or most <= MOST
            found += unbounded(inner, last=at_end)
        elif kind is constants.SUBPATTERN:
            found += unbounded(value[3], last=at_end)
        elif kind is constants.ATOMIC_GROUP:
            found += unbounded(value, last=at_end)
        elif kind is constants.BRANCH:
            for branch in value[1]:
                found += unbounded(branch, last=at_end)
        elif kind in (constants.ASSERT, constants.ASSERT_NOT):
            found += unbounded(value[1], last=False)
    return found


def cannot_fail(item: tuple[Any, Any]) -> bool:
    kind, value = item
    return is_end(item) or kind is constants.ASSERT_NOT or (kind in REPEATS and value[0] == 0)


def is_end(item: tuple[Any, Any]) -> bool:
    """A branch that ends with the end of the text, as of a private key whose end is missing: it cannot fail."""
    kind, value = item
    if kind is constants.SUBPATTERN:
        return any(map(is_end, value[3]))
    if kind is constants.BRANCH:
        return any(any(map(is_end, branch)) for branch in value[1])
    return bool(kind is constants.AT and value is constants.AT_END_STRING)


# These begin at the beginning alone (`match`), or are of names, which have a bounded length.
ANCHORED = {signs._LONG_WORD, names._PASS, numbers._RUN}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_what_repeats_in_a_pattern_is_bounded(pattern: re.Pattern[str]) -> None:
    assert pattern in ANCHORED or unbounded(parser.parse(pattern.pattern, pattern.flags), last=True) == []


def test_an_unbounded_repeat_is_found() -> None:
    for pattern in ("a+b", "(a|b*c)d", "(?:ab+)*c", "x(?=a*b)"):
        assert unbounded(parser.parse(pattern), last=True)
    for pattern in ("a{1,9}b", "ab*", "a(?:b|c+)", "x.*(?:y|\\Z)"):
        assert not unbounded(parser.parse(pattern), last=True)


# What makes a pattern start over and over, or look far ahead.
HOSTILE_UNITS = [
    *(
        "insert into t(password) values(",
        "insert into t(password) values('a'),('b'),",
        "| password | ",
        "| password |\n|---|\n| a |\n",
        "password\n--\n",
        "password\ta\t",
        '{"name":"password",',
        "user joe pass ",
        "\x1b[36mpassword\x1b[0m=",
        "loc': ('body', 'password'), ",
        "a",
        "1",
        "4",
        "1 ",
        "4 ",
        "44 ",
        "4-",
        "@",
        "a@",
        "@a.",
        "a@b.",
        "ab12 ",
        "DE89 ",
        "DE89",
        "4111 ",
        "4111",
        "0-",
    ),
    *("password ", "password=", "password:'", "password=;", "password=,a", 'password\\"', "password=[", "password=[a"),
    *(
        "password={'a':",
        "password=<",
        "password: |\n ",
        "password:\n",
        "token is ",
        "--token ",
        "-token",
        "://",
        "://a:b",
    ),
    *("cookie:a=b;", "cookie=", "cookie: a b ", 'cookie: a="', "set-cookie: a=", "authorization: a ", "authorization:"),
    *("sk-", "-eyJ", "eyJaaaaaaaaa.", "Bearer ", "?sig=", "&auth=&", "a%40", "api key", "_", "--", "key ", "('key',"),
    *(
        "-----BEGIN PRIVATE KEY-----",
        "SG.aaaaaaaaaaaaaaaa.",
        "é@",
        '"',
        "\\",
        "\\n",
        '\\"',
        "password=a&",
        "key=",
        "digest ",
    ),
    *("/reset-password/a1B2", "/verify", "%2Freset%2F", "password=a b;", ";password={a}}", 'password="a\n', "pw “a\n"),
    *(
        "secret set --value ",
        "login('a','b')",
        "password = <<EOT\n",
        "<<EOT\n",
        "token(a) = ",
        "password ... ",
        "&lt;pw&gt;",
    ),
    *(
        "password?= ",
        "code to log in to ",
        "Key 1: ",
        "password 7 ",
        "user:pass a:b1c2d3 ",
        "created token a1b2c ",
        "pwd=/a/",
    ),
    *("-u\n- ", "a -u joe:", "--pw, ", "password → ", "password: a → ", "auth_token ", "password - ", "[1] => --pw\n"),
    *(
        '{"name":"token",',
        '"value":"a","name":"token"',
        "<token ",
        "<token>",
        "<token",
        "identified by ",
        "curl -u ",
        "mysql -p",
    ),
    *(
        "<cookie ",
        "cookie(value='",
        "<morsel: ",
        "$2b$12$",
        "/token/a1",
        "/bot",
        "true\t",
        "a\ttrue\t",
        "%3D4",
        "%20",
        "\\x41",
    ),
]


def calls_for(line: str) -> int:
    """How many functions are called, and how many patterns tried, to mask a line."""
    count = 0

    def counted(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    text._look_again()
    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        text.mask_text(line)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("unit", HOSTILE_UNITS, ids=range(len(HOSTILE_UNITS)))
def test_twice_the_line_is_twice_the_work(unit: str) -> None:
    once, twice = ((unit * (length // len(unit) + 1))[:length] for length in (7_000, 14_000))
    text.mask_text(once)  # compiles what it needs
    text.mask_text(twice)
    assert calls_for(twice) <= 2.2 * calls_for(once) + 200
    assert calls_for(twice) <= 24 * len(twice)
