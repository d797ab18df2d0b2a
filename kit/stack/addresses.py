"""Addresses: where something listens, and how this machine, a container or a URL says it."""

import ipaddress
import re

LOOPBACK = "127.0.0.1"
EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - of a container, in the stack's own network
GATEWAY = "host.docker.internal"
"""This machine, as containers see it."""

_OF_THIS_MACHINE = (LOOPBACK, "localhost", "[::1]")


def reachable(listen: str) -> str:
    """The address by which this machine itself reaches something that listens there."""
    address = ipaddress.ip_address(listen)
    if not address.is_unspecified:
        return listen
    return "127.0.0.1" if address.version == 4 else "::1"


def url_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def host_port(host: str, port: int) -> str:
    return f"{url_host(host)}:{port}"


def own_host(address: str) -> str | None:
    """The host of `127.0.0.1:8080` and of other addresses of this machine alone, None for others."""
    return next((host for host in _OF_THIS_MACHINE if address == host or address.startswith(f"{host}:")), None)


def from_container(address: str) -> str:
    """`127.0.0.1:8080` of this machine, as a container has to call it; any other address, also one without a port,
    as it is."""
    host = own_host(address)
    return address if host is None else GATEWAY + address.removeprefix(host)


def url_from_container(url: str) -> str:
    """The same for a URL."""
    scheme, authority, rest = _split_url(url)
    user, at, address = authority.rpartition("@")
    return f"{scheme}://{user}{at}{from_container(address)}{rest}"


def address_of(url: str) -> str:
    """`host:port` of a URL; the port is there even where the URL has none."""
    scheme, authority, _ = _split_url(url)
    address = authority.rpartition("@")[2]
    has_port = re.search(r":\d+$", address) is not None
    return address if has_port else f"{address}:{'443' if scheme == 'https' else '80'}"


def _split_url(url: str) -> tuple[str, str, str]:
    """Scheme, authority, and all from the path on."""
    scheme, _, rest = url.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    return scheme, authority, rest[len(authority) :]
