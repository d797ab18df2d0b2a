"""Secrets and personal data are replaced before a log line leaves the process.

A line is looked at twice. `suspicious` looks at its fields for cheap signs (a word, an @, a long run of digits) and
lets nearly every line pass within a microsecond or two; texts that it has seen before cost next to nothing. Only a
suspicious line is taken apart, and there the patterns are exact: a card number must pass Luhn's check, an IBAN its own.
Whatever a pattern can mask, a sign must announce.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

from signalfire import plain

HIDDEN = "[MASKED]"
MAX_TEXT = 16_384  # characters of one string that are logged, so that the patterns' cost stays bounded

# --- signs ---

_WORDS = (
    "@",
    "passw",
    "passp",
    "passc",
    "pwd",
    "secret",
    "authorization",
    "bearer",
    "basic",
    "cookie",
    "credential",
    "xox",
    "akia",
    "asia",
    "aiza",
    "eyj",
)
_WORDS_WITH_UNDERSCORE = ("ghp_", "gho_", "ghs_", "ghu_", "ghr_", "github_pat", "hf_", "_live_", "_test_")
_HINTS = (
    ("-", re.compile(r"(?<![a-z0-9])sk-|glpat-")),
    ("token", re.compile(r"token(?!s)")),
    ("key", re.compile(r"(?:api|access|private|signing|encryption|ssh)[_\- ]?key")),
)
_SHAPE = bytes.maketrans(b"0123456789abcdefghijklmnopqrstuvwxyz", b"0" * 10 + b"A" * 26)
_SHORTEST_CARD = b"0" * 13
_IBAN_SHAPE = re.compile(rb"(?<![A0])AA00(?:[ -]?[A0]){11}")

_MAX_KNOWN = 8192
_MAX_KNOWN_LENGTH = 200
_known_clean: set[str] = set()


def suspicious(fields: Mapping[str, Any]) -> bool:
    """Whether fields may hold something to mask. Never False where `mask` would change their JSON."""
    for key, value in fields.items():
        if has_sign_in_key(key):
            return True
        kind = type(value)
        if kind is str:
            if value not in _known_clean and has_sign(value):
                return True
        elif kind is int or kind is float:
            if not -(10**12) < value < 10**12:
                return True
        elif value is not None and kind is not bool and has_sign_inside(orjson.loads(plain.dumps(value))):
            return True
    return False


def has_sign_inside(decoded: Any) -> bool:
    """`suspicious` for any decoded JSON."""
    if isinstance(decoded, list):
        return any(has_sign_inside(item) for item in decoded)
    return suspicious(decoded if isinstance(decoded, dict) else {"": decoded})


@lru_cache(maxsize=4096)
def has_sign_in_key(key: object) -> bool:
    return not isinstance(key, str) or is_sensitive(key) or has_sign(key)


def has_sign(text: str) -> bool:
    """Whether a text may hold something to mask. What has no sign is remembered, which no secret ever is."""
    if len(text) > MAX_TEXT:
        return True
    lower = text.lower()
    for word in _WORDS:
        if word in lower:
            return True
    if "_" in lower and any(word in lower for word in _WORDS_WITH_UNDERSCORE):
        return True
    for hint, exact in _HINTS:
        if hint in lower and exact.search(lower):
            return True
    if len(text) >= len(_SHORTEST_CARD) and has_number_shape(lower) and mask_numbers(text) != text:
        return True
    if len(text) <= _MAX_KNOWN_LENGTH:
        if len(_known_clean) >= _MAX_KNOWN:
            _known_clean.clear()
        _known_clean.add(text)
    return False


def has_number_shape(lower: str) -> bool:
    """Whether there is a run of digits as long as a card number, or something built like an IBAN."""
    raw = lower.encode("utf-8", "replace")
    if _SHORTEST_CARD in raw.translate(_SHAPE, b" -"):
        return True
    shape = raw.translate(_SHAPE)
    return b"AA00" in shape and _IBAN_SHAPE.search(shape) is not None


# --- exact patterns ---

_NAMES = (
    r"pass(?:word|wd|phrase|code)|pwd|secret|(?:api|access|private|signing|encryption|ssh)[_\- ]?key|"
    r"token(?!s)|authorization|cookie|credential"
)
_PAIR = re.compile(
    rf"""(?i)((?:{_NAMES})[\w-]{{0,32}}[\\"']{{0,4}}\s{{0,4}}(?:=|:|\bis\b)\s{{0,4}}[\\"'\[]{{0,4}})"""
    rf"""((?:bearer|basic|token)\s+)?(?!\[?MASKED(?:\]|:[a-z]{{3,5}}\]))[^\s\\"',;&)}}\]]+"""
)
_SCHEME = re.compile(r"\b([Bb]earer|BEARER|[Bb]asic|BASIC)\s+(?=\S*[0-9A-Z=])[A-Za-z0-9+/._~=-]{8,}")
_URL_CREDENTIALS = re.compile(r"://[^/\s@]{1,512}@(?=[\w\[])")
_KEYS = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"sk-[A-Za-z0-9_-]{16,}"
    r"|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{8,}"
    r"|gh[opsur]_[A-Za-z0-9]{20,}"
    r"|github_pat_[A-Za-z0-9_]{20,}"
    r"|glpat-[A-Za-z0-9_-]{15,}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{16}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,}"
    r"|AIza[A-Za-z0-9_-]{30,}"
    r"|hf_[A-Za-z0-9]{20,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?"
    r")"
)
_PEM = re.compile(r"-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,32}PRIVATE KEY-----|\Z)", re.DOTALL)
_EMAIL = re.compile(r"[\w.%+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_DIGITS = re.compile(r"(?<![0-9])[0-9]+(?:[ -][0-9]+)*")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]){11,60}(?![A-Za-z0-9])")
_CARD = re.compile(
    r"4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})"  # Visa
    r"|5[1-5][0-9]{14}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}"  # Mastercard
    r"|3[47][0-9]{13}"  # American Express
    r"|3(?:0[0-5]|[689][0-9])[0-9]{11}"  # Diners Club
    r"|35[0-9]{14,17}"  # JCB
    r"|(?:50|5[6-9]|6[0-9])[0-9]{11,17}"  # Maestro, Discover, UnionPay
)


