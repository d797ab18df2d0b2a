"""The files that signalfire.yaml names: their paths made absolute, and what they hold looked at.

A file is read as Alertmanager and the exporters read it. What it holds is never told: it is a secret.
"""

import os
import re
import ssl
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from kit.settings.addresses import is_http_url
from kit.settings.document import Fault, Location, dotted
from kit.settings.models import Database, LogFiles, Settings
from kit.settings.receivers import Email, Receiver, Way

_MOST_BYTES = 1024 * 1024

Faults = list[tuple[Location, Fault]]


class UnusableError(Exception):
    """A file that cannot be used; the text says why."""


class MissingError(UnusableError):
    """One that is not there."""


def resolved(settings: Settings, folder: Path) -> tuple[Settings, Faults]:
    """The settings with absolute paths, which start at the folder, and what is wrong with the files. The faults know
    no line."""
    files = _Files(folder)
    found = settings.model_copy(
        update={
            "receivers": [files.receiver(receiver, index) for index, receiver in enumerate(settings.receivers)],
            "databases": [files.database(database, index) for index, database in enumerate(settings.databases)],
            "logs": [files.logs(entry, index) for index, entry in enumerate(settings.logs)],
        }
    )
    return found, files.faults


def read(file: Path, most: int = _MOST_BYTES) -> bytes:
    """Raises UnusableError. Whatever is no file may never end: a device, a pipe."""
    try:
        mode = file.stat().st_mode
        if stat.S_ISDIR(mode):
            raise UnusableError("cannot be read (is a directory)")
        if not stat.S_ISREG(mode):
            raise UnusableError("it is no ordinary file")
        with file.open("rb") as opened:
            content = opened.read(most + 1)
    except FileNotFoundError:
        raise MissingError("there is no such file") from None
    except OSError as error:
        raise UnusableError(f"cannot be read ({(error.strerror or str(error)).lower()})") from None
    if len(content) > most:
        raise UnusableError(f"it is larger than {most // 1024} KiB")
    return content


def absolute(text: str, folder: Path) -> Path:
    """Raises UnusableError where `~` names a user whom this machine does not have."""
    try:
        return folder / Path(text).expanduser()
    except RuntimeError:
        raise UnusableError(f"there is no user {text.partition('/')[0].removeprefix('~')!r} on this machine") from None


def _is_password(text: str) -> bool:
    return text.isprintable()


def _is_routing_key(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9]{32}", text) is not None


# By the secret's name: what it is, what one looks like, and whether a text is one.
_SECRETS: dict[str, tuple[str, str, Callable[[str], bool]]] = {
    "url": ("the webhook's address", "a web address", is_http_url),
    "api_url": ("the webhook's address", "a web address", is_http_url),
    "routing_key": ("the integration key", "an integration key of 32 letters and digits", _is_routing_key),
    "password": ("the password", "a password without line breaks", _is_password),
}


class _Files:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.faults: Faults = []

    def receiver(self, receiver: Receiver, index: int) -> Receiver:
        at: Location = ("receivers", index, receiver.kind)
        way = self._secret_of(receiver.way, at)
        if isinstance(way, Email) and way.ca_file:
            file = self._checked(way.ca_file, (*at, "ca_file"), _CERTIFICATES, _check_certificates)
            way = way.model_copy(update={"ca_file": file})
        return receiver.model_copy(update={receiver.kind: way})

    def database(self, database: Database, index: int) -> Database:
        if database.password_file is None:
            return database
        file = self._secret_file(database.password_file, ("databases", index), "password")
        return database.model_copy(update={"password_file": file})

    def logs(self, entry: LogFiles, index: int) -> LogFiles:
        return entry.model_copy(update={"files": list(self._patterns(entry.files, index))})

    def _patterns(self, files: list[str], index: int) -> Iterator[str]:
        # The folder's own name is no pattern.
        folder = Path(re.sub(r"([\\*?\[\]{}])", r"\\\1", str(self._folder)))
        for place, file in enumerate(files):
            try:
                yield str(absolute(file, folder))
            except UnusableError as error:
                at: Location = ("logs", index, "files", place)
                self._tell(at, f"{dotted(at)}: {error}", "write the path from the root: /home/…")

    def _secret_of(self, way: Way, at: Location) -> Way:
        if way.secret_file:
            file = self._secret_file(way.secret_file, at, way.hidden)
            return way.model_copy(update={f"{way.hidden}_file": file})
        if way.secret_env:
            self._check_variable(way.secret_env, at, way.hidden)
        return way

    def _check_variable(self, variable: str, at: Location, hidden: str) -> None:
        where = (*at, f"{hidden}_env")
        value = os.environ.get(variable, "").strip()
        _, looks_like, is_one = _SECRETS[hidden]
        hint = f"export {variable}=… before `make up`, or use {hidden}_file"
        if not value:
            self._tell(where, f"{dotted(where)}: the environment variable {variable} is not set", hint)
        elif not is_one(value):
            self._tell(where, f"{dotted(where)}: what {variable} holds is not {looks_like}", hint)

    def _secret_file(self, text: str, at: Location, hidden: str) -> str:
        meant, looks_like, is_one = _SECRETS[hidden]

        def check(content: str) -> None:
            if not is_one(content):
                raise UnusableError(f"what it holds is not {looks_like}")

        hint = f"it must be a file with {meant} on one line that you may read"
        return self._checked(text, (*at, f"{hidden}_file"), hint, check)

    def _checked(self, text: str, at: Location, hint: str, check: Callable[[str], None]) -> str:
        """The absolute path of a file that holds something which the check is content with."""
        shown = text
        try:
            file = absolute(text, self._folder)
            shown = str(file)
            check(_text(file))
        except UnusableError as error:
            self._tell(at, f"{dotted(at)}: {shown}: {error}", hint)
        return shown

    def _tell(self, at: Location, message: str, hint: str) -> None:
        self.faults.append((at, Fault(0, message, hint)))


def _text(file: Path) -> str:
    try:
        content = read(file).decode("utf-8").strip()
    except UnicodeDecodeError:
        raise UnusableError("it is not a text file") from None
    if not content:
        raise UnusableError("it is empty")
    return content


_CERTIFICATES = "it must be a file with the certificates in PEM format that you may read"


def _check_certificates(content: str) -> None:
    """Raises UnusableError."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=content)
    except (ssl.SSLError, ValueError):
        raise UnusableError("it holds no certificate") from None
