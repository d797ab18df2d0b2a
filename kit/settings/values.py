"""The kinds of values that settings have, each with what it accepts and what its error says."""

import ipaddress
import re
from itertools import accumulate
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field

from kit.settings.addresses import is_address, is_host, is_http_url
from kit.settings.document import shortened
from kit.settings.durations import seconds
from kit.settings.section import wrong

_LONGEST_SECONDS = seconds("290y")  # Go counts nanoseconds, in 63 bits


def checked_duration(value: str, *at: str) -> str:
    """The same text. Raises PydanticCustomError where it is no duration; `at` leads to it inside a section."""
    try:
        length = seconds(value)
    except ValueError:
        hint = 'write for example "30s", "5m", "12h" or "15d"'
        raise wrong(f"{shortened(value)} is not a duration", hint, *at) from None
    if length <= 0:
        raise wrong("a duration of nothing", 'write for example "30s"', *at)
    if length > _LONGEST_SECONDS:
        raise wrong(f"{value} is longer than the servers can count", "write 290y or less", *at)
    return value


def _duration(value: str) -> str:
    return checked_duration(value)


def _duration_or_zero(value: str) -> str:
    return value if value in ("0s", "0m") else checked_duration(value)


# Prometheus forgets a sample after five minutes: at least two have to fall into them, also where one is late.
_SHORTEST_INTERVAL, _LONGEST_INTERVAL = "100ms", "2m"


def _interval(value: str) -> str:
    length = seconds(checked_duration(value))
    if length < seconds(_SHORTEST_INTERVAL):
        raise wrong(f"{value} is shorter than Prometheus can keep up with", f"write {_SHORTEST_INTERVAL} or more")
    if length > seconds(_LONGEST_INTERVAL):
        found = f"{value} is too long: Prometheus takes what is older than 5 minutes for gone"
        raise wrong(found, f"write {_LONGEST_INTERVAL} or less")
    return value


def _name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", value):
        hint = "use letters, digits, `-`, `_` and `.`, at most 63, for example shop-api"
        raise wrong(f"{shortened(value)} cannot be a name", hint)
    return value


def _address(value: str) -> str:
    if "/" in value:
        raise wrong(
            f"{shortened(value)} is a URL or a path", "write host:port; scheme and metrics_path stand beside it"
        )
    if not is_address(value):
        hint = "write for example 127.0.0.1:8080, shop.example:8080 or, in quotes, [::1]:8080"
        raise wrong(f"{shortened(value)} is not host:port", hint)
    return value


def _ip(value: str) -> str:
    hint = "write 127.0.0.1 (this machine alone) or 0.0.0.0 (everybody who can reach this machine)"
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        raise wrong(f"{shortened(value)} is not an IP address", hint) from None
    if isinstance(address, ipaddress.IPv6Address) and (address.scope_id or address.is_link_local):
        raise wrong(f"{value} is an address of one network interface alone", hint)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        raise wrong(f"{value} is an IPv4 address", f"write {address.ipv4_mapped}")
    if not address.is_unspecified and not address.is_loopback and _is_of_no_machine(address):
        raise wrong(f"{value} is an address on which no machine can listen", hint)
    return value


_THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")