def mask(data: Any) -> Any:
    """A copy of decoded JSON with secrets and personal data replaced, in keys, values and free text."""
    if isinstance(data, str):
        return mask_text(data)
    if isinstance(data, dict):
        return {mask_text(key): HIDDEN if _hides(key, value) else mask(value) for key, value in data.items()}
    if isinstance(data, list):
        return [mask(item) for item in data]
    if isinstance(data, int | float) and not isinstance(data, bool):
        return mask_number(data)
    return data


def mask_text(text: str) -> str:
    """Free text with secrets and personal data replaced; cut after MAX_TEXT characters."""
    if len(text) > MAX_TEXT:
        text = text[:MAX_TEXT] + "…[cut]"
    text = _PEM.sub("[MASKED:key]", text)
    text = _KEYS.sub("[MASKED:key]", text)
    text = _PAIR.sub(rf"\1{HIDDEN}", text)
    text = _SCHEME.sub(rf"\1 {HIDDEN}", text)
    if "@" in text:
        text = _URL_CREDENTIALS.sub(f"://{HIDDEN}@", text)
        text = _EMAIL.sub("[MASKED:email]", text)
    return mask_numbers(text)


def mask_numbers(text: str) -> str:
    """The text without card numbers and IBANs."""
    text = _DIGITS.sub(lambda found: _mask_card(found.group()), text)
    return _IBAN.sub(lambda found: _mask_iban(found.group()), text)


def mask_number(number: float) -> float | str:
    whole = abs(int(number)) if isinstance(number, int) or number.is_integer() else 0
    return "[MASKED:card]" if whole >= 10**12 and is_card(str(whole)) else number


def _hides(key: str, value: Any) -> bool:
    if value is None or isinstance(value, bool) or not is_sensitive(key):
        return False
    # A number called "token" is a count, one called "password" may be a PIN.
    return not (isinstance(value, int | float) and "token" in key.lower())


@lru_cache(maxsize=4096)
def is_sensitive(key: str) -> bool:
    """Whether a field of this name holds a secret whatever its value looks like."""
    name = re.sub(r"[^a-z]", "", key.lower())
    if any(part in name for part in ("passw", "passphrase", "passcode", "pwd", "secret", "credential", "cookie")):
        return True
    if "authorization" in name or (name.endswith("token") or "authtoken" in name or "accesstoken" in name):
        return True
    return re.search(r"(?:api|access|private|signing|encryption|ssh)key", name) is not None


def _mask_card(digits: str) -> str:
    """Replaces each run of whole groups that is a card number: "12 4111 1111 1111 1111" keeps its 12."""
    groups = re.split(r"([ -])", digits)  # groups at even places, separators between them
    place = 0
    while place < len(groups):
        end = _card_end(groups, place)
        if end is not None:
            groups[place : end + 1] = ["[MASKED:card]"]
        place += 2
    return "".join(groups)


def _card_end(groups: list[str], start: int) -> int | None:
    number, found = "", None
    for end in range(start, len(groups), 2):
        number += groups[end]
        if len(number) > 19:
            break
        if is_card(number):
            found = end
    return found


def is_card(number: str) -> bool:
    return _CARD.fullmatch(number) is not None and passes_luhn(number)


def passes_luhn(number: str) -> bool:
    total = 0
    for position, digit in enumerate(reversed(number)):
        value = int(digit)
        if position % 2:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
    return total % 10 == 0


def _mask_iban(text: str) -> str:
    """Replaces an IBAN that starts at any group of the text and ends at a later group's end."""
    groups = re.split(r"([ -])", text)
    for start in range(0, len(groups), 2):
        if not re.match(r"[A-Za-z]{2}[0-9]{2}", groups[start]):
            continue
        for end in range(len(groups) - 1, start - 1, -2):
            if is_iban("".join(groups[start : end + 1 : 2])):
                return "".join(groups[:start]) + "[MASKED:iban]" + "".join(groups[end + 1 :])
    return text


def is_iban(text: str) -> bool:
    if not 15 <= len(text) <= 34 or not text.isascii():
        return False
    rearranged = (text[4:] + text[:4]).upper()
    return int("".join(str(int(character, 36)) for character in rearranged)) % 97 == 1
