"""A real PostgreSQL on a free port."""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import psycopg

from kit.machine import system_packages
from tests.support.patience import PATIENCE_SECONDS
from tests.support.ports import free_port
from tests.unit.library.helpers import wait_until

USER = "shop"
DATABASE = "shop"


class PostgresServer:
    """A server of which the tests may ask anything, even that it dies."""

    def __init__(self, folder: Path) -> None:
        self._programs = programs()
        self._data = folder / "data"
        self._log = folder / "postgres.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._changing = threading.Lock()
        self.port = free_port()
        self._run("initdb", "-D", str(self._data), "-U", USER, "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")

    @property
    def address(self) -> str:
        """As psycopg and asyncpg take it."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{DATABASE}"

    def sqlalchemy(self, driver: str) -> str:
        return f"postgresql+{driver}://{USER}@127.0.0.1:{self.port}/{DATABASE}"

    def start(self) -> None:
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        command = [str(self._programs / "postgres"), "-D", str(self._data), "-p", str(self.port), *settings]
        with self._changing, self._log.open("ab") as log:
            self._process = subprocess.Popen([*as_another(), *command], stdout=log, stderr=log, env=environment())
        wait_until(self._answers)

    def kill(self) -> None:
        """Ends it at once, as a crash does: all connections break."""
        with self._changing:  # clients notice before the thread of a timer is through with this
            if self._process is not None:
                backends = psutil.Process(self._process.pid).children()
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(PATIENCE_SECONDS)
                # As long as one of them has the shared memory, the server refuses to start again.
                psutil.wait_procs(backends, PATIENCE_SECONDS)
                self._process = None

    def _answers(self) -> bool:
        """Creates the database when the server takes the first connection."""
        try:
            with psycopg.connect(f"{self.address[: -len(DATABASE)]}postgres", autocommit=True) as connection:
                if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone() is None:
                    connection.execute(f"CREATE DATABASE {DATABASE}")
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, program: str, *arguments: str) -> None:
        command = [*as_another(), str(self._programs / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
        assert done.returncode == 0, done.stderr


@contextlib.contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    with TemporaryDirectory(prefix="postgres-", dir="/tmp") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            shutil.chown(folder, user="nobody")
        server = PostgresServer(folder)
        server.start()
        try:
            yield server
        finally:
            server.kill()


def programs() -> Path:
    """Debian keeps them off the PATH, a folder a version."""

    def found() -> list[Path]:
        on_path = shutil.which("postgres")
        return [Path(on_path).parent] if on_path else [path.parent for path in debian.glob("*/bin/postgres")]

    debian = Path("/usr/lib/postgresql")
    if not found():
        system_packages.ensure("postgres", "postgresql")
    return max(found())


def as_another() -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}