def _is_of_no_machine(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if address.is_multicast:
        return True
    return isinstance(address, ipaddress.IPv4Address) and (address.is_reserved or address in _THIS_NETWORK)


def _http_url(value: str) -> str:
    if not is_http_url(value):
        hint = "write for example http://127.0.0.1:8080/alerts; a space in it is %20"
        raise wrong(f"{shortened(value)} is not a URL", hint)
    return value


def _path_of_url(value: str) -> str:
    if not value.startswith("/"):
        raise wrong(f"{shortened(value)} is not a path", "start it with a slash, for example /metrics")
    if not value.isprintable() or re.search(r"[?#%\s]", value):
        found = f"{shortened(value)} is more than a path: Prometheus would ask for `?`, `#`, `%` and spaces as such"
        raise wrong(found, "write the path alone, for example /metrics")
    return value


# What a pattern of files is made of, as the collector reads it: an escaped character, a class, any other character.
_PART_OF_PATTERN = re.compile(r"\\.|\[[!^]?+(?:\\.|[^\]\\])+\]|[^\\\[]", re.DOTALL)


def _file_pattern(value: str) -> str:
    if not value or value.endswith("/") or value in (".", ".."):
        raise wrong(f"{shortened(value)} names no file", "write for example /var/log/shop/*.log")
    parts = _PART_OF_PATTERN.findall(value)
    depths = list(accumulate({"{": 1, "}": -1}.get(part, 0) for part in parts))
    if "".join(parts) != value or (depths and (min(depths) < 0 or depths[-1] > 0)):
        hint = "close each [ and {, or put a backslash before one that is part of the name"
        raise wrong(f"{shortened(value)} is not a pattern of files", hint)
    return value


def _file_path(value: str) -> str:
    if not value.strip():
        raise wrong("no file is named", "write its path, for example secrets/chat")
    return value


def _variable_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
        hint = "use letters, digits and `_`, for example CHAT_WEBHOOK"
        raise wrong(f"{shortened(value)} is not the name of an environment variable", hint)
    return value


def _user_name(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise wrong(
            f"{shortened(value)} is not the name of a user", "write the one that the server knows, or leave it out"
        )
    return value


# Prometheus sets the first two itself, and keeps for itself what begins like the third.
_NO_LABELS = ("alertname", "__name__")


def _label_name(value: str) -> str:
    if not value:
        raise wrong("a label without a name", "write for example team: shop")
    if value in _NO_LABELS or value.startswith("__"):
        raise wrong(f"the label {value} is Prometheus' own", "name it otherwise, for example team")
    if not value.isprintable():
        raise wrong(f"{shortened(value)} cannot be the name of a label", "write for example team: shop")
    return value


def _label_value(value: str) -> str:
    if not value:
        raise wrong("a label without a value", "write one, or leave the label out")
    if "{{" in value:
        raise wrong(f"{shortened(value)} is a template, which labels cannot be", "write the value itself")
    return value


def _channel(value: str) -> str:
    if not re.fullmatch(r"[#@]?[^\s#@{}]+", value):
        raise wrong(f"{shortened(value)} is not a channel", 'write for example "#alerts", in quotes')
    return value


_MAILBOX = re.compile(r"[\w!#$%&'*+/=?^`|~-]+(?:\.[\w!#$%&'*+/=?^`|~-]+)*")


def _mail_address(value: str) -> str:
    mailbox, _, host = value.rpartition("@")
    if not _MAILBOX.fullmatch(mailbox) or not is_host(host):
        raise wrong(f"{shortened(value)} is not a mail address", "write for example on-call@example.com")
    return value


def _time_range(value: str) -> str:
    clock = r"([01][0-9]|2[0-3]):[0-5][0-9]"
    if not re.fullmatch(rf"{clock}-({clock}|24:00)", value) or value[:5] == value[6:]:
        raise wrong(f"{shortened(value)} is not a range of times", 'write for example "22:00-07:00"')
    return value


def _time_zone(value: str) -> str:
    if value not in available_timezones():
        raise wrong(f"{shortened(value)} is not a time zone", "write for example Europe/Berlin or UTC")
    return value


Duration = Annotated[str, AfterValidator(_duration)]
DurationOrZero = Annotated[str, AfterValidator(_duration_or_zero)]
Interval = Annotated[str, AfterValidator(_interval)]
Name = Annotated[str, AfterValidator(_name)]
Address = Annotated[str, AfterValidator(_address)]
FilePattern = Annotated[str, AfterValidator(_file_pattern)]
FilePath = Annotated[str, AfterValidator(_file_path)]
VariableName = Annotated[str, AfterValidator(_variable_name)]
UserName = Annotated[str, AfterValidator(_user_name)]
LabelName = Annotated[str, AfterValidator(_label_name)]
LabelValue = Annotated[str, AfterValidator(_label_value)]
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
