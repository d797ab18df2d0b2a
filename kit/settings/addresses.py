"""Hosts, addresses and URLs, as every server of the stack reads them.

Python's own parsers take more than Go's do (spaces, other digits than 0 to 9, a host without its brackets), and a
server that takes such an address never reaches anything by it.
"""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

_LABEL = re.compile(r"\w(?:[\w-]{0,61}\w)?")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
# What no URL holds as it is. Braces are no part of one either, but single ones are sent escaped; two are a template.
_NEVER_IN_A_URL = re.compile(r"[\s\x00-\x20\x7f\"<>\\^`|]|\{\{")
_USER = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:%-]*")


def is_host(text: str) -> bool:
    """A name, an IPv4 address, or an IPv6 address in brackets."""
    if text.startswith("["):
        return text.endswith("]") and _is_ip(text[1:-1], 6)
    labels = text.removesuffix(".").split(".")
    if labels[-1].isdecimal():
        return _is_ip(text, 4)
    return len(text) <= 253 and all(_LABEL.fullmatch(label) for label in labels)


def is_port(text: str) -> bool:
    return _PORT.fullmatch(text) is not None and int(text) < 65536


def is_address(text: str) -> bool:
    """host:port"""
    host, _, port = text.rpartition(":")
    return is_host(host) and is_port(port)


def is_http_url(text: str) -> bool:
    if not text.isprintable() or _NEVER_IN_A_URL.search(text):
        return False
    try:
        parts = urlsplit(text)
    except ValueError:  # an IPv6 address that is none
        return False
    if parts.scheme not in ("http", "https") or _BAD_ESCAPE.search(_without_query(parts)):
        return False
    return _is_authority(parts.netloc)


def _without_query(parts: SplitResult) -> str:
    """What a server decodes to send it; a query is sent as it is."""
    return parts.netloc + parts.path + parts.fragment


def _is_authority(text: str) -> bool:
    """`host`, `host:port` or `user:password@host`."""
    user, _, address = text.rpartition("@")
    host, colon, port = address.rpartition(":")
    if not colon or address.endswith("]"):
        host, port = address, "80"
    return _USER.fullmatch(user) is not None and is_host(host) and is_port(port)


def _is_ip(text: str, version: int) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    # The zone of an address such as fe80::1%eth0 has another name on each machine, and no place in a URL.
    return address.version == version and "%" not in text
