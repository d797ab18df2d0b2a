"""Secrets and personal data are replaced before anything leaves the process: log lines, spans, errors.

A line is looked at twice. `suspicious` looks at its fields for cheap signs (a word, an @, a long run of digits) and
lets nearly every line pass within a microsecond or two; texts that it has seen before cost next to nothing. Only a
text with a sign is searched, and there the patterns are exact: a card number must pass Luhn's check, an IBAN its own.

The time grows with the length of a text and no faster: what repeats in a pattern is bounded, and what was read of a
value is not read again.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import orjson

from signalfire._internal.environment import TRUE
from signalfire._internal.json import dumps
from signalfire.masking.addresses import mask_addresses, mask_credentials
from signalfire.masking.keys import mask_blocks, mask_keys
from signalfire.masking.marks import HIDDEN
from signalfire.masking.names import hides, is_id_of_tracing, tells_secret, words_of
from signalfire.masking.numbers import is_card, mask_number, mask_numbers, passes_luhn
from signalfire.masking.pairs import mask_named, mask_pairs, may_have_pair
from signalfire.masking.phrases import mask_phrases
from signalfire.masking.signs import has_address, has_key, has_name, has_number, has_phrase

__all__ = ["HIDDEN", "MAX_TEXT", "add", "has_sign", "is_card", "is_sensitive", "mask", "mask_field", "mask_text"]
__all__ += ["passes_luhn", "problems", "suspicious"]

MAX_TEXT = 16_384  # characters of one string that are logged, so that the patterns' cost stays bounded
_CUT = "…[cut]"
_MARGIN = 512  # characters beyond MAX_TEXT that are searched, so that no secret is cut before it is found

# The commonest texts that come once only: UUIDs, ids of traces.
_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HEX = re.compile(r"[0-9a-fA-F-]{1,36}")
_LENGTHS_OF_IDS = (32, 36)

_MAX_KNOWN = 8192
_MAX_KNOWN_LENGTH = 200
_known_clean: set[str] = set()


Masker = Callable[[str], str]

# --- the first look ---


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
        return _arguments_masked(decoded) is not None or any(
            has_sign_inside(item) or (type(item) is str and is_sensitive(item)) for item in decoded
        )
    if isinstance(decoded, dict):
        return suspicious(decoded) or any(type(value) is str and is_sensitive(value) for value in decoded.values())
    return suspicious({"": decoded})


@lru_cache(maxsize=4096)
def has_sign_in_key(key: object) -> bool:
    return not isinstance(key, str) or is_sensitive(key) or key in _BY_FORM or has_sign(key)


def has_sign(text: str) -> bool:
    """Whether a text holds something to mask. What holds nothing is remembered, which no secret ever is."""
    if text in _known_clean:
        return False
    if len(text) > MAX_TEXT:
        return True
    lower = text.lower()
    if _has_sign(text, lower) and _masked(text) != text:
        return True
    if _added.signs and any(sign.search(text) for sign in _added.signs):
        return True
    if len(text) <= _MAX_KNOWN_LENGTH:
        if len(_known_clean) >= _MAX_KNOWN:
            _known_clean.clear()
        _known_clean.add(text)
    return False


# --- masking ---


def mask(data: Any) -> Any:
    """A copy of decoded JSON with secrets and personal data replaced, in keys, values and free text.

    Tuples and bytes, which attributes of spans may be, stay what they are; bytes with a secret become text.
    """
    if isinstance(data, str):
        return mask_text(data)
    if isinstance(data, Mapping):
        return _mask_mapping(data)
    if isinstance(data, list | tuple):
        return type(data)(_mask_items(data))
    if isinstance(data, bytes):
        text = data.decode("utf-8", "replace")
        masked = mask_text(text)
        return data if masked == text else masked
    if isinstance(data, int | float) and not isinstance(data, bool):
        return mask_number(data)
    return data


_NAMES_OF_NAMES = (
    *("name", "key", "field", "header", "param", "parameter", "variable", "property", "option", "k", "Name", "Key"),
    *("fieldName", "field_name", "propertyName", "PropertyName", "property_name", "column", "attribute", "attr"),
    # Where a validator stood: a list of names, or a path of them.
    *("loc", "path", "instancePath", "dataPath", "json_path"),
)
_NAMES_OF_VALUES = frozenset(
    [
        *("value", "val", "v", "values", "content", "data", "default", "stringvalue", "string_value", "rawvalue"),
        *("raw_value", "input", "input_value", "inputvalue", "rejectedvalue", "rejected_value", "attemptedvalue"),
        *("attempted_value", "invalidvalue", "invalid_value", "invalid", "received", "actual", "given", "old", "new"),
        *("oldvalue", "newvalue", "old_value", "new_value", "before", "after", "from", "to", "previous", "current"),
        *("original", "instance", "ctx"),
    ]
)


def _mask_mapping(data: Mapping[Any, Any]) -> dict[Any, Any]:
    """`{"name": "password", "value": …}` hides the value as `{"password": …}` does."""
    name = _name_beside(data)
    if name is None:
        if "logprob" in data:  # a token of a model's answer, with how likely it was
            return {mask_text(key): mask(value) for key, value in data.items()}
        return {mask_text(key): mask_field(key, value) for key, value in data.items()}
    return {
        mask_text(key): mask_field(name if key.lower() in _NAMES_OF_VALUES else key, value)
        for key, value in data.items()
    }


def _name_beside(data: Mapping[Any, Any]) -> str | None:
    """The telling name that an object has as a value: of a header, of a field that a validator refused."""
    for key in _NAMES_OF_NAMES:
        value = data.get(key)
        parts = value if isinstance(value, list | tuple) else (value,)
        for part in parts:
            if isinstance(part, str | bytes) and is_sensitive(_as_text(part)):
                return _as_text(part)
    return None


def _mask_items(items: list[Any] | tuple[Any, ...]) -> Iterable[Any]:
    """The items masked; what stands behind a telling name, as in a list of headers or of arguments, is hidden.

    In lists without options names have even places, so that a list of the names of fields stays as it is.
    """
    name: str | None = None
    items = _arguments_masked(items) or items
    for place, item in enumerate(items):
        if name is not None:
            yield mask_field(name, item)
            name = None
            continue
        yield mask(item)
        if isinstance(item, str | bytes):
            text = _as_text(item)
            is_name = text.startswith("-") or (place % 2 == 0 and len(items) % 2 == 0)
            name = text if is_name and "=" not in text and is_sensitive(text) else None


def _arguments_masked(items: list[Any] | tuple[Any, ...]) -> list[Any] | None:
    """A list of arguments as its text is masked, where that hides one: `["curl", "-u", "joe:…"]`."""
    if not any(isinstance(item, str) and item.startswith("-") for item in items):
        return None
    if not all(isinstance(item, str) for item in items):
        return None
    text = dumps(list(items)).decode()
    if len(text) > MAX_TEXT or not has_sign(text):
        return None
    try:
        masked = orjson.loads(mask_text(text))
    except orjson.JSONDecodeError:
        return None
    return masked if isinstance(masked, list) and len(masked) == len(items) else None


def _is_login(value: Any) -> bool:
    """A user and a password, as clients of HTTP take them."""
    return isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(part, str | bytes) for part in value)


def _is_pin(value: Any) -> bool:
    """Four to eight digits: a card's or a user's PIN. The pins of a microcontroller have fewer."""
    return isinstance(value, str | int) and not isinstance(value, bool) and _PIN.fullmatch(str(value)) is not None


_PIN = re.compile(r"[0-9]{4,8}")
# Names that tell of a secret only where the value is built like one.
_BY_FORM: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("auth", "basic_auth", "http_auth", "proxy_auth", "basicAuth"), _is_login),
    **dict.fromkeys(("pin", "PIN", "Pin"), _is_pin),
    "_auth": lambda value: isinstance(value, str) and bool(value),
}


def _as_text(item: str | bytes) -> str:
    return item.decode("utf-8", "replace") if isinstance(item, bytes) else item


def mask_field(key: str, value: Any) -> Any:
    """A field's value as `mask` has it; hidden whatever it is where the field's name says so."""
    if is_sensitive(key) and hides(key, value):
        return HIDDEN
    if key == "loc" and isinstance(value, list | tuple):
        return type(value)(map(mask, value))  # names, none of which has its value behind it
    if key in _BY_FORM and _BY_FORM[key](value):
        return HIDDEN
    if is_id_of_tracing(key) and (isinstance(value, int) or (isinstance(value, str) and _HEX.fullmatch(value))):
        return value
    return mask(value)


def mask_text(text: str) -> str:
    """Free text with secrets and personal data replaced; cut after MAX_TEXT characters."""
    if text in _known_clean:
        return text
    cut = len(text) > MAX_TEXT
    text = text[: MAX_TEXT + _MARGIN]
    if _has_sign(text, text.lower()):
        text = _masked(text)
    if _added.pairs is not None:
        text = _added.pairs(text)
    for pattern, replacement in _added.patterns:
        text = pattern.sub(replacement, text)
    return text[:MAX_TEXT] + _CUT if cut else text


def _has_sign(text: str, lower: str) -> bool:
    if len(text) in _LENGTHS_OF_IDS and _ID.fullmatch(text):
        return False
    named = has_name(lower)
    return (
        (named and ("private" in lower or may_have_pair(lower)))
        or has_phrase(lower, named=named)
        or has_address(lower, named=named)
        or has_key(text, lower)
        or has_number(lower)
    )


def _masked(text: str) -> str:
    """A text without what is masked always: private keys first, because they hold anything; numbers last."""
    lower = text.lower()
    named = has_name(lower)
    if named and ("private" in lower or "<rsa" in lower):
        text = mask_blocks(text)
    if has_key(text, lower):
        text = mask_keys(text)
    if "@" in lower and "//" in lower:
        text = mask_credentials(text)
    if named:
        text = mask_pairs(text)
    if has_phrase(lower, named=named):
        text = mask_phrases(text)
    if has_address(lower, named=named):
        text = mask_addresses(text)
    return mask_numbers(text) if has_number(lower) else text


@lru_cache(maxsize=4096)
def is_sensitive(key: str) -> bool:
    """Whether a field of this name holds a secret whatever its value looks like."""
    return tells_secret(key) or _is_added(key)


# --- what a user adds ---

# Only where it is asked for, because many other numbers look the same.
_PHONE = re.compile(
    r"(?<![\w.+-])(?:"
    r"\+[1-9](?:[ ()./-]{0,3}[0-9]){6,14}"  # +49 30 1234567
    r"|\(?0[1-9][0-9]{0,4}\)?[ /-](?:[ /-]?[0-9]){4,10}"  # 030 1234567
    r"|\(?[2-9][0-9]{2}\)?[ .-][0-9]{3}[.-][0-9]{4}"  # (212) 555-0100
    r")(?![\w])"
)
_PHONE_KEYS = ("phone", "phone_number", "telephone", "mobile", "mobile_number", "fax", "msisdn")


@dataclass(frozen=True, slots=True)
class _Added:
    """What is masked beside what always is. `names` are the keys' words, joined; `signs` announce all of it."""

    keys: frozenset[tuple[str, ...]] = frozenset()
    names: frozenset[str] = frozenset()
    pairs: Masker | None = None
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
    all_keys = _added.keys | {words for words in map(words_of, named) if words}
    new = [(re.compile(pattern), HIDDEN) for pattern in patterns] + ([(_PHONE, "[MASKED:phone]")] if phones else [])
    all_patterns = tuple(dict.fromkeys((*_added.patterns, *new)))
    if (all_keys, all_patterns) == (_added.keys, _added.patterns):
        return
    spelled = "|".join(sorted(r"[_\- .]?".join(map(re.escape, words)) for words in all_keys))
    names = re.compile(rf"(?<![^\W_])(?:{spelled})", re.IGNORECASE)
    _added = _Added(
        keys=all_keys,
        names=frozenset("".join(words) for words in all_keys),
        pairs=partial(mask_named, stems=names, tells=_is_added) if all_keys else None,
        patterns=all_patterns,
        signs=(*((names,) if all_keys else ()), *(pattern for pattern, _ in all_patterns)),
    )
    _look_again()


@lru_cache(maxsize=4096)
def _is_added(key: str) -> bool:
    words = words_of(key)
    return not _added.names.isdisjoint("".join(words[place:]) for place in range(len(words)))


def problems(keys: Any = (), patterns: Any = ()) -> list[str]:
    """What is wrong with the keywords `mask_keys` and `mask_patterns`, one line each."""
    found = []
    if isinstance(keys, str) or not _all_are(keys, str) or not all(map(words_of, keys)):
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


def _look_again() -> None:
    """Forgets which texts and names held nothing to mask."""
    _known_clean.clear()
    is_sensitive.cache_clear()
    has_sign_in_key.cache_clear()
    _is_added.cache_clear()
