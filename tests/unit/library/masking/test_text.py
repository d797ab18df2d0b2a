"""Secrets and personal data never leave the process in a log line."""

import logging
import re
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
import pydantic
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from signalfire import setup_logging
from signalfire._internal.json import dumps
from signalfire.logs.line import line
from signalfire.masking import iban
from signalfire.masking import text as masking
from signalfire.settings import SettingError

from tests.unit.library.helpers import Lines
from tests.unit.library.secret_corpus import LEFT, MASKED, secret_of

KINDS = {kind for kind, _, _ in MASKED}


@pytest.mark.parametrize(("kind", "masked", "text"), MASKED)
def test_the_corpus_of_secrets(kind: str, masked: str, text: str) -> None:
    assert masking.mask_text(text) == masked
    assert masking.mask_text(masked) == masked
    assert orjson.loads(logged(message=text)) == {"message": masked}


@pytest.mark.parametrize(("kind", "text"), LEFT)
def test_the_corpus_of_what_is_no_secret(kind: str, text: str) -> None:
    assert masking.mask_text(text) == text
    assert orjson.loads(logged(message=text)) == {"message": text}


def test_the_corpus_is_whole() -> None:
    assert len(MASKED) > 100
    expected = "password openai anthropic aws gcp github slack stripe jwt bearer basic url pem connection token cookie"
    assert set(f"{expected} card email iban".split()) <= KINDS


@dataclass
class Account:
    name: str
    password: str


class Model(pydantic.BaseModel):
    name: str
    api_key: str
    inner: Any = None


class Pair(NamedTuple):
    user: str
    token: str


@pytest.mark.parametrize(
    "value",
    [
        Account("joe", "hunter2"),
        Model(name="joe", api_key="hunter2"),
        Model(name="joe", api_key="x", inner={"a": [Account("joe", "hunter2")]}),
        Pair("joe", "hunter2"),
        [Pair("joe", "hunter2"), 10**30],  # too big for JSON, so rendered another way
        {"deep": ({"set": frozenset({Pair("joe", "hunter2")})},)},
        ValueError("password=hunter2"),
        {"headers": [("Authorization", "Bearer hunter2hunter2")]},
        {"headers": [b"cookie: sid=hunter2"]},
    ],
    ids=range(9),
)
def test_secrets_in_objects_are_masked_by_their_names(value: Any) -> None:
    found = logged(message="x", thing=value)
    assert "hunter2" not in found
    assert masking.HIDDEN in found


def test_models_and_named_tuples_keep_their_fields() -> None:
    found = orjson.loads(logged(message="x", model=Model(name="joe", api_key="k"), pair=Pair("joe", "t"), n=10**30))
    assert found["model"] == {"name": "joe", "api_key": "[MASKED]", "inner": None}
    assert logged(thing=Pair("joe", "t")) == '{"thing":{"user":"joe","token":"[MASKED]"}}'


class BrokenModel(pydantic.BaseModel):
    password: str

    def model_dump(self, **_: Any) -> dict[str, Any]:
        raise RuntimeError("no")


def test_a_model_that_cannot_be_dumped_is_text() -> None:
    assert (
        logged(message="x", thing=BrokenModel(password="hunter2")) == '{"message":"x","thing":"password=\'[MASKED]\'"}'
    )
    assert "Model" in logged(message="x", thing=Model)


# What may stand right before and after a secret.
around = st.sampled_from([" ", "\n", "\t", '" "', " (", ", ", "\r\n", "\u2028", "\x1b[31m ", "\0 ", "\ud800 "])
noise = st.text(st.characters(exclude_categories=()), max_size=30)
secrets = st.sampled_from([(text, secret_of(masked, text)) for _, masked, text in MASKED])
wrappings: list[Callable[[Any], Any]] = [
    lambda inner: inner,
    lambda inner: [1, inner],
    lambda inner: {"a": {"b": inner}},
    lambda inner: (None, inner, True),
    lambda inner: Thing(str(inner)),
    lambda inner: ValueError(inner),
    lambda inner: Model(name="x", api_key="y", inner=inner),
    lambda inner: str(inner).encode("utf-8", "replace"),
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secret=secrets, before=noise, space=around, after=noise, wraps=st.lists(st.sampled_from(wrappings), max_size=3))
def test_no_secret_leaves_in_a_line(
    lines: Lines, secret: tuple[str, str], before: str, space: str, after: str, wraps: list[Any]
) -> None:
    text, hidden = secret
    value: Any = f"{before}{space}{text}{space}{after}"
    for wrap in wraps:
        value = wrap(value)
    lines.text.clear()
    line.emit(logging.ERROR, "a", "failed", {"value": value}, ValueError(f"{before}{space}{text}{space}"))
    assert hidden not in lines.raw
    assert orjson.dumps(hidden).decode()[1:-1] not in lines.raw
    assert_one_line(lines.raw)
    decoded = orjson.loads(lines.raw)
    assert masking.mask(decoded) == decoded or hidden not in str(masking.mask(decoded))


