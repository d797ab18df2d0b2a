"""International bank account numbers: a country, that country's length, check digits, and what tells them from ids.

The check digits alone prove little: one random text in 97 passes. So a number must stand alone, have the length of its
country, and be written in one case. Where random ids have the same length (16 characters of a span id, 24 of an
ObjectId or a cuid), it must also be built as its country builds them: digits where digits belong, and mostly digits.
"""

import re
from functools import cache

# What follows the check digits, by country: n digits, a letters, c either. From SWIFT's registry, release 101.
_REGISTRY = """
AD 8n12c      AE 19n        AL 8n16c      AT 16n        AZ 4a20c      BA 16n        BE 12n        BG 4a6n8c
BH 4a14c      BI 23n        BR 23n1a1c    BY 4c4n16c    CH 5n12c      CR 18n        CY 8n16c      CZ 20n
DE 18n        DJ 23n        DK 14n        DO 4c20n      EE 16n        EG 25n        ES 20n        FI 14n
FK 2a12n      FO 14n        FR 10n11c2n   GB 4a14n      GE 2a16n      GI 4a15c      GL 14n        GR 7n16c
GT 4c20c      HN 4a20n      HR 17n        HU 24n        IE 4a14n      IL 19n        IQ 4a15n      IS 22n
IT 1a10n12c   JO 4a4n18c    KW 4a22c      KZ 3n13c      LB 4n20c      LC 4a24c      LI 5n12c      LT 16n
LU 3n13c      LV 4a13c      LY 21n        MC 10n11c2n   MD 20c        ME 18n        MK 3n10c2n    MN 16n
MR 23n        MT 4a5n18c    MU 4a19n3a    NI 4a20n      NL 4a10n      NO 11n        OM 3n16c      PK 4a16c
PL 24n        PS 4a21c      PT 21n        QA 4a21c      RO 4a16c      RS 18n        RU 14n15c     SA 2n18c
SC 4a20n3a    SD 14n        SE 20n        SI 15n        SK 20n        SM 1a10n12c   SO 19n        ST 21n
SV 4a20n      TL 19n        TN 20n        TR 6n16c      UA 6n19c      VA 18n        VG 4a16n      XK 16n
YE 4a4n18c
"""
_CLASSES = {"n": "[0-9]", "a": "[A-Z]", "c": "[A-Z0-9]"}
_PARTS = re.compile(r"([0-9]{1,2})([nac])")
_BUILT = dict(re.findall(r"([A-Z]{2}) ([0-9nac]{1,12})", _REGISTRY))
LENGTHS = {country: 4 + sum(int(count) for count, _ in _PARTS.findall(built)) for country, built in _BUILT.items()}
"""The length of a number without separators, by its country."""
_LENGTHS_OF_IDS = frozenset({16, 20, 24, 25, 26, 32})
_HEX = re.compile(r"[0-9A-F]{1,40}")

SEPARATOR = r"(?:[ +\u00a0\u202f-]|%20)"
_SEPARATORS = re.compile(SEPARATOR)
# One character more than the longest: whether it goes on is looked at, too.
_COMPACT = re.compile(r"[A-Za-z0-9]{1,35}")
_IN_FOURS = re.compile(rf"[A-Za-z0-9]{{4}}(?:{SEPARATOR}[A-Za-z0-9]{{4}}){{1,8}}(?:{SEPARATOR}[A-Za-z0-9]{{1,3}})?")
_DIGITS_IN_GROUPS = re.compile(r"[A-Za-z]{2}[0-9]{2}(?:[ \u00a0\u202f]?[0-9]){1,30}")


def end_of_iban(text: str, start: int) -> int | None:
    """Where the number that begins at `start` ends; None where none begins there."""
    country = text[start : start + 2].upper()
    length = LENGTHS.get(country)
    if length is None:
        return None
    for form in (_COMPACT, _IN_FOURS, _DIGITS_IN_GROUPS):
        found = form.match(text, start)
        end = None if found is None else _end_after(text, start, found.end(), length)
        if end is not None and is_iban(text[start:end]):
            return end
    return None


def is_iban(text: str) -> bool:
    number = _SEPARATORS.sub("", text)
    upper = number.upper()
    if LENGTHS.get(upper[:2]) != len(number) or not upper.isascii() or not upper.isalnum():
        return False
    if not (number.isupper() or number.islower()) or not upper[2:4].isdigit():
        return False
    if int("".join(str(int(character, 36)) for character in upper[4:] + upper[:4])) % 97 != 1:
        return False
    if number == text and (len(number) in _LENGTHS_OF_IDS or _HEX.fullmatch(upper)):
        return 2 * sum(map(str.isdigit, upper[4:])) >= len(upper) - 4 and _form(upper[:2]).fullmatch(upper) is not None
    return True


def _end_after(text: str, start: int, stop: int, length: int) -> int | None:
    """The place after `length` characters that are no separators; None where that is within a word."""
    place = start
    while place < stop:
        separator = _SEPARATORS.match(text, place)
        if separator is not None:
            place = separator.end()
            continue
        place += 1
        length -= 1
        if length == 0:
            return None if text[place : place + 1].isalnum() else place
    return None


@cache
def _form(country: str) -> re.Pattern[str]:
    parts = "".join(f"{_CLASSES[kind]}{{{count}}}" for count, kind in _PARTS.findall(_BUILT[country]))
    return re.compile(f"{country}[0-9]{{2}}{parts}")
