"""Which names tell of a secret: their words are looked at, not letters that happen to stand in them."""

from typing import Any

import pytest
from signalfire.masking import text as masking

TELLING = [
    "password",
    "Password",
    "db_password",
    "userPassword",
    "passwd",
    "PASSPHRASE",
    "passcode",
    "pwd",
    "DB_PASS",
    "pass",
    "MYSQL_PWD",
    "PGPASSWORD",
    "DBPassword",
    "password2",
    "password_confirmation",
    "new_password",
    "password_hash",
    "requirepass",
    "api_key",
    "apiKey",
    "APIKey",
    "X-API-Key",
    "apikeys",
    "DD-API-KEY",
    "Ocp-Apim-Subscription-Key",
    "secret",
    "client_secret",
    "SECRET_KEY_BASE",
    "aws_secret_access_key",
    "accessKey",
    "private-key",
    "sshKey",
    "signing_key",
    "token",
    "access_token",
    "refreshToken",
    "auth-token",
    "reset_password_token",
    "X-CSRFToken",
    "csrfmiddlewaretoken",
    "XSRF-TOKEN",
    "npm:_authToken",
    "Authorization",
    "proxy-authorization",
    "HTTP_AUTHORIZATION",
    "Set-Cookie",
    "cookie",
    "cookies",
    "HTTP_COOKIE",
    "credentials",
    "credential",
    "sessionid",
    "session_id",
    "sessionId",
    "PHPSESSID",
    "JSESSIONID",
    "connect.sid",
    "jwt",
    "otp",
    "cvv",
    "cvc",
    "ssn",
    "card_number",
    "user.password",
    "http.request.header.cookie",
]
NOT_TELLING = [
    "prompt_token_count",
    "eos_token",
    "bos_token",
    "pad_token",
    "special_tokens",
    "secretary",
    "secretariat",
    "password_changed_at",
    "passwordChangedAt",
    "password_policy",
    "password_min_length",
    "has_password",
    "is_secret",
    "needs_token",
    "token_count",
    "tokenCount",
    "max_tokens",
    "input_tokens",
    "output_tokens_details",
    "total_tokens",
    "tokens_per_second",
    "time_to_first_token",
    "token_type",
    "token_url",
    "tokenizer",
    "tokenization",
    "keyword",
    "monkey",
    "key",
    "primary_key",
    "foreign_key",
    "sort_key",
    "keyspace",
    "keyboard",
    "compass",
    "bypass",
    "passenger",
    "passed",
    "passing",
    "passive",
    "passthrough",
    "trespass",
    "cookie_banner",
    "cookie_policy",
    "cookies_enabled",
    "secret_name",
    "credential_provider",
    "session",
    "session.id",
    "process",
    "message",
    "president",
    "inside",
    "side",
    "residual",
    "classid",
    "author",
    "authority",
    "accredited",
    "sacred",
    "hotspot",
    "cvs",
    "csv",
]


@pytest.mark.parametrize("name", TELLING)
def test_a_telling_name_hides_a_text(name: str) -> None:
    assert masking.is_sensitive(name)
    assert masking.mask({name: "hunter2"}) == {name: "[MASKED]"}


@pytest.mark.parametrize("name", NOT_TELLING)
def test_a_name_that_only_looks_so_hides_nothing(name: str) -> None:
    assert not masking.is_sensitive(name)
    for value in ("walnut", 12, ["walnut"], {"a": "walnut"}):
        assert masking.mask({name: value}) == {name: value}
    for text in (f"{name}=walnut", f"{name}: walnut", f'{{"{name}": "walnut"}}', f"('{name}', 'walnut')"):
        assert masking.mask_text(text) == text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("token", 12), ("tokens", 1200), ("access_token", 3), ("pass", 12)),
        *(("token", "</s>"), ("token", "<|endoftext|>"), ("token", "[PAD]"), ("password", None), ("secret", True)),
    ],
)
def test_the_value_is_looked_at_too(name: str, value: Any) -> None:
    assert masking.mask({name: value}) == {name: value}


@pytest.mark.parametrize(
    "text",
    [
        "time per output token: 3 ms",
        "token: 128000",
        "tokens: 1,200 of 4,000",
        "total tokens = 12, cached tokens = 3",
        "stop token: </s>",
        "Unexpected token '<' in JSON at position 0",
        "unexpected token: punc (;)",
        "tests pass: 12, fail: 0",
        "the secretary is Joe",
        "password policy: strong",
        "missing fields: name, password, email",
        "the token was refreshed",
        "session started: 12",
        "mkdir -p /srv/app",
        "docker run -p 8080:80 nginx",
        "docker compose -p shop up",
        "PASS tests/unit/foo.test.js",
    ],
)
def test_prose_that_has_such_a_word_stays(text: str) -> None:
    assert masking.mask_text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "react@18.2.0",
        "npm install react@18.2.0 lodash@4.17.21 @types/node@20.1.0",
        "uses: actions/checkout@v4.1.0",
        "pkg@1.0.0-beta.rc",
        "golang.org/x/net@v0.0.0-20200101000000-abcdef123456",
        "git@github.com:org/repo",
        "git clone git@gitlab.example.org:group/repo.git",
        "ssh://git@github.com/org/repo.git",
        "scp x deploy@host.example.com:/srv/app",
        "celery@worker1.example.com ready",
        "getty@tty1.service: deactivated",
        "icon@2x.png",
        "handler@app.js:12:5",
        "image@sha256:0123456789abcdef",
        "ssh root@10.0.0.1",
    ],
)
def test_what_has_an_at_sign_is_not_always_an_address(text: str) -> None:
    assert masking.mask_text(text) == text


@pytest.mark.parametrize(
    "text", ["joe@example.com", "joe@163.com", "j@x.io:", "git@example.com", "joe@react.dev", "a@b.c.museum"]
)
def test_an_address_is_masked(text: str) -> None:
    assert "@" not in masking.mask_text(f"mail to {text}, now")
