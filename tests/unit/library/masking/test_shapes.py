"""Secrets in the shapes in which servers, clients, shells, databases and libraries print them: none is shown."""

import json
import re
from http.cookiejar import Cookie
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import requests.cookies
from hypothesis import given
from hypothesis import strategies as st
from signalfire.masking import text as masking

FILE = Path(__file__).with_name("shapes.tsv")
ESCAPES = {"\\n": "\n", "\\t": "\t", "\\\\": "\\", "~": "", "␛": "\x1b", "␍": "\r"}
SECRET = "hunter2"


class Shape(NamedTuple):
    """A text, and what of it no line may show. In the file it is `hunter2`, or stands in angle quotes."""

    kind: str
    text: str
    secrets: tuple[str, ...]


def shapes() -> list[Shape]:
    found = []
    for row in FILE.read_text(encoding="utf-8").splitlines():
        if row and not row.startswith("#"):
            kind, _, written = row.partition("\t")
            text = re.sub(r"\\[nt\\]|[~␛␍]", lambda match: ESCAPES[match.group()], written)
            secrets = re.findall("‹(.*?)›", text, re.DOTALL) + [SECRET] * (SECRET in text)
            found.append(Shape(kind, re.sub("[‹›]", "", text), tuple(secrets)))
    return found


SHAPES = shapes()


def test_the_corpus_is_large_and_each_shape_has_a_secret() -> None:
    assert len(SHAPES) >= 300
    assert len({shape.text for shape in SHAPES}) == len(SHAPES)
    assert all(shape.secrets for shape in SHAPES)
    kinds = "header cookie list named xml file object query url sql shell words half form"
    kinds += " go validation table protocol"
    assert {shape.kind for shape in SHAPES} == set(kinds.split())


def assert_hidden(text: str, secrets: tuple[str, ...]) -> None:
    masked = masking.mask_text(text)
    assert not [secret for secret in secrets if secret in masked], masked
    assert masking.mask_text(masked) == masked
    assert masking.has_sign(text)


@pytest.mark.parametrize("shape", SHAPES, ids=[f"{number} {shape.kind}" for number, shape in enumerate(SHAPES)])
def test_no_shape_shows_its_secret(shape: Shape) -> None:
    assert_hidden(shape.text, shape.secrets)
    assert_hidden(f"failed:\n{shape.text}\nretrying", shape.secrets)
    assert not [secret for secret in shape.secrets if secret in json.dumps(masking.mask({"a": [{"b": shape.text}]}))]


@pytest.mark.parametrize("shape", SHAPES, ids=[f"{number} {shape.kind}" for number, shape in enumerate(SHAPES)])
def test_nor_does_it_where_it_is_quoted_once_more(shape: Shape) -> None:
    for quoted in (repr(shape.text), json.dumps(shape.text), repr(shape.text.encode())):
        masked = masking.mask_text(f"error: {quoted}")
        assert not [secret for secret in shape.secrets if secret in masked], masked


NAMES = [
    "password",
    "DB_PASS",
    "pass",
    "sessionid",
    "session_id",
    "PHPSESSID",
    "x-api-key",
    "api_key",
    "client_secret",
    "cookie",
    "X-CSRFToken",
    "jwt",
]
SCHEMES = [
    "SSWS",
    "Bearer",
    "Basic",
    "Token",
    "ApiKey",
    "GenieKey",
    "Splunk",
    "NTLM",
    "Hawk",
    "MAC",
    "OAuth",
    "AWS",
    "Digest",
    "SharedKey",
    "DPoP",
    "Custom",
]
SAFE = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.~+/-"
values = st.text(SAFE, min_size=8, max_size=24).filter(lambda text: text[0].isalnum() and not text.isdigit())
forms = st.sampled_from(
    [
        "{name}={value}",
        "{name}: {value}",
        '"{name}": "{value}"',
        "'{name}': '{value}'",
        "{name} => '{value}'",
        "(b'{name}', b'{value}')",
        '["{name}", "{value}"]',
        '{{"name": "{name}", "value": "{value}"}}',
        "name='{name}', value='{value}'",
        '<p name="{name}" value="{value}"/>',
        '<p name="{name}">{value}</p>',
        "--{name} {value}",
        "--{name}={value}",
        "{name}: |\n  {value}\n",
        "{name}:\n  - {value}\n",
        "?{name}={value}&a=1",
        "{name} is {value}",
        "{name}=SecretStr('{value}')",
        "{name} := `{value}`",
    ]
)


