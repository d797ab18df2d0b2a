"""Secrets and personal data never leave the process in a log line."""

import string
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from signalfire import masking, plain

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
    rendered = plain.dumps(fields)
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
    before=st.text(string.ascii_letters + " .,:", max_size=20),
    after=st.text(string.ascii_letters + " .,:", max_size=20),
)
def test_every_card_number_is_masked_in_any_grouping(
    card: str, separator: str, sizes: list[int], before: str, after: str
) -> None:
    written = groups(card, separator, sizes)
    assert written not in logged(message=before + written + after)


@given(card=cards)
def test_card_numbers_that_are_numbers_are_masked(card: str) -> None:
    assert card not in logged(message="x", card=int(card))
    assert card not in logged(message="x", cards=[int(card)])
    assert card not in logged(message="x", **{card: 1})


@given(
    country=st.sampled_from(["DE", "GB", "XK", "SE"]),
    account=st.from_regex(r"[A-Z0-9]{11,30}", fullmatch=True),
    grouped=st.booleans(),
    lower=st.booleans(),
    after=st.sampled_from(["", ".", " thanks", " and 12 more"]),
)
def test_every_iban_is_masked(country: str, account: str, grouped: bool, lower: bool, after: str) -> None:
    rest = int("".join(str(int(character, 36)) for character in account + country + "00"))
    iban = f"{country}{98 - rest % 97:02d}{account}"
    written = " ".join(iban[place : place + 4] for place in range(0, len(iban), 4)) if grouped else iban
    written = written.lower() if lower else written
    assert written not in logged(message=f"to {written}{after}")


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
    decoded = orjson.loads(plain.dumps(fields))
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
