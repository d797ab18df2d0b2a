"""Before anything is started: is every port free, and if not, who has it and which setting moves it."""

import errno
import socket
from collections.abc import Iterable
from dataclasses import dataclass

import psutil

from kit.stack.endpoints import Listen


@dataclass(frozen=True)
class Taken:
    listen: Listen
    reason: str

    @property
    def remedy(self) -> str:
        return f"set ports.{self.listen.setting} to another port in signalfire.yaml"

    def __str__(self) -> str:
        return f"port {self.listen.host}:{self.listen.port} {self.reason}; to use another one, {self.remedy}"


def taken(listens: Iterable[Listen], own_pids: set[int]) -> list[Taken]:
    """The ports that cannot be listened on. Those that this stack's own processes hold do not count."""
    found = []
    for listen in listens:
        reason = _bind_error(listen)
        if reason is None:
            continue
        if reason == "":
            holders = _holders(listen.port)
            if holders & own_pids:
                continue
            reason = _describe(holders, listen.port)
        found.append(Taken(listen, reason))
    return found


def _bind_error(listen: Listen) -> str | None:
    """None if it can be bound, an empty text if somebody listens there, else why not."""
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((listen.host, listen.port))
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return ""
            if error.errno == errno.EADDRNOTAVAIL:
                return f"cannot be used: no network interface has the address {listen.host} (setting `listen`)"
            if error.errno == errno.EACCES:
                return "cannot be used: ports below 1024 are for root alone"
            return f"cannot be used: {error.strerror}"
    return None


def _holders(port: int) -> set[int]:
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return set()
    return {c.pid for c in connections if c.status == psutil.CONN_LISTEN and c.pid and tuple(c.laddr)[1:] == (port,)}


def _describe(pids: set[int], port: int) -> str:
    if not pids:
        return f"is taken by a process of another user (`sudo ss -ltnp sport = :{port}` names it)"
    return "is taken by " + ", ".join(_describe_process(pid) for pid in sorted(pids))


def _describe_process(pid: int) -> str:
    try:
        command = " ".join(psutil.Process(pid).cmdline())
    except psutil.Error:
        command = "?"
    return f"process {pid} ({command[:120]})"
