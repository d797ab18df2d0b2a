"""The kinds of values that settings have, each with what it accepts and what its error says."""

import ipaddress
import re
from itertools import accumulate
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field

from kit.settings.durations import seconds
from kit.settings.section import wrong

_LONGEST_SECONDS = seconds("290y")  # Go counts nanoseconds, in 63 bits


def checked_duration(value: str, *at: str) -> str:
    """The same text. Raises PydanticCustomError where it is no duration; `at` leads to it inside a section."""
    try:
        length = seconds(value)
    except ValueError:
        raise wrong(f"{value!r} is not a duration", 'write for example "30s", "5m", "12h" or "15d"', *at) from None
    if length <= 0:
        raise wrong("a duration of nothing", 'write for example "30s"', *at)
    if length > _LONGEST_SECONDS:
        raise wrong(f"{value} is longer than the servers can count", "write 290y or less", *at)
    return value


def _duration(value: str) -> str:
    return checked_duration(value)


def _duration_or_zero(value: str) -> str:
    return value if value in ("0s", "0m") else checked_duration(value)


def _name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", value):
        raise wrong(f"{value!r} cannot be a name", "use letters, digits, `-`, `_` and `.`, for example shop-api")
    return value


def _address(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if "//" in value or "/" in value:
        raise wrong(f"{value!r} is a URL or a path", "write host:port; scheme and metrics_path stand beside it")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise wrong(f"{value!r} is not host:port", "write for example 127.0.0.1:8080")
    return value


def _ip(value: str) -> str:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        hint = "write 127.0.0.1 (this machine alone) or 0.0.0.0 (everybody who can reach this machine)"
        raise wrong(f"{value!r} is not an IP address", hint) from None
    return value


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise wrong(f"{value!r} is not a URL", "write for example http://127.0.0.1:8080/alerts")
    return value


def _path_of_url(value: str) -> str:
    if not value.startswith("/"):
        raise wrong(f"{value!r} is not a path", "start it with a slash, for example /metrics")
    return value


# What a pattern of files is made of, as the collector reads it: an escaped character, a class, any other character.
_PART_OF_PATTERN = re.compile(r"\\.|\[[!^]?+(?:\\.|[^\]\\])+\]|[^\\\[]", re.DOTALL)


def _file_pattern(value: str) -> str:
    parts = _PART_OF_PATTERN.findall(value)
    depths = list(accumulate({"{": 1, "}": -1}.get(part, 0) for part in parts))
    if "".join(parts) != value or (depths and (min(depths) < 0 or depths[-1] > 0)):
        hint = "close each [ and {, or put a backslash before one that is part of the name"
        raise wrong(f"{value!r} is not a pattern of files", hint)
    return value


def _label_name(value: str) -> str:
    if not value:
        raise wrong("a label without a name", "write for example team: shop")
    return value


def _channel(value: str) -> str:
    if not re.fullmatch(r"[#@]?[^\s#@{}]+", value):
        raise wrong(f"{value!r} is not a channel", 'write for example "#alerts", in quotes')
    return value


def _mail_address(value: str) -> str:
    if not re.fullmatch(r"[^\s@,<>{}]+@[^\s@,<>{}]+", value):
        raise wrong(f"{value!r} is not a mail address", "write for example on-call@example.com")
    return value


def _time_range(value: str) -> str:
    clock = r"([01]\d|2[0-3]):[0-5]\d"
    if not re.fullmatch(rf"{clock}-({clock}|24:00)", value) or value[:5] == value[6:]:
        raise wrong(f"{value!r} is not a range of times", 'write for example "22:00-07:00"')
    return value


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise wrong(f"{value!r} is not a time zone", "write for example Europe/Berlin or UTC") from None
    return value


Duration = Annotated[str, AfterValidator(_duration)]
DurationOrZero = Annotated[str, AfterValidator(_duration_or_zero)]
Name = Annotated[str, AfterValidator(_name)]
Address = Annotated[str, AfterValidator(_address)]
FilePattern = Annotated[str, AfterValidator(_file_pattern)]
LabelName = Annotated[str, AfterValidator(_label_name)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Port = Annotated[int, Field(ge=1, le=65535)]
MailAddress = Annotated[str, AfterValidator(_mail_address)]
Severity = Literal["info", "warning", "error", "critical"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
UrlPath = Annotated[str, AfterValidator(_path_of_url)]
IpAddress = Annotated[str, AfterValidator(_ip)]
Channel = Annotated[str, AfterValidator(_channel)]
TimeRange = Annotated[str, AfterValidator(_time_range)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
