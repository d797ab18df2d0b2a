"""Random identifiers of each kind that services write: none of them is a secret, so masking must leave every one.

Each kind is a function of a random generator, so that a run can be had again. What is written around them is what is
usual: a float behind its name, a Datadog id in its field.
"""

from __future__ import annotations

import base64
import string
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random

Kind = Callable[[Random], str]

_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_BASE36 = string.digits + string.ascii_lowercase
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_NANOID = "_-" + string.digits + string.ascii_letters
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE32_HEX = "0123456789abcdefghijklmnopqrstuv"
_KUBERNETES = "bcdfghjklmnpqrstvwxz2456789"
_FIRST_DAY = datetime(2015, 1, 1, tzinfo=UTC)
_DAYS = 20 * 365
_YEAR = 365 * 86_400_000
_EPOCH_OF_TWITTER = 1_288_834_974_657
_EPOCH_OF_DISCORD = 1_420_070_400_000  # the first day of 2015; its ids have 17 digits and more a year later


def _of(alphabet: str, length: int) -> Kind:
    return lambda random: "".join(random.choices(alphabet, k=length))


def _hex(length: int, *, upper: bool = False) -> Kind:
    return _of("0123456789ABCDEF" if upper else "0123456789abcdef", length)


def _uuid4(random: Random) -> str:
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


def _uuid7(random: Random) -> str:
    value = _milliseconds(random) << 80 | random.getrandbits(80)
    return str(uuid.UUID(int=value & ~(0xF << 76) & ~(0x3 << 62) | 7 << 76 | 0x2 << 62))


def _milliseconds(random: Random) -> int:
    return int(_moment(random).timestamp() * 1000)


def _moment(random: Random) -> datetime:
    return _FIRST_DAY + timedelta(seconds=random.uniform(0, _DAYS * 86_400))


def _ulid(random: Random) -> str:
    value = _milliseconds(random) << 80 | random.getrandbits(80)
    return "".join(_CROCKFORD[value >> 5 * place & 31] for place in reversed(range(26)))


def _snowflake(epoch: int) -> Kind:
    """A time in 41 bits and 22 more; from a year after the epoch on."""
    return lambda random: str(max(_YEAR, _milliseconds(random) - epoch) << 22 | random.getrandbits(22))


def _object_id(random: Random) -> str:
    return f"{int(_moment(random).timestamp()):08x}{random.getrandbits(64):016x}"


def _ipv4(random: Random) -> str:
    return ".".join(str(random.randrange(256)) for _ in range(4))


def _ipv6(random: Random) -> str:
    return ":".join(f"{random.getrandbits(16):x}" for _ in range(8))


def _mac(random: Random) -> str:
    return ":".join(f"{random.getrandbits(8):02x}" for _ in range(6))


def _version(random: Random) -> str:
    numbers = ".".join(str(random.randrange(100)) for _ in range(random.randint(2, 4)))
    return random.choice(["", "v"]) + numbers + random.choice(["", "-rc1", "+incompatible", "-beta.2", ".dev0"])


def _package(random: Random) -> str:
    name = "".join(random.choices(string.ascii_lowercase, k=random.randint(2, 12)))
    return random.choice(["", "@types/", "actions/", "github.com/a/"]) + f"{name}@{_version(random)}"


def _pod(random: Random) -> str:
    name = random.choice(["shop", "api-gateway", "worker", "order-service"])
    return f"{name}-{_of(_KUBERNETES, 10)(random)}-{_of(_KUBERNETES, 5)(random)}"


def _arn(random: Random) -> str:
    account = f"{random.randrange(10**12):012d}"
    return random.choice(
        [
            f"arn:aws:iam::{account}:role/shop-{_of(_BASE62, 12)(random)}",
            f"arn:aws:s3:::shop-{account}-eu-central-1",
            f"arn:aws:secretsmanager:eu-central-1:{account}:secret:shop/db-{_of(_BASE62, 6)(random)}",
            f"arn:aws:sqs:us-east-1:{account}:orders",
            f"arn:aws:lambda:us-east-1:{account}:function:shop:{random.randrange(100)}",
            f"arn:aws:ecs:us-east-1:{account}:task/shop/{_hex(32)(random)}",
        ]
    )


def _article(prefixes: list[str]) -> Kind:
    """An EAN-13; with 978 or 979 an ISBN."""

    def article(random: Random) -> str:
        digits = random.choice(prefixes)
        digits += "".join(random.choices(string.digits, k=12 - len(digits)))
        total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
        return f"{digits}{-total % 10}"

    return article


def _isbn(random: Random) -> str:
    isbn = _article(["978", "979"])(random)
    return random.choice([isbn, f"{isbn[:3]}-{isbn[3]}-{isbn[4:8]}-{isbn[8:12]}-{isbn[12]}"])


def _order(random: Random) -> str:
    number = random.randrange(10**8)
    return random.choice(
        [
            f"ORD-{_moment(random):%Y}-{number:08d}",
            f"#{number}",
            f"{random.randrange(1000):03d}-{random.randrange(10**7):07d}-{random.randrange(10**7):07d}",
            f"order_{_of(_BASE62, 14)(random)}",
            f"{_moment(random):%Y%m%d}{random.randrange(10**6):06d}",
            f"{random.randrange(10**9, 10**10)}",
        ]
    )


