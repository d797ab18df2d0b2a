"""Secrets and personal data are replaced before anything leaves the process: log lines, spans, errors.

A line is looked at twice. `suspicious` looks at its fields for cheap signs (a word, an @, a long run of digits) and
lets nearly every line pass within a microsecond or two; texts that it has seen before cost next to nothing. Only a
suspicious line is taken apart, and there the patterns are exact: a card number must pass Luhn's check, an IBAN its own.
Whatever a pattern can mask, a sign must announce.

Each pattern takes time in proportion to the text: what repeats in it is bounded, or can match in one way only.
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from signalfire._internal.environment import TRUE
from signalfire._internal.json import dumps

HIDDEN = "[MASKED]"
MAX_TEXT = 16_384  # characters of one string that are logged, so that the patterns' cost stays bounded
_CUT = "…[cut]"
_MARGIN = 512  # characters beyond MAX_TEXT that are searched, so that no secret is cut before it is found

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
    "%40",
)
# Where a word may begin, also right after an escape as repr() and JSON write it: \n, \x1b, \u2028.
_START = r"(?:(?<![A-Za-z0-9])|(?<=\\[A-Za-z0])|(?<=\\x[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4}))"
# A character that few texts have, the beginnings of keys that have it, and what must stand around those.
_HINTS = (
    (
        "-",
        ("sk-", "glpat-", "xai-", "pplx-", "pypi-", "gocspx-", "xapp-"),
        re.compile(rf"{_START}(?:sk|xai|pplx|pypi|gocspx|xapp)-|glpat-"),
    ),
    (
        "_",
        ("gh", "github_pat_", "hf_", "gsk_", "r8_", "npm_", "whsec_", "dop_v1_", "lsv2_", "_live_", "_test_"),
        re.compile(
            rf"{_START}(?:gh[opsur]|github_pat|hf|gsk|r8|npm|whsec|dop_v1|lsv2_[ps]t|(?:sk|rk|pk)_(?:live|test))_"
        ),
    ),
    (".", ("ya29.", "sg.", "hooks.slack.com/"), re.compile(rf"{_START}(?:ya29|sg)\.|hooks\.slack\.com/")),
    (
        "=",
        ("signature=", "sig=", "key=", "auth=", "code=", "pw=", "pass="),
        re.compile(r"[?&](?:[a-z-]{0,16}signature|sig|key|auth|code|pw|pass)="),
    ),
    ("o", ("token",), re.compile(r"token(?!s)")),
    ("k", ("key",), re.compile(r"(?:api|access|account|private|signing|encryption|ssh)[_\- ]?key")),
)
_SHAPE = bytes.maketrans(b"0123456789abcdefghijklmnopqrstuvwxyz", b"0" * 10 + b"A" * 26)
_SHORTEST_CARD = b"0" * 13
_IBAN_SHAPE = re.compile(rb"(?:(?<![A0])|(?<=\\A)|(?<=\\A[A0]{2})|(?<=\\A[A0]{4}))AA00(?:[ -]?[A0]){11}")

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
            if has_sign(value):
                return True
        elif kind is int or kind is float:
            if not -(10**12) < value < 10**12:
                return True
        elif value is not None and kind is not bool and has_sign_inside(orjson.loads(dumps(value))):
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
    if text in _known_clean:
        return False
    if len(text) > MAX_TEXT:
        return True
    lower = text.lower()
    if any_in(_WORDS, lower):
        return True
    for hint, beginnings, exact in _HINTS:
        if hint in lower and any_in(beginnings, lower) and exact.search(lower):
            return True
    if len(text) >= len(_SHORTEST_CARD) and has_number_shape(lower) and mask_numbers(text) != text:
        return True
    if _added.signs and any(sign.search(text) for sign in _added.signs):
        return True
    if len(text) <= _MAX_KNOWN_LENGTH:
        if len(_known_clean) >= _MAX_KNOWN:
            _known_clean.clear()
        _known_clean.add(text)
    return False


def any_in(words: Iterable[str], text: str) -> bool:
    for word in words:  # noqa: SIM110 - a generator for any() would cost more than the search
        if word in text:
            return True
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
    r"pass(?:word|wd|phrase|code)|pwd|secret|(?:api|access|account|private|signing|encryption|ssh)[_\-\ ]?key|"
    r"token(?!s|iz)|authorization|cookie|credential"
)
# `name=value`, `"name": "value"`, `the name is value`. In quotes a value goes up to the same quotes, in brackets up to
# the bracket. A bare one ends at a space, and at a separator unless a word follows that is not the next `name=`. "The
# password is wrong" tells none.
_PAIR = r"""
    (?P<lead>(?>
        (?:NAMES)[\w-]{0,32}[\\"']{0,16}\s{0,4}
        (?: (?:=>|:=|=|:|%3[ad])\s{0,4}
          | \bis\s{1,4}(?!(?:a|an|the|not|no|too|now|still|already|only|also|being|required|needed|mandatory|optional|
              missing|empty|invalid|valid|wrong|incorrect|correct|expired|rejected|unknown|weak|strong|set|in|on)\b)
        )
        (?:(?:bearer|basic|token)\s{1,4})?
    ))
    (?!["'\\]{0,16}[\[({]{0,2}MASKED(?:\]|:[a-z]{3,5}\]))
    (?!(?:none|null|nil|true|false|undefined|unset)(?![\w-]))
    (?: (?P<slashed>\\{1,15}["'])(?:(?!(?P=slashed))[^\n])+
      | (?P<quoted>["'])(?:(?!(?P=quoted))[^\n\\]|\\[^\n])+
      | (?P<opened>[\[({])[^\])}\n]+
      | (?![\[({])(?:[^\s"';,&)}\]\\] | ["';,&)}\]\\](?=[^\s"';,&)}\]\\])(?![\w.-]{1,40}["']?\s?[=:]))+
    )
"""
# `--password value` of a command line, also as a list of arguments, whose quotes may be escaped.
_FLAG = r"""
    (?<![\w-]) (--?[\w-]{0,32}(?:NAMES)[\w-]{0,16}[\\"']{0,16},?\s{1,4}[\\"']{0,16})
    (?!-|\[MASKED|[\\"']) (?:[^\s"'\\]|\\(?!\\{0,15}["']))+"""


def pairs_of(names: str) -> re.Pattern[str]:
    """Finds values by the names before them, which are a regular expression."""
    return re.compile(_PAIR.replace("NAMES", names), re.IGNORECASE | re.ASCII | re.VERBOSE)


_PAIRS = pairs_of(_NAMES)
_FLAGS = re.compile(_FLAG.replace("NAMES", _NAMES), re.IGNORECASE | re.ASCII | re.VERBOSE)
_COOKIES = re.compile(
    r"""(?ai)(cookie[\\"']{0,16}\s{0,4}[:=]\s{0,4}[\\"']{0,16})(?!\[MASKED)"""
    r"""[^\s;,"'\\=]{1,256}=[^\s;,"'\\]*(?:;\s{0,4}[^\s;,"'\\]+)*"""
)
_AUTHORIZATION = re.compile(
    r"""(?ai)(authorization[\\"']{0,16}\s{0,4}[:=]\s{0,4}[\\"']{0,16})"""
    r"""(?:digest|aws4-hmac-sha256|negotiate|ntlm|hawk|signature)\s[^\n]*"""
)
_SCHEME = re.compile(_START + r"([Bb]earer|BEARER|[Bb]asic|BASIC)\s+(?=\S*[0-9A-Z=])[A-Za-z0-9+/._~=-]{8,}")
_QUERY = re.compile(r"""(?ai)([?&](?:[a-z-]{0,16}signature|sig|key|auth|code|pw|pass)=)(?!\[MASKED)[^&\s"'\#\\]+""")
_URL_CREDENTIALS = re.compile(
    r"""://(?:[^/\s?\#"']{1,512}|[^/\s:@?\#"']{0,128}:(?![0-9]{1,5}[/?\#])[^\s@"']{1,256})@(?=[\w\[])"""
)
# "postgres//user:password@host": who mistypes an address finds it in an error message.
_MISTYPED_URL_CREDENTIALS = re.compile(r"""(?<!:)//[^/\s:@?\#"']{1,128}:[^/\s@"']{1,256}@(?=[\w\[])""")
_KEYS = re.compile(
    rf"{_START}(?:"
    r"sk-[A-Za-z0-9_-]{16,}"
    r"|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{8,}"
    r"|whsec_[A-Za-z0-9+/=]{16,}"
    r"|gh[opsur]_[A-Za-z0-9]{20,}"
    r"|github_pat_[A-Za-z0-9_]{20,}"
    r"|glpat-[A-Za-z0-9_-]{15,}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{16}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,}"
    r"|xapp-[A-Za-z0-9-]{10,}"
    r"|hooks\.slack\.com/[A-Za-z0-9_/-]{10,}"
    r"|AIza[A-Za-z0-9_-]{30,}"
    r"|ya29\.[A-Za-z0-9_-]{16,}"
    r"|GOCSPX-[A-Za-z0-9_-]{16,}"
    r"|hf_[A-Za-z0-9]{20,}"
    r"|(?:gsk|r8|npm)_[A-Za-z0-9]{20,}"
    r"|(?:xai|pplx)-[A-Za-z0-9]{20,}"
    r"|pypi-[A-Za-z0-9_-]{20,}"
    r"|dop_v1_[a-f0-9]{20,}"
    r"|lsv2_[ps]t_[A-Za-z0-9_]{20,}"
    r"|SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?"
    r")"
)
_PEM = re.compile(r"-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,32}PRIVATE KEY-----|\Z)", re.DOTALL)
_EMAIL = re.compile(r"[\w.%+-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_DIGITS = re.compile(r"(?<![0-9])(?P<escape>\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2})?(?P<digits>[0-9]+(?:[ -][0-9]+)*)")
_IBAN = re.compile(rf"{_START}[A-Za-z]{{2}}[0-9]{{2}}(?:[ -]?[A-Za-z0-9]){{11,60}}(?![A-Za-z0-9])")
_CARD = re.compile(
    r"4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})"  # Visa
    r"|5[1-5][0-9]{14}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}"  # Mastercard
    r"|3[47][0-9]{13}"  # American Express
    r"|3(?:0[0-5]|[689][0-9])[0-9]{11}"  # Diners Club
    r"|35[0-9]{14,17}"  # JCB
    r"|(?:50|5[6-9]|6[0-9])[0-9]{11,17}"  # Maestro, Discover, UnionPay
)
# Only where it is asked for, because many other numbers look the same.
_PHONE = re.compile(
    r"(?<![\w.+-])(?:"
    r"\+[1-9](?:[ ()./-]{0,3}[0-9]){6,14}"  # +49 30 1234567
    r"|\(?0[1-9][0-9]{0,4}\)?[ /-](?:[ /-]?[0-9]){4,10}"  # 030 1234567
    r"|\(?[2-9][0-9]{2}\)?[ .-][0-9]{3}[.-][0-9]{4}"  # (212) 555-0100
    r")(?![\w])"
)
_PHONE_KEYS = ("phone", "phone_number", "telephone", "mobile", "mobile_number", "fax", "msisdn")


def mask(data: Any) -> Any:
    """A copy of decoded JSON with secrets and personal data replaced, in keys, values and free text.

    Tuples and bytes, which attributes of spans may be, stay what they are; bytes with a secret become text.
    """
    if isinstance(data, str):
        return mask_text(data)
    if isinstance(data, Mapping):
        return {mask_text(key): mask_field(key, value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return type(data)(mask(item) for item in data)
    if isinstance(data, bytes):
        text = data.decode("utf-8", "replace")
        masked = mask_text(text)
        return data if masked == text else masked
    if isinstance(data, int | float) and not isinstance(data, bool):
        return mask_number(data)
    return data


def mask_field(key: str, value: Any) -> Any:
    """A field's value as `mask` has it; hidden whatever it is where the field's name says so."""
    return HIDDEN if _hides(key, value) else mask(value)


def mask_text(text: str) -> str:
    """Free text with secrets and personal data replaced; cut after MAX_TEXT characters."""
    cut = len(text) > MAX_TEXT
    text = _PEM.sub("[MASKED:key]", text[: MAX_TEXT + _MARGIN])
    text = _KEYS.sub("[MASKED:key]", text)
    text = _COOKIES.sub(rf"\1{HIDDEN}", text)
    text = _AUTHORIZATION.sub(rf"\1{HIDDEN}", text)
    text = _PAIRS.sub(_mask_pair, text)
    text = _FLAGS.sub(rf"\1{HIDDEN}", text)
    text = _SCHEME.sub(rf"\1 {HIDDEN}", text)
    text = _QUERY.sub(rf"\1{HIDDEN}", text)
    if "@" in text or "%40" in text:
        text = _URL_CREDENTIALS.sub(f"://{HIDDEN}@", text)
        text = _MISTYPED_URL_CREDENTIALS.sub(f"//{HIDDEN}@", text)
        text = _EMAIL.sub("[MASKED:email]", text)
    text = mask_numbers(text)
    if _added.pairs is not None:
        text = _added.pairs.sub(_mask_pair, text)
    for pattern, replacement in _added.patterns:
        text = pattern.sub(replacement, text)
    return text[:MAX_TEXT] + _CUT if cut else text


def mask_numbers(text: str) -> str:
    """The text without card numbers and IBANs."""
    text = _DIGITS.sub(lambda found: (found["escape"] or "") + _mask_card(found["digits"]), text)
    return _IBAN.sub(lambda found: _mask_iban(found.group()), text)


def mask_number(number: float) -> float | str:
    whole = abs(int(number)) if isinstance(number, int) or number.is_integer() else 0
    return "[MASKED:card]" if whole >= 10**12 and is_card(str(whole)) else number


def _mask_pair(found: re.Match[str]) -> str:
    opened = found["slashed"] or found["quoted"] or found["opened"] or ""
    return f"{found['lead']}{opened}{HIDDEN}"


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
    if re.search(r"(?:api|access|account|private|signing|encryption|ssh)key", name) is not None:
        return True
    words = _words_of(key)
    return not _added.names.isdisjoint("".join(words[place:]) for place in range(len(words)))


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
    """Replaces each IBAN that starts at any group of the text and ends at a later group's end."""
    groups = re.split(r"([ -])", text)
    for start in range(0, len(groups), 2):
        if not re.match(r"[A-Za-z]{2}[0-9]{2}", groups[start]):
            continue
        for end in range(len(groups) - 1, start - 1, -2):
            if is_iban("".join(groups[start : end + 1 : 2])):
                return "".join(groups[:start]) + "[MASKED:iban]" + _mask_iban("".join(groups[end + 1 :]))
    return text


def is_iban(text: str) -> bool:
    if not 15 <= len(text) <= 34 or not text.isascii():
        return False
    rearranged = (text[4:] + text[:4]).upper()
    return int("".join(str(int(character, 36)) for character in rearranged)) % 97 == 1


# --- what a user adds ---


@dataclass(frozen=True, slots=True)
class _Added:
    """What is masked beside what always is. `names` are the keys' words, joined; `signs` announce all of it."""

    keys: frozenset[tuple[str, ...]] = frozenset()
    names: frozenset[str] = frozenset()
    pairs: re.Pattern[str] | None = None
    patterns: tuple[tuple[re.Pattern[str], str], ...] = ()
    signs: tuple[re.Pattern[str], ...] = ()


_added = _Added()


def add(*, keys: Iterable[str] = (), patterns: Iterable[str | re.Pattern[str]] = (), phones: bool = False) -> None:
    """Masks more, in this process from now on. What was added stays; adding it again changes nothing.

    `keys` are names of fields whose values are hidden, in any spelling: `customer_number` is also `customerNumber` and
    `app.customer-number`; in free text too, before = or a colon. `patterns` are regular expressions, and what one
    matches becomes [MASKED]. `phones` masks telephone numbers. SIGNALFIRE_MASK_KEYS (names with commas between them)
    and SIGNALFIRE_MASK_PHONES do the same. Raises re.error for a pattern that is none.
    """
    global _added
    phones = phones or os.environ.get("SIGNALFIRE_MASK_PHONES", "").strip().lower() in TRUE
    named = {*keys, *os.environ.get("SIGNALFIRE_MASK_KEYS", "").split(","), *(_PHONE_KEYS if phones else ())}
    all_keys = _added.keys | {words for words in map(_words_of, named) if words}
    new = [(re.compile(pattern), HIDDEN) for pattern in patterns] + ([(_PHONE, "[MASKED:phone]")] if phones else [])
    all_patterns = tuple(dict.fromkeys((*_added.patterns, *new)))
    if (all_keys, all_patterns) == (_added.keys, _added.patterns):
        return
    spelled = "|".join(sorted(r"[_\-\ .]?".join(map(re.escape, words)) for words in all_keys))
    names = rf"(?<![^\W_])(?:{spelled})"
    _added = _Added(
        keys=all_keys,
        names=frozenset("".join(words) for words in all_keys),
        pairs=pairs_of(names) if all_keys else None,
        patterns=all_patterns,
        signs=(
            *((re.compile(names, re.IGNORECASE | re.VERBOSE),) if all_keys else ()),
            *(pattern for pattern, _ in all_patterns),
        ),
    )
    _look_again()


def problems(keys: Any = (), patterns: Any = ()) -> list[str]:
    """What is wrong with the keywords `mask_keys` and `mask_patterns`, one line each."""
    found = []
    if isinstance(keys, str) or not _all_are(keys, str) or not all(map(_words_of, keys)):
        found.append(f'mask_keys is {mask_text(repr(keys))}: write a list of names, for example ["customer_number"]')
    if isinstance(patterns, str) or not _all_are(patterns, str | re.Pattern):
        found.append(f'mask_patterns is {mask_text(repr(patterns))}: write a list, for example [r"CUST-[0-9]{{6}}"]')
        return found
    for pattern in patterns:
        try:
            if re.search(pattern, ""):
                found.append(f"mask_patterns has {pattern!r}, which matches the empty text: write one that does not")
        except (re.error, TypeError) as error:
            found.append(f"mask_patterns has {pattern!r}, which is no regular expression ({error}): correct it")
    return found


def _all_are(items: Any, kind: Any) -> bool:
    return isinstance(items, Iterable) and all(isinstance(item, kind) for item in items)


def _words_of(key: str) -> tuple[str, ...]:
    """The words of a field's name, in lower case: customerNumber, customer-number and CUSTOMER_NUMBER have the same."""
    separated = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).lower()
    return tuple(word for word in re.split(r"[\W_]+", separated) if word)


def _look_again() -> None:
    """Forgets which texts and names held nothing to mask."""
    _known_clean.clear()
    is_sensitive.cache_clear()
    has_sign_in_key.cache_clear()
