"""Names of fields that say that their value is a secret.

A name is taken apart into its words, so that `secretary` and `compass` are no secrets, and the words around the telling
one are looked at: `password_changed_at`, `token_count` and `eos_token` hold none. `token` alone is mostly a count where
language models are, so a number called that stays.
"""

import re
from functools import lru_cache

# A word that is one of these tells.
_WORDS = frozenset(
    {
        "password",
        "passwords",
        "passwd",
        "passwort",
        "passphrase",
        "passphrases",
        "passcode",
        "passcodes",
        "passwds",
        "secret",
        "secrets",
        "credential",
        "credentials",
        "creds",
        "cookie",
        "cookies",
        "authorization",
        "authorisation",
        "token",
        "tokens",
        "apikey",
        "apikeys",
        "csrf",
        "xsrf",
        "sessid",
        "requirepass",
        "masterauth",
        "masterkey",
        "secretstring",
        "keypass",
        "storepass",
    }
)
# A word that ends in one of these: dbpassword, authtoken, phpsessid.
_ENDINGS = (
    *("password", "passwords", "passwd", "passphrase", "passcode", "secret", "secrets", "token", "cookie", "cookies"),
    *("authorization", "credential", "credentials", "apikey", "apikeys", "accesskey", "privatekey", "secretkey"),
    *("signingkey", "encryptionkey", "accountkey", "sshkey", "sessionid", "sessid", "pwd", "csrf"),
)
_PASS = re.compile(
    r"(?:db|pg|sql|mysql|postgres|mongo|redis|rabbit|rabbitmq|amqp|mq|smtp|imap|mail|email|ftp|sftp|ssh|http|proxy|ldap|"
    r"vpn|wifi|user|usr|my|root|admin|login|auth|key|store|trust|jks|sudo|old|new|re|app|api|client|server|bind)(?:pass|pw)"
)
# Words so short that random ids have them, too: they tell where what stands around them are words, of `pw` each.
_SHORT = frozenset({"pass", "pwd", "psw", "cred", "jwt", "otp", "totp", "cvv", "cvc", "ssn", "sid", "psk"})
_PW = re.compile(r"(?:[a-z]{2,12} ){0,4}pw[0-9]?(?: [a-z]{2,12})?")
# Words whose keys are secrets: `api_key`, but not `primary_key`.
_KEY_OWNERS = frozenset(
    [
        "api",
        "access",
        "account",
        "private",
        "signing",
        "signature",
        "encryption",
        "encrypt",
        "decryption",
        "ssh",
        "secret",
        "master",
        "auth",
        "service",
        "storage",
        "shared",
        "preshared",
        "subscription",
        "license",
        "deploy",
        "session",
        "consumer",
        "app",
        "application",
        "webhook",
        "bot",
        "hmac",
        "aes",
        "rsa",
        "recovery",
        "functions",
        "admin",
        "root",
        "server",
        "client",
        "management",
        "integration",
        "license",
        "security",
        "jwt",
        "cookie",
        "fernet",
        "host",
        "function",
    ]
)
# Words whose codes let somebody in: `mfa_code`, but not `status_code`.
_CODE_OWNERS = (
    *("auth", "authorization", "authentication", "verification", "confirmation", "activation", "security", "recovery"),
    *("backup", "mfa", "2fa", "fa", "sms", "access", "reset", "login", "pin", "device", "unlock", "pairing"),
)
_PAIRS_OF_WORDS = frozenset(
    {
        ("session", "id"),
        ("sess", "id"),
        *((owner, code) for code in ("code", "codes") for owner in _CODE_OWNERS),
        *((owner, "pin") for owner in ("user", "card", "atm", "debit", "account", "sim", "customer", "bank")),
        ("pin", "number"),
        ("card", "number"),
        ("card", "cvv"),
        ("pass", "word"),
        ("pass", "phrase"),
        ("pass", "code"),
        ("code", "verifier"),
        ("client", "assertion"),
        ("saml", "response"),
        ("saml", "assertion"),
        ("connection", "string"),
    }
)
# What is said about a secret is none: how long, how many, since when, where.
_ABOUT = frozenset(
    [
        "count",
        "counts",
        "counter",
        "length",
        "len",
        "size",
        "sizes",
        "type",
        "types",
        "kind",
        "kinds",
        "name",
        "names",
        "at",
        "on",
        "time",
        "times",
        "timestamp",
        "date",
        "day",
        "days",
        "age",
        "ttl",
        "expiry",
        "expires",
        "expire",
        "expired",
        "expiration",
        "lifetime",
        "duration",
        "seconds",
        "minutes",
        "hours",
        "ms",
        "url",
        "uri",
        "urls",
        "endpoint",
        "endpoints",
        "path",
        "paths",
        "file",
        "filename",
        "files",
        "dir",
        "folder",
        "domain",
        "policy",
        "policies",
        "usage",
        "used",
        "limit",
        "limits",
        "budget",
        "rate",
        "rates",
        "cost",
        "costs",
        "price",
        "prices",
        "per",
        "min",
        "max",
        "total",
        "avg",
        "mean",
        "sum",
        "stdin",
        "required",
        "enabled",
        "disabled",
        "enable",
        "disable",
        "reset",
        "resets",
        "change",
        "changed",
        "changes",
        "updated",
        "created",
        "rotated",
        "rotation",
        "valid",
        "invalid",
        "validity",
        "validation",
        "validator",
        "set",
        "present",
        "missing",
        "exists",
        "found",
        "strength",
        "score",
        "attempts",
        "attempt",
        "tries",
        "retries",
        "status",
        "state",
        "field",
        "fields",
        "format",
        "scheme",
        "method",
        "mode",
        "algorithm",
        "alg",
        "strategy",
        "source",
        "provider",
        "providers",
        "manager",
        "managers",
        "store",
        "stores",
        "storage",
        "service",
        "services",
        "class",
        "factory",
        "handler",
        "helper",
        "helpers",
        "version",
        "versions",
        "banner",
        "consent",
        "notice",
        "prefix",
        "index",
        "indexes",
        "position",
        "positions",
        "offset",
        "ratio",
        "percent",
        "speed",
        "latency",
        "window",
        "ids",
        "limiter",
        "counting",
        "bucket",
        "buckets",
        "encoder",
        "encoding",
        "encodings",
        "embedding",
        "embeddings",
        "map",
        "mapping",
        "logprob",
        "logprobs",
        "prob",
        "probs",
        "probability",
        "probabilities",
        "stream",
        "streaming",
        "per_second",
        "throughput",
        "generation",
        "generated",
        "only",
        "less",
        "free",
        "samesite",
        "same",
        "httponly",
        "com",
        "org",
        "net",
        "io",
        "dev",
        "label",
        "labels",
        "hint",
        "hints",
        "error",
        "errors",
        "failure",
        "failures",
        "failed",
        "issuer",
        "audience",
        "scope",
        "scopes",
        "column",
        "columns",
        "table",
    ]
)
# Before `token`: those of a language model, and of its usage.
_MODEL_WORDS = frozenset(
    [
        "eos",
        "bos",
        "pad",
        "padding",
        "unk",
        "cls",
        "sep",
        "mask",
        "special",
        "stop",
        "image",
        "audio",
        "video",
        "text",
        "output",
        "input",
        "prompt",
        "completion",
        "reasoning",
        "thinking",
        "cached",
        "total",
        "max",
        "min",
        "per",
        "first",
        "each",
        "every",
        "num",
        "generated",
        "vocab",
        "unexpected",
        "illegal",
    ]
)
_QUESTIONS = frozenset({"has", "is", "needs", "requires", "num", "number", "count", "missing"})
_TOKENS = frozenset({"token", "tokens"})
# OpenTelemetry's names of what is no credential.
_KNOWN_IDS = frozenset({"session.id", "session.previous_id", "mcp.session.id"})
_TRACING_IDS = frozenset({"spanid", "traceid", "parentid", "requestid", "correlationid"})
_DIRECTORY = re.compile(
    r"/(?:[\w.@-]{1,64}/|(?:home|root|app|srv|tmp|opt|usr|var|workspace|data|code|src|mnt)?\Z)|~/|[A-Z]:\\"
)
_SPECIAL_TOKEN = re.compile(r"<[^<>\n]{0,40}>|\[[A-Z_0-9]{1,20}\]|\s{0,8}")