@given(name=st.sampled_from(NAMES), value=values, form=forms)
def test_every_telling_name_hides_its_value_in_every_form(name: str, value: str, form: str) -> None:
    assert value not in masking.mask_text(form.format(name=name, value=value))


@given(scheme=st.sampled_from(SCHEMES), value=values, header=st.sampled_from(["Authorization", "proxy-authorization"]))
def test_every_scheme_of_authorization_is_hidden(scheme: str, value: str, header: str) -> None:
    assert value not in masking.mask_text(f"{header}: {scheme} {value}")
    assert value not in masking.mask_text(f"-H '{header}: {scheme} {value}'")
    assert value not in masking.mask_text(repr([(header.encode(), f"{scheme} {value}".encode())]))


texts_of_cookies = st.text(SAFE + '," =:()[]{}', min_size=0, max_size=12)


@given(st.lists(texts_of_cookies, max_size=4), values)
def test_the_last_cookie_is_hidden_whatever_stands_before_it(before: list[str], value: str) -> None:
    cookies = [f"c{number}={text.strip()}" for number, text in enumerate(before)]
    header = "; ".join([*cookies, f"sid={value}"])
    for line in (
        f"Cookie: {header}",
        repr({"cookie": header}),
        json.dumps({"cookie": header}),
        repr([("cookie", header)]),
    ):
        assert value not in masking.mask_text(line)


def test_cookies_own_reprs_are_masked() -> None:
    jar = requests.cookies.RequestsCookieJar()
    jar.set("theme", "dark", domain="example.org")
    jar.set("sid", SECRET, domain="example.org")
    client = httpx.Cookies()
    client.set("theme", "dark")
    client.set("sid", SECRET, domain="example.org")
    simple: SimpleCookie = SimpleCookie({"theme": "dark", "sid": SECRET})
    one = next(cookie for cookie in jar if cookie.name == "sid")
    assert isinstance(one, Cookie)
    for printed in (jar, client, client.jar, simple, simple["sid"], one, list(jar)):
        assert SECRET in f"{printed!r}"
        assert SECRET not in masking.mask_text(f"{printed!r}")
    for text in (f"{one!s}", simple.output(), f"cookies={dict(jar)}", f"cookies: {client!s}"):
        assert SECRET not in masking.mask_text(text)


@pytest.mark.parametrize(
    "data",
    [
        [["cookie", "sid=hunter2"], ["x-api-key", "hunter2"]],
        [("authorization", "SSWS hunter2")],
        [[b"x-api-key", b"hunter2"]],
        ["Host", "x", "Cookie", "sid=hunter2"],
        ("x-api-key", "hunter2"),
        {"headers": [["host", "x"], ["X-Auth-Token", ["hunter2"]]]},
        {"request": {"headers": {"x-api-key": ["hunter2"]}}},
        [{"name": "password", "value": "hunter2"}],
        {"env": [{"name": "DB_PASS", "value": "hunter2"}]},
        {"key": "api_key", "value": {"stringValue": "hunter2"}},
        {"Name": "ApiKey", "Value": "hunter2"},
        {"field": "password", "old": 1, "value": ["hunter2"]},
        {"header": "Cookie", "content": "sid=hunter2"},
        ["mysql", "--password", "hunter2"],
        ["run", "--api-key", "hunter2", "x"],
        ["run", "--api-key=hunter2"],
        {"cookies": [{"name": "sid", "value": "hunter2"}]},
        {"DB_PASS": "hunter2", "x": {"sessionid": "hunter2", "PHPSESSID": "hunter2", "pass": "hunter2"}},
        {"auth_token": {"a": ["hunter2"]}},
    ],
    ids=range(19),
)
def test_secrets_in_structures_are_hidden_by_the_names_beside_them(data: Any) -> None:
    assert SECRET not in str(masking.mask(data))
    if "b'" not in str(data):  # JSON has no bytes
        assert masking.suspicious({"data": data})


@pytest.mark.parametrize(
    "data",
    [
        {"required": ["name", "password", "email"]},
        {"name": "token_count", "value": 3},
        {"name": "Joe", "value": "x"},
        {"key": "colour", "value": "red"},
        [["host", "x"], ["accept", "*/*"]],
        ["docker", "run", "-p", "8080:80"],
        {"logprobs": [{"token": " the", "logprob": -0.1, "top_logprobs": [{"token": " a", "logprob": -2}]}]},
        {"span_id": "4111111111111111", "request_id": "4111111111111111", "parentId": 4111111111111111},
    ],
    ids=range(8),
)
def test_structures_without_secrets_stay(data: Any) -> None:
    assert masking.mask(data) == data
