"""The backup's file: a tar with one tar a store, the settings and a manifest that says what is in it."""

import hashlib
import io
import json
import os
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol, Self

FORMAT = 1
MANIFEST = "manifest.json"
MANIFEST_CHECKSUM = "manifest.json.sha256"
SETTINGS = "signalfire.yaml"
PRIVATE = 0o600
_BUFFER = 1 << 20


class ArchiveError(Exception):
    """A file that is no backup, is damaged or is of an unknown format; the text says which and what to do."""


class Source(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class Member:
    """One file of the archive."""

    sha256: str
    bytes: int
    files: int = 1
    frozen_seconds: float | None = None
    """How long its server stood still; None where it did not run."""


@dataclass
class Manifest:
    version: str
    """Signalfire's own."""
    created: str
    runtime: str
    servers: dict[str, str]
    """The version of each process."""
    stores: dict[str, Member] = field(default_factory=dict)
    settings: Member | None = None
    format: int = FORMAT

    @classmethod
    def read(cls, text: bytes, name: str) -> Self:
        """Raises ArchiveError."""
        try:
            values: dict[str, Any] = json.loads(text)
            found = values["format"]
            if found != FORMAT:
                raise ArchiveError(
                    f"{name} has format {found}; this version of Signalfire reads format {FORMAT}. "
                    f"Restore it with Signalfire {values.get('version', 'of the version that made it')}."
                )
            stores = {store: Member(**member) for store, member in values["stores"].items()}
            settings = Member(**values["settings"]) if values["settings"] else None
            return cls(**{**values, "stores": stores, "settings": settings})
        except (ValueError, TypeError, KeyError) as error:
            raise ArchiveError(f"{name}: its {MANIFEST} cannot be read ({error}); it is damaged") from None

    def write(self) -> bytes:
        return (json.dumps({"format": FORMAT, **asdict(self)}, indent=2) + "\n").encode()


class Writer:
    """Adds to an archive that is being made."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar

    def add(self, name: str, source: Source, size: int, files: int = 1) -> Member:
        hashing = _Hashing(source)
        info = tarfile.TarInfo(name)
        info.size = size
        info.mode = PRIVATE
        info.mtime = int(time.time())
        self._tar.addfile(info, hashing)  # type: ignore[arg-type] # it only reads
        return Member(hashing.digest, size, files)

    def add_bytes(self, name: str, content: bytes) -> Member:
        return self.add(name, io.BytesIO(content), len(content))

    def finish(self, manifest: Manifest) -> None:
        content = manifest.write()
        self.add_bytes(MANIFEST, content)
        # As sha256sum --check reads it.
        self.add_bytes(MANIFEST_CHECKSUM, f"{hashlib.sha256(content).hexdigest()}  {MANIFEST}\n".encode())


@contextmanager
def created(file: Path) -> Iterator[Writer]:
    """Make `file`: complete and on the disk when the block ends well, and nothing of it otherwise."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    try:
        with os.fdopen(descriptor, "wb") as output:
            with tarfile.open(fileobj=output, mode="w", format=tarfile.PAX_FORMAT) as tar:
                yield Writer(tar)
            output.flush()
            os.fsync(output.fileno())
    except BaseException:
        file.unlink()
        raise


def store_member(store: str) -> str:
    return f"{store}.tar"


class Archive:
    """A backup's file that is read. Raises ArchiveError where it is none."""

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            self._tar = tarfile.open(file, mode="r:")  # noqa: SIM115 - closed by __exit__
            self._members = {member.name: member for member in self._tar}
        except tarfile.TarError as error:
            raise ArchiveError(f"{file} is no backup, or is damaged: {error}") from None
        try:
            self.manifest = self._read_manifest()
        except ArchiveError:
            self._tar.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._tar.close()

    def verify(self, say: Callable[[str], None]) -> None:
        """Compare every checksum. Raises ArchiveError naming what differs."""
        expected = {store_member(store): member for store, member in self.manifest.stores.items()}
        if self.manifest.settings:
            expected[SETTINGS] = self.manifest.settings
        for name, member in expected.items():
            say(name)
            hashing = _Hashing(self._open(name))
            while hashing.read(_BUFFER):
                pass
            if hashing.digest != member.sha256:
                raise ArchiveError(
                    f"{self._file} is damaged: {name} is not what was written (checksum {hashing.digest[:12]}…, "
                    f"expected {member.sha256[:12]}…). Take another backup."
                )

    @contextmanager
    def store(self, name: str) -> Iterator[IO[bytes]]:
        """The tar of one store."""
        with self._open(store_member(name)) as content:
            yield content

    def _read_manifest(self) -> Manifest:
        with self._open(MANIFEST) as content, self._open(MANIFEST_CHECKSUM) as checksum:
            text, noted = content.read(), checksum.read().split()
        if hashlib.sha256(text).hexdigest().encode() not in noted:
            raise ArchiveError(f"{self._file} is damaged: its {MANIFEST} is not what was written. Take another backup.")
        return Manifest.read(text, str(self._file))

    def _open(self, name: str) -> IO[bytes]:
        member = self._members.get(name)
        content = self._tar.extractfile(member) if member else None
        if content is None:
            raise ArchiveError(f"{self._file} is no backup of Signalfire, or is damaged: it has no {name}")
        return content


class _Hashing:
    """Reads from a source and keeps the checksum of what was read."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._sum = hashlib.sha256()

    def read(self, size: int) -> bytes:
        data = self._source.read(size)
        self._sum.update(data)
        return data

    @property
    def digest(self) -> str:
        return self._sum.hexdigest()