def assert_one_line(raw: str) -> None:
    assert len(raw.splitlines()) == 1
    assert raw.endswith("\n")
    assert not re.search("[\x00-\x09\x0b-\x1f\x80-\x9f\u2028\u2029\ud800-\udfff]", raw)
    assert isinstance(orjson.loads(raw), dict)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=noise, key=noise)
def test_control_characters_forge_no_line(lines: Lines, text: str, key: str) -> None:
    lines.text.clear()
    line.emit(logging.INFO, text, text, {key: text, "deep": {key: [text]}}, ValueError(text))
    assert_one_line(lines.raw)


@given(st.lists(st.sampled_from([text for _, _, text in MASKED]), max_size=4), noise)
def test_masking_the_corpus_twice_changes_no_more(texts: list[str], between: str) -> None:
    once = masking.mask_text(f" {between} ".join(texts))
    assert masking.mask_text(once) == once


@pytest.fixture
def additions() -> Iterator[None]:
    """Takes back what a test adds to what is masked."""
    before = masking._added
    yield
    masking._added = before
    masking._look_again()


@pytest.mark.usefixtures("additions")
def test_what_a_user_adds_is_masked_too() -> None:
    fields = {"customerNumber": 12345, "message": "customer-number: C77 of CUST-000042", "app.Customer Number": "x"}
    assert orjson.loads(logged(**fields)) == fields  # looked at, and remembered as clean, before
    for _ in range(2):
        masking.add(keys=["customer_number"], patterns=[r"CUST-[0-9]{6}"])
    assert orjson.loads(logged(**fields)) == {
        "customerNumber": "[MASKED]",
        "message": "customer-number: [MASKED] of [MASKED]",
        "app.Customer Number": "[MASKED]",
    }
    assert len(masking._added.patterns) == 1
    left = {"customer": 1, "number": 2, "message": "customer 5, number: 6", "my_customer_number_count": 3}
    assert orjson.loads(logged(**left)) == left


