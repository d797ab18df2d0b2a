"""Start supervisord as a daemon of this stack and talk to it over its private socket."""

import hashlib
import http.client
import os
import shlex
import socket
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kit.paths import ROOT, State
from kit.render.files import write

_LAUNCHER = Path(__file__).with_name("launch.py")
_START_SECONDS = 15
# What the processes of the stack get of the environment of `make up`; all else is in the settings.
_INHERITED = ("HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SSL_CERT_DIR", "SSL_CERT_FILE", "TMPDIR", "TZ", "USER")


class SupervisorError(Exception):
    """supervisord does not start or answer."""


@dataclass(frozen=True)
class Process:
    name: str
    state: str
    """Supervisor's word: RUNNING, STARTING, BACKOFF, STOPPING, STOPPED, EXITED or FATAL."""
    pid: int
    started: float
    """Seconds since the epoch."""

    @property
    def alive(self) -> bool:
        return self.state in ("RUNNING", "STARTING")

    @property
    def idle(self) -> bool:
        """Neither running nor about to be."""
        return self.state in ("STOPPED", "EXITED", "FATAL")


class Supervisor:
    def __init__(self, state: State) -> None:
        self._state = state
        self._config = state.run / "supervisord.conf"
        self.socket = _socket_path(state)

    def is_running(self) -> bool:
        try:
            self._call("supervisor.getState")
        except (OSError, http.client.HTTPException):
            return False
        return True

    def start(self, names: Iterable[str]) -> None:
        """Start the daemon with these programs, none of them started yet. Raises SupervisorError."""
        self._write_config(names)
        self.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        errors = self._state.run / "supervisord.stderr"
        with errors.open("wb") as output:
            daemon = subprocess.Popen(
                [sys.executable, "-m", "supervisor.supervisord", "--nodaemon", "--configuration", str(self._config)],
                cwd=ROOT,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self.is_running():
            if daemon.poll() is not None or time.monotonic() > deadline:
                daemon.kill()
                said = errors.read_text(errors="replace").strip()[-2000:]
                raise SupervisorError(f"supervisord did not start: {said}\nIts log: {self.log}")
            time.sleep(0.05)

    def declare(self, names: Iterable[str]) -> None:
        """Make the running daemon know exactly these programs; those that are gone are stopped first."""
        self._write_config(names)
        added, _, removed = self._call("supervisor.reloadConfig")[0]
        for name in removed:
            self.stop([name])
            self._call("supervisor.removeProcessGroup", name)
        for name in added:
            self._call("supervisor.addProcessGroup", name)

    def processes(self) -> dict[str, Process]:
        """Every program it knows, by name; empty when the daemon does not run."""
        try:
            found = self._call("supervisor.getAllProcessInfo")
        except (OSError, http.client.HTTPException):
            return {}
        return {p["name"]: Process(p["name"], p["statename"], p["pid"], float(p["start"])) for p in found}

    def launch(self, name: str) -> None:
        self._call("supervisor.startProcess", name, False)

    def signal(self, name: str, signal: str) -> None:
        self._call("supervisor.signalProcess", name, signal)

    def stop(self, names: Iterable[str], timeout: float = 40) -> None:
        """Stop them together and wait; supervisor kills what does not end by itself."""
        wanted = set(names)
        for process in self.processes().values():
            if process.name in wanted and not process.idle and process.state != "STOPPING":
                self._ignore_not_running("supervisor.stopProcess", process.name, False)
        deadline = time.monotonic() + timeout
        while any(p.name in wanted and not p.idle for p in self.processes().values()):
            if time.monotonic() > deadline:
                raise SupervisorError(f"still running after {timeout:.0f} s: {', '.join(sorted(wanted))}")
            time.sleep(0.05)

    def shutdown(self, timeout: float = 40) -> None:
        """Stop everything and the daemon itself."""
        pid = self.pid
        try:
            self._call("supervisor.shutdown")
        except (OSError, http.client.HTTPException):
            return
        deadline = time.monotonic() + timeout
        while pid and _alive(pid) and time.monotonic() < deadline:
            time.sleep(0.05)

    @property
    def pid(self) -> int | None:
        try:
            return int(self._call("supervisor.getPID"))
        except (OSError, http.client.HTTPException):
            return None

    @property
    def log(self) -> Path:
        return self._state.logs / "supervisord.log"

    def _ignore_not_running(self, method: str, *arguments: object) -> None:
        try:
            self._call(method, *arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != 70:  # NOT_RUNNING: it ended in between, which is what was wanted
                raise

    def _call(self, method: str, *arguments: Any) -> Any:
        with xmlrpc.client.ServerProxy("http://localhost", transport=_UnixTransport(self.socket)) as proxy:
            return getattr(proxy, method)(*arguments)

    def _environment(self) -> dict[str, str]:
        environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        return environment | {"SIGNALFIRE_STATE": str(self._state.folder), "PYTHONUNBUFFERED": "1"}

    def _write_config(self, names: Iterable[str]) -> None:
        sections = [_DAEMON.format(**self._daemon_values())]
        for name in names:
            program = self._state.run / "programs" / f"{name}.json"
            command = shlex.join([sys.executable, "-S", "-E", str(_LAUNCHER), str(program)])
            log = self._state.logs / f"{name}.log"
            sections.append(_PROGRAM.format(name=name, command=_literal(command), log=_literal(str(log))))
        write(self._config, "\n".join(sections))

    def _daemon_values(self) -> dict[str, str]:
        return {
            "log": _literal(str(self.log)),
            "pidfile": _literal(str(self._state.run / "supervisord.pid")),
            "socket": _literal(str(self.socket)),
            "folder": _literal(str(ROOT)),
            # Without this line supervisord complains about running as root.
            "user": "user=root" if os.geteuid() == 0 else "",
        }


_DAEMON = """\
[supervisord]
nodaemon=true
silent=true
identifier=signalfire
directory={folder}
logfile={log}
logfile_maxbytes=5MB
logfile_backups=2
pidfile={pidfile}
umask=077
{user}

[unix_http_server]
file={socket}
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""

# A process tells those that it has forked itself to stop, and lets them finish; the whole group is killed at once if it
# does not. The delay between two attempts grows by a second each time: 60 of them keep trying for half an hour.
_PROGRAM = """\
[program:{name}]
command={command}
autostart=false
autorestart=true
startsecs=1
startretries=60
stopwaitsecs=20
killasgroup=true
redirect_stderr=true
stdout_logfile={log}
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=3
"""


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:  # noqa: ARG002 - the base class's signature
        return _UnixConnection(self._path)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _socket_path(state: State) -> Path:
    """In the state folder; a path too long for a socket (108 bytes) gets a private folder under /tmp instead."""
    path = state.run / "supervisor.sock"
    if len(os.fsencode(path)) < 90:
        return path
    digest = hashlib.sha256(os.fsencode(state.folder)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"signalfire-{os.geteuid()}-{digest}" / "supervisor.sock"


def _literal(value: str) -> str:
    return value.replace("%", "%%")


def _alive(pid: int) -> bool:
    try:
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    except ChildProcessError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
