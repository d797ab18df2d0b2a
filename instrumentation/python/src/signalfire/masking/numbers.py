"""Card numbers and IBANs. Luhn's check passes one random number in ten, so it counts last.

A card's number begins with an issuer's prefix, has that issuer's length and stands alone: it is no part of a word, of a
decimal fraction, of a UUID. In groups it is the whole of them, or grouped as cards are. Numbers as long as the ids of
databases and traces (17 digits and more) need the word "card", or the like, somewhere in the text.
"""

import re
from itertools import accumulate

from signalfire.masking.iban import SEPARATOR, end_of_iban

CARD = "[MASKED:card]"
IBAN = "[MASKED:iban]"

# Where a word may begin, also right after an escape as repr(), JSON and URLs write it: \n, \x1b, \u2028, %3D.
START = (
    r"(?:(?<![A-Za-z0-9])|(?<=\\[A-Za-z0])|(?<=\\x[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4})"
    r"|(?<=%[2-7][0-9A-Fa-f])|(?<=%0[AaDd9]))"
)
# What ends where digits may begin.
_ESCAPED = (
    r"(?:\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\[A-Za-z0]"
    r"|%(?:2[026-9BbCcFf]|3[ABDabd]|5[Bb]|7[Bb]|0[9ADad]))"
)

SHORTEST_CARD = 13
_RUN = re.compile(rf"{_ESCAPED}?+([0-9]++(?:{SEPARATOR}[0-9]++)*+)")
_GROUP = re.compile(r"[0-9]+")
_ENCODED_SPACE = re.compile(r"%20(?=[0-9])")
_CARD = re.compile(
    r"4(?:[0-9]{12}|[0-9]{15})"  # Visa
    r"|5[1-5][0-9]{14}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}"  # Mastercard
    r"|3[47][0-9]{13}"  # American Express
    r"|3(?:0[0-5]|[689][0-9])[0-9]{11}"  # Diners Club
    r"|(?:35|50|5[6-9]|6[0-9]|81)[0-9]{14}|220[0-4][0-9]{12}"  # JCB, Maestro, Discover, UnionPay, RuPay, Mir
)
# As long as a 64-bit id, a snowflake or an order's number.
_LONG_CARD = re.compile(
    r"(?:4[0-9]{18}|(?:30|35|36|38|39|50|5[6-9]|6[0-9])[0-9]{15,17}"
    r"|(?:50|5[6-9]|6[0-9])[0-9]{11,13})"
)
_CARD_WORD = re.compile(
    r"(?i)card|karte|carte|tarjeta|(?<![a-z])(?:pan|cc)(?![a-z])"
    r"|visa|master|maestro|amex|jcb|discover|union ?pay|diners"
)
_LONGEST_CARD = 19
_GROUPINGS = frozenset({(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 1), (4, 3, 3, 3), (6, 10), (8, 8)})
_LONG_GROUPINGS = frozenset({(4, 4, 4, 4, 3), (4, 4, 4, 4, 2), (4, 4, 4, 4, 1), (4, 4, 4, 5), (6, 13)})
_MOST_GROUPS = 5
# 978, 979 and so on: the last digit of an article's number (EAN-13, ISBN) weighs every other digit by three.
_ARTICLE_DIGITS = 13

_WORD_BEFORE = re.compile(r"(?:[A-Za-z0-9_]|[0-9]\.|[A-Za-z0-9_]-)\Z")
_NAMED_CARD_BEFORE = re.compile(r"(?i)(?:\\[a-z0]|(?<![a-z])(?:card|visa|amex|pan)[_-])\Z")
_WORD_AFTER = re.compile(r"[A-Za-z_]|\.[0-9]|-[A-Za-z_]")
# A hexadecimal id may be of digits alone. By its name it is known to be one.
_TRACING_NAME = re.compile(
    r"(?i)(?:span|trace|parent|request|correlation)[_. -]?id[\\\"']{0,16} {0,2}[:=] {0,2}[\\\"']{0,16}\Z"
)
_LOOKED_BACK = 64

_IBAN_START = re.compile(rf"{START}(?<!_)[A-Za-z]{{2}}[0-9]{{2}}(?=.[A-Za-z0-9])")

_DOUBLED = bytes.maketrans(b"0123456789", b"0246813579")