@pytest.mark.usefixtures("additions")
@pytest.mark.parametrize(
    "text", ["+49 30 1234567", "+1 (212) 555-0100", "030 1234567", "(030) 123-4567", "212-555-0100", "+4915112345670"]
)
def test_phone_numbers_are_masked_where_asked(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert text in logged(message=f"call {text} now", phone=text)
    monkeypatch.setenv("SIGNALFIRE_MASK_PHONES", "true")
    masking.add()
    found = orjson.loads(logged(message=f"call {text} now", phone=text, mobileNumber=5))
    assert found == {"message": "call [MASKED:phone] now", "phone": "[MASKED]", "mobileNumber": "[MASKED]"}
    for left in ("2026-11-21T19:43:05Z", "10.20.30.40", "203.0.113.10", "id 1234567890", "6f1c8e0a-98d7-4c1e"):
        assert masking.mask_text(left) == left


@pytest.mark.usefixtures("additions")
def test_keys_may_be_added_by_the_environment_and_by_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALFIRE_MASK_KEYS", "patient, ward_code,")
    stream = Lines()
    setup_logging("shop", stream=stream, mask_keys=["room"], mask_patterns=[re.compile("x+y")])  # type: ignore[arg-type]
    logging.getLogger("a").info("the xxy", extra={"patient": "joe", "WardCode": 7, "room": [1], "other": 1})
    (row,) = stream.all
    assert (row["patient"], row["WardCode"], row["room"], row["other"]) == ("[MASKED]", "[MASKED]", "[MASKED]", 1)
    assert row["message"] == "the [MASKED]"


@pytest.mark.parametrize(
    ("keywords", "told"),
    [
        ({"mask_keys": "ssn"}, "mask_keys is 'ssn': write a list"),
        ({"mask_keys": ["--"]}, "mask_keys is ['--']: write a list"),
        ({"mask_keys": 5}, "mask_keys is 5: write a list"),
        ({"mask_patterns": r"\d"}, "mask_patterns is"),
        ({"mask_patterns": ["("]}, "mask_patterns has '(', which is no regular expression"),
        ({"mask_patterns": [re.compile(b"x")]}, "which is no regular expression"),
        ({"mask_patterns": ["x*"]}, "mask_patterns has 'x*', which matches the empty text"),
    ],
)
def test_what_cannot_be_added_is_told(keywords: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingError, match=re.escape(told)):
        setup_logging("shop", **keywords)


CARDS = ["4111111111111111", "4222222222222", "5555555555554444", "2223003122003222", "378282246310005"]
CARDS += ["6011111111111117", "3530111333300000", "30569309025904", "6304000000000000", "4111111111111111110"[:16]]
IBANS = ["DE89370400440532013000", "GB29NWBK60161331926819", "FR1420041010050500013M02606", "NL91ABNA0417164300"]
IBANS += ["IT60X0542811101000000123456", "KZ86125KZT5004100100", "MT84MALT011000012345MTLCAST001S", "NO9386011117947"]
KEYS = [
    "sk-proj-abcdefghijklmnop1234",
    "sk-ant-api03-abcdefghijklmnop",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "github_pat_11ABCDEFG0123456789abc",
    "glpat-abcdefghijklmnopqrst",
    "AKIAIOSFODNN7EXAMPLE",
    "xoxb-123456789012-abcdefghij",
    "AIzaSyA-1234567890abcdefghijklmnopqrstu",
    "hf_abcdefghijklmnopqrstuvwxyz",
    "sk_live_abcdefghijkl",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
]


def logged(**fields: Any) -> str:
    """What would be written for these fields."""
    rendered = dumps(fields)
    if masking.suspicious(fields):
        rendered = orjson.dumps(masking.mask(orjson.loads(rendered)))
    return rendered.decode()


@pytest.mark.parametrize("secret", CARDS + IBANS + KEYS)
@pytest.mark.parametrize(
    "around", ["{}", "paid with {} yesterday", "({}),", "12 {} 34", '{{"a": "{}"}}', "x\n{}\t\u2028"]
)
def test_secrets_are_masked_wherever_they_stand(secret: str, around: str) -> None:
    text = around.format(secret)
    assert secret not in logged(message=text)
    assert secret not in logged(message="x", nested={"list": [1, {"deep": text}]})
    assert secret not in logged(message="x", **{text: 1})
    assert secret not in logged(message="x", thing=Thing(text))


class Thing:
    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


def groups(number: str, separator: str, sizes: list[int]) -> str:
    parts, place = [], 0
    for size in [*sizes, len(number)]:
        parts.append(number[place : place + size])
        place += size
    return separator.join(part for part in parts if part)


def luhn(digits: str) -> str:
    """The digits with the check digit that makes them pass."""
    return next(digits + check for check in "0123456789" if masking.passes_luhn(digits + check))


cards = st.one_of(
    st.from_regex(r"4[0-9]{14}", fullmatch=True),
    st.from_regex(r"5[1-5][0-9]{13}", fullmatch=True),
    st.from_regex(r"3[47][0-9]{12}", fullmatch=True),
    st.from_regex(r"6011[0-9]{11}", fullmatch=True),
).map(luhn)


@given(
    card=cards,
    separator=st.sampled_from(["", " ", "-"]),
    sizes=st.lists(st.integers(1, 6), max_size=5),
    before=st.text(string.ascii_letters + " .,:", max_size=20).map(
        lambda text: f"{text} " if text[-1:].isalpha() else text
    ),
    after=st.text(string.ascii_letters + " .,:", max_size=20).map(
        lambda text: f" {text}" if text[:1].isalpha() else text
    ),
)
def test_every_card_number_that_stands_alone_is_masked_in_any_grouping(
    card: str, separator: str, sizes: list[int], before: str, after: str
) -> None:
    written = groups(card, separator, sizes)
    assert written not in logged(message=before + written + after)


@given(card=cards)
def test_card_numbers_that_are_numbers_are_masked(card: str) -> None:
    assert card not in logged(message="x", card=int(card))
    assert card not in logged(message="x", cards=[int(card)])
    assert card not in logged(message="x", **{card: 1})


def accounts(country: str) -> st.SearchStrategy[str]:
    """What follows the check digits in numbers of that country."""
    classes = {"n": "[0-9]", "a": "[A-Z]", "c": "[0-9]"}
    parts = re.findall(r"([0-9]+)([nac])", iban._BUILT[country])
    return st.from_regex("".join(f"{classes[kind]}{{{count}}}" for count, kind in parts), fullmatch=True)


def with_check_digits(country: str, account: str) -> str:
    rest = int("".join(str(int(character, 36)) for character in account + country + "00"))
    return f"{country}{98 - rest % 97:02d}{account}"


numbers_of_accounts = st.sampled_from(sorted(iban.LENGTHS)).flatmap(
    lambda country: accounts(country).map(lambda account: with_check_digits(country, account))
)


@given(
    number=numbers_of_accounts,
    separator=st.sampled_from(["", " ", "-", "\u00a0"]),
    lower=st.booleans(),
    before=st.sampled_from(["", "to ", "order AB12 was paid by the named customer from the bank account ", "\\n", '"']),
    after=st.sampled_from(["", ".", " thanks", " and 12 more", '", "x"']),
)
def test_every_iban_is_masked(number: str, separator: str, lower: bool, before: str, after: str) -> None:
    written = separator.join(number[place : place + 4] for place in range(0, len(number), 4))
    written = written.lower() if lower else written
    assert masking.mask_text(f"{before}{written}{after}") == f"{before}[MASKED:iban]{after}"


@given(number=numbers_of_accounts, length=st.integers(-3, 3).filter(bool), other=st.sampled_from(["AA", "US", "ZZ"]))
def test_what_has_no_countrys_length_is_no_iban(number: str, length: int, other: str) -> None:
    account = (number[4:] + "000")[: len(number) - 4 + length]
    assert not iban.is_iban(with_check_digits(number[:2], account))
    assert not iban.is_iban(with_check_digits(other, number[4:]))


NAMES = (
    "password Password db_password userPassword passwd PASSPHRASE api_key apiKey X-API-Key secret client_secret token"
)
NAMES += " aws_secret_access_key accessKey private-key access_token refreshToken auth-token Authorization Set-Cookie"
NAMES += " cookie credentials pwd sshKey"


@pytest.mark.parametrize("key", NAMES.split())
@pytest.mark.parametrize("value", ["hunter2", ["hunter2"], {"a": "hunter2"}, 12345])
def test_fields_with_a_secrets_name_are_masked_whatever_they_hold(key: str, value: Any) -> None:
    found = logged(message="x", **{key: value})
    assert "hunter2" not in found
    assert "hunter2" not in logged(message="x", request={"headers": {key: value}})
    if "oken" not in key:  # a number called token is a count
        assert "12345" not in found


@pytest.mark.parametrize(
    "text",
    [
        "password=hunter2",
        "password: hunter2",
        "the password is hunter2",
        "PASSWORD = 'hunter2'",
        '{"password": "hunter2"}',
        "{'api_key': 'hunter2'}",
        '"{\\"password\\":\\"hunter2\\"}"',
        "api key: hunter2",
        "X-Api-Key: hunter2",
        "access_token=hunter2&x=1",
        "Authorization: Bearer hunter2",
        "authorization: hunter2",
        "Bearer hunter2hunter2",
        "Basic aHVudGVyMg==hunter2",
        "postgresql://shop:hunter2@db/shop",
        "https://hunter2@example.org/x",
        "Cookie: hunter2",
        "client_secret=hunter2",
        "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nhunter2",
    ],
)
def test_secrets_in_free_text_are_masked(text: str) -> None:
    assert "hunter2" not in logged(message=text)
    assert "hunter2" not in logged(message="x", error=ValueError(text))


@given(
    local=st.text(string.ascii_letters + string.digits + "._%+-", min_size=1, max_size=30),
    domain=st.from_regex(r"[a-z0-9]{1,20}(\.[a-z]{2,10}){1,3}", fullmatch=True),
)
def test_every_email_is_masked(local: str, domain: str) -> None:
    assert f"{local}@{domain}" not in logged(message=f"mail to <{local}@{domain}>!")


@pytest.mark.parametrize(
    "fields",
    [
        {"input_tokens": 1200, "output_tokens": 80, "max_tokens": 4096},
        {"message": "used 1200 tokens of 4000"},
        {"token": 12},
        {"key": "value", "keyword": "shoes", "monkey": "business"},
        {"message": "task-12 passed, compass at 3pm"},
        {"at": 1795255619123, "micros": 1795255619123456, "nanos": 1795255619123456789},
        {"id": "0af7651916cd43dd8448eb211c80319c", "uuid": "6f1c8e0a-98d7-4c1e-9f7b-2f6a3b1c5d4e"},
        {"phone": "030 1234567", "amount": "1,234,567.89", "version": "10.20.30"},
        {"url": "https://example.org/a/b?c=d", "ratio": 0.4532015112830366},
        {"message": "ab12 is not an IBAN though it begins like one", "none": None, "yes": True},
        {"number": "1234567890123456"},  # no card begins like this
        {"number": "4111111111111112", "other": 4111111111111112},  # begins like one, but fails the check
        {"account": "DE88370400440532013000"},  # the same for an IBAN
    ],
)
def test_what_is_no_secret_stays(fields: dict[str, Any]) -> None:
    assert orjson.loads(logged(**fields)) == fields


def test_only_the_secret_is_replaced() -> None:
    text = "order 12 4111 1111 1111 1111 12/27 for joe@example.com, key=sk-abcdefghijklmnop1234 done"
    assert masking.mask_text(text) == "order 12 [MASKED:card] 12/27 for [MASKED:email], key=[MASKED:key] done"
    assert masking.mask_text("DE89 3704 0044 0532 0130 00 for you") == "[MASKED:iban] for you"


PIECES = (
    "pass word = : token s key api _ - @ . com sk- ghp_ AKIA eyJ hf_ DE89 3704 0044 4111 1111 11111111 // a Z é xoxb-"
)
PIECES += " authorization cookie secret ABCDEFGH 000000000000"
pieces = st.sampled_from(
    [*PIECES.split(), " ", " is ", "bearer ", "Basic ", "\n", '"', "\\", "-----BEGIN PRIVATE KEY-----"]
)
values = st.recursive(
    st.one_of(st.lists(pieces, max_size=12).map("".join), st.integers(), st.floats(allow_nan=False), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.lists(pieces).map("".join), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(fields=st.dictionaries(st.lists(pieces, max_size=4).map("".join), values, max_size=4))
@example({"a": "basic\nA1111111"})
def test_no_secret_gets_past_the_cheap_look(fields: dict[str, Any]) -> None:
    """The first look may be wrong in one direction only."""
    decoded = orjson.loads(dumps(fields))
    if masking.mask(decoded) != decoded:
        assert masking.suspicious(fields)


@given(st.lists(pieces, max_size=12).map("".join))
def test_masking_twice_changes_no_more(text: str) -> None:
    """The collector masks once more what the library has masked."""
    once = masking.mask_text(text)
    assert masking.mask_text(once) == once


HOSTILE = ["a" * 200_000, "1 " * 100_000, "@" * 100_000, "a@" * 60_000, "ab12 " * 40_000, "password " * 20_000]


@pytest.mark.timeout(60)  # a pattern that explodes takes minutes
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_are_cut_and_do_not_take_for_ever(text: str) -> None:
    assert len(masking.mask_text(text)) <= masking.MAX_TEXT + 10


def test_texts_with_secrets_are_not_remembered() -> None:
    masking.has_sign("the password is hunter2")
    masking.has_sign("nothing here")
    assert "nothing here" in masking._known_clean
    assert "the password is hunter2" not in masking._known_clean
    for number in range(20_000):
        masking.has_sign(f"text {number}")
    assert len(masking._known_clean) <= masking._MAX_KNOWN