def words_of(name: str) -> tuple[str, ...]:
    """The words of a field's name, in lower case: customerNumber, customer-number and CUSTOMER_NUMBER have the same."""
    separated = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    return tuple(word for word in re.split(r"[\W_]+", separated) if word)


@lru_cache(maxsize=4096)
def tells_secret(name: str) -> bool:
    """Whether the value of a field of this name is a secret, whatever it looks like."""
    return _telling(name) is not None


def hides(name: str, value: object) -> bool:
    """Whether a value with this telling name is to be hidden."""
    if value is None or isinstance(value, bool):
        return False
    telling = _telling(name)
    if isinstance(value, str) and is_directory(name, value):
        return False
    if isinstance(value, int | float) and words_of(name) == ("pass",):
        return False  # of tests that passed
    if telling in _TOKENS:
        # A number called token is a count. One called password may be a PIN.
        if isinstance(value, int | float):
            return False
        return not (isinstance(value, str) and _SPECIAL_TOKEN.fullmatch(value))
    return not (isinstance(value, int | float) and telling is not None and telling.endswith("token"))


def is_directory(name: str, value: str) -> bool:
    """Whether this is where a process works, PWD or OLDPWD, as every shell has it in its environment."""
    return name.lower() in {"pwd", "oldpwd"} and _DIRECTORY.match(value) is not None