def mask_numbers(text: str) -> str:
    """The text without card numbers and IBANs."""
    return _mask_cards(_mask_ibans(text))


def mask_number(number: float) -> float | str:
    """A number as JSON has it: one that is a card's becomes text."""
    whole = abs(int(number)) if isinstance(number, int) or number.is_integer() else 0
    return CARD if 10**12 <= whole < 10**_LONGEST_CARD and is_card(str(whole)) else number


def is_card(number: str, *, said: bool = False) -> bool:
    """Whether digits are a card's number; `said` that something else says so, which longer ones need."""
    if _CARD.fullmatch(number) is None and not (said and _LONG_CARD.fullmatch(number)):
        return False
    return passes_luhn(number) and not _is_article(number)


def passes_luhn(number: str) -> bool:
    digits = number.encode()
    total = sum(digits[::-2]) + sum(digits[-2::-2].translate(_DOUBLED))
    return (total - 48 * len(digits)) % 10 == 0


def _is_article(number: str) -> bool:
    if len(number) != _ARTICLE_DIGITS:
        return False
    return (sum(map(int, number[::2])) + 3 * sum(map(int, number[1::2]))) % 10 == 0


# --- cards ---


def _mask_cards(text: str) -> str:
    said: bool | None = None
    pieces, place = [], 0
    for run in _RUN.finditer(text):
        start, end = run.span(1)
        if end - start < SHORTEST_CARD:
            continue
        if said is None:
            said = _CARD_WORD.search(text) is not None
        for first, last in _cards(text, start, end, said):
            pieces += [text[place:first], CARD]
            place = last
    return "".join((*pieces, text[place:])) if pieces else text


def _cards(text: str, start: int, end: int, said: bool) -> list[tuple[int, int]]:
    """Where the card numbers of a run of digits and separators begin and end."""
    # Of %20 the digits are no group of their own.
    spaced = _ENCODED_SPACE.sub("   ", text[start:end])
    groups = [(start + found.start(), start + found.end()) for found in _GROUP.finditer(spaced)]
    digits = spaced.translate(_NO_SEPARATORS)
    offsets = [0, *accumulate(last - first for first, last in groups)]
    if len(digits) <= _LONGEST_CARD and is_card(digits, said=said) and _stands_alone(text, start, end):
        return [(start, end)]
    found, index = [], 0
    while index < len(groups):
        count = _groups_of_a_card(groups, digits, offsets, index, said)
        if count and _stands_alone(text, groups[index][0], groups[index + count - 1][1]):
            found.append((groups[index][0], groups[index + count - 1][1]))
        index += count or 1
    return found


_NO_SEPARATORS = str.maketrans("", "", " +-\u00a0\u202f")


def _groups_of_a_card(groups: list[tuple[int, int]], digits: str, offsets: list[int], index: int, said: bool) -> int:
    """How many groups from `index` on are a card's number, as cards are grouped; 0 where none is."""
    sizes = tuple(last - first for first, last in groups[index : index + _MOST_GROUPS])
    for count in range(len(sizes), 0, -1):
        usual = count == 1 or sizes[:count] in _GROUPINGS
        grouped_long = sizes[:count] in _LONG_GROUPINGS
        if (usual or grouped_long) and sum(sizes[:count]) <= _LONGEST_CARD:
            number = digits[offsets[index] : offsets[index + count]]
            if is_card(number, said=said or grouped_long):
                return count
    return 0


def _stands_alone(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - _LOOKED_BACK) : start]
    if _WORD_BEFORE.search(before) and not _NAMED_CARD_BEFORE.search(before) and not _after_escape(before):
        return False
    return _WORD_AFTER.match(text, end) is None and _TRACING_NAME.search(before) is None


_ESCAPE = re.compile(rf"{_ESCAPED}\Z")


def _after_escape(before: str) -> bool:
    return _ESCAPE.search(before[-6:]) is not None


# --- bank accounts ---


def _mask_ibans(text: str) -> str:
    pieces, place = [], 0
    for start in _IBAN_START.finditer(text):
        if start.start() < place:
            continue
        end = end_of_iban(text, start.start())
        if end is not None:
            pieces += [text[place : start.start()], IBAN]
            place = end
    return "".join((*pieces, text[place:])) if pieces else text