def _float(random: Random) -> str:
    value = random.choice(
        [random.random(), random.uniform(0, 1000), random.gauss(0, 1) * 10 ** random.randint(-12, 12)]
    )
    return f"{random.choice(['ratio=', 'score: ', '', 'took '])}{value!r}"


def _timestamp(random: Random) -> str:
    moment = _moment(random)
    seconds = moment.timestamp()
    return random.choice(
        [
            moment.isoformat(),
            f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}",
            f"{moment:%Y-%m-%d %H:%M:%S,123}",
            f"{moment:%d/%b/%Y:%H:%M:%S +0000}",
            f"{moment:%Y%m%d%H%M%S}",
            f"{moment:%Y-%m-%d-%H-%M-%S}",
            f"{int(seconds)}",
            f"{int(seconds * 1e3)}",
            f"{int(seconds * 1e6)}",
            f"{int(seconds * 1e9)}",
            f"{seconds!r}",
        ]
    )


def _traceparent(random: Random) -> str:
    return f"00-{_hex(32)(random)}-{_hex(16)(random)}-01"


def _datadog(random: Random) -> str:
    return f"dd.trace_id={random.getrandbits(64)} dd.span_id={random.getrandbits(64)}"


def _celery(random: Random) -> str:
    return f"Task shop.tasks.send[{_uuid4(random)}] received"


def _etag(random: Random) -> str:
    return random.choice([f'"{_hex(32)(random)}-{random.randrange(1, 99)}"', f'W/"{_hex(40)(random)}"'])


def _registry(random: Random) -> str:
    return f"registry.example/shop@sha256:{_hex(64)(random)}"


def _file(random: Random) -> str:
    name = f"{_hex(8)(random)}.{random.randrange(10**6)}.csv"
    return f"/var/lib/shop/{_moment(random):%Y/%m/%d}/{_uuid4(random)}/{name}"


def _stripe(random: Random) -> str:
    return random.choice(["pi_", "ch_", "cus_", "evt_", "in_", "sub_"]) + _of(_BASE62, 24)(random)


def _integrity(random: Random) -> str:
    return "sha256-" + base64.b64encode(random.randbytes(32)).decode()


def _prefixed_ulid(random: Random) -> str:
    return f"user_{_ulid(random).lower()}"


KINDS: dict[str, Kind] = {
    "UUIDs, version 4": _uuid4,
    "UUIDs, version 7": _uuid7,
    "UUIDs in capitals": lambda random: _uuid4(random).upper(),
    "UUIDs without hyphens": _hex(32),
    "ids of Celery's tasks, in its lines": _celery,
    "ULIDs": _ulid,
    "TypeIDs": _prefixed_ulid,
    "nanoids": _of(_NANOID, 21),
    "KSUIDs": _of(_BASE62, 27),
    "cuids": lambda random: random.choice(string.ascii_lowercase) + _of(_BASE36, 23)(random),
    "XIDs": _of(_BASE32_HEX, 20),
    "short UUIDs in base 58": _of(_BASE58, 22),
    "base-36 ids, 25 characters": _of(_BASE36, 25),
    "MD5 hashes": _hex(32),
    "SHA-1 hashes, git commits": _hex(40),
    "SHA-256 hashes": _hex(64),
    "SHA-256 in base 64": _integrity,
    "git's short hashes": lambda random: _hex(random.randint(7, 12))(random),
    "Docker's ids, short and long": lambda random: _hex(random.choice([12, 64]))(random),
    "images with their digests": _registry,
    "ETags": _etag,
    "trace ids": _hex(32),
    "span ids": lambda random: f"span_id={_hex(16)(random)}",
    "traceparent headers": _traceparent,
    "Datadog's trace ids": _datadog,
    "snowflakes of Twitter": _snowflake(_EPOCH_OF_TWITTER),
    "snowflakes of Discord": _snowflake(_EPOCH_OF_DISCORD),
    "numbers of 17 to 19 digits": lambda random: str(random.randrange(10 ** random.choice([16, 17, 18]), 2**63)),
    "Mongo ObjectIds": _object_id,
    "24 random hex digits": _hex(24),
    "floats": _float,
    "timestamps": _timestamp,
    "IPv4 addresses": _ipv4,
    "IPv6 addresses": _ipv6,
    "MAC addresses": _mac,
    "version strings": _version,
    "packages with their versions": _package,
    "Kubernetes pods": _pod,
    "AWS request ids": lambda random: (
        f"RequestId: {random.choice([_uuid4, _hex(16, upper=True), _of(_BASE36.upper(), 16)])(random)}"
    ),
    "ARNs": _arn,
    "Stripe's object ids": _stripe,
    "order numbers": _order,
    "ISBNs": _isbn,
    "EANs": _article([str(prefix) for prefix in range(400, 441)] + ["50", "57", "69"]),
    "paths of files": _file,
}


def identifiers(kind: str, count: int, seed: int = 0) -> Iterator[str]:
    """`count` random identifiers of a kind, the same for the same seed."""
    random = Random(f"{kind} {seed}")  # noqa: S311 - nothing here is to be secret
    make = KINDS[kind]
    return (make(random) for _ in range(count))