@lru_cache(maxsize=4096)
def is_id_of_tracing(name: str) -> bool:
    """Whether a name says that its value is an id that may look like a card's number: `span_id`, `request-id`."""
    words = words_of(name)
    joined = "".join(words[-2:]) if words[-1:] == ("id",) else "".join(words[-1:])
    return joined in _TRACING_IDS


def is_count(name: str) -> bool:
    """Whether a number after this name in a text is a count: `token: 3`, but not `access token: 3`."""
    words = words_of(name)
    if words == ("pass",):
        return True
    return bool(words) and words[-1] in _TOKENS and (len(words) == 1 or words[-2] in _MODEL_WORDS)


@lru_cache(maxsize=4096)
def _telling(name: str) -> str | None:
    """The word of a name that tells of a secret."""
    if name in _KNOWN_IDS or name.startswith("arn:"):
        return None
    words = words_of(name[-256:])
    place = next((place for place in range(len(words) - 1, -1, -1) if _tells(words, place)), None)
    if place is None or (not _QUESTIONS.isdisjoint(words[:1]) and place):
        return None
    if not _ABOUT.isdisjoint(words[place + 1 :]):
        return None
    if words[place] in _TOKENS and not _MODEL_WORDS.isdisjoint(words[max(0, place - 2) : place]):
        return None
    return words[place]


def _tells(words: tuple[str, ...], place: int) -> bool:
    word = words[place].rstrip("0123456789") or words[place]
    if word in _SHORT:
        return sum(len(other) == 1 or not other.isalpha() for other in words) < 3
    if word in _WORDS or word.endswith(_ENDINGS) or _PASS.fullmatch(word) is not None:
        return True
    if word == "pw":
        return _PW.fullmatch(" ".join(words)) is not None
    if place == 0:
        return False
    before = words[place - 1]
    return (word in {"key", "keys"} and before in _KEY_OWNERS) or (before, word) in _PAIRS_OF_WORDS
