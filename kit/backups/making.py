"""Makes a backup: every store in two passes, one file, and then reads it back."""

import errno
import tempfile
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from kit.backups.archive import SETTINGS, Archive, Manifest, Member, Writer, created, store_member
from kit.backups.merging import Merged
from kit.backups.places import Place
from kit.paths import ROOT
from kit.settings import Settings
from kit.terminal import console
from kit.terminal.progress import Progress

URL_LEFT_OUT = "http://left-out-of-the-backup.invalid/"


@dataclass(frozen=True)
class Backup:
    file: Path
    manifest: Manifest


def make(
    places: Sequence[Place], runtime: str, servers: dict[str, str], settings: Settings, settings_file: Path, to: Path
) -> Backup:
    """The finished file in the folder `to`; nothing of it is left there if anything goes wrong.

    servers: the version of each process. Raises CopyError, FreezeError, ArchiveError or OSError.
    """
    now = datetime.now(UTC)
    final = to / f"signalfire-{now:%Y%m%dT%H%M%SZ}.tar"
    to.mkdir(parents=True, exist_ok=True)
    if final.exists():
        raise FileExistsError(errno.EEXIST, "a backup of this second is there already", str(final))
    places = [place for place in places if place.holds_data]
    manifest = Manifest(_product_version(), now.isoformat(timespec="seconds"), runtime, servers)
    progress = Progress(console.out, [place.store.name for place in places])
    with tempfile.TemporaryDirectory(prefix=".signalfire-", dir=to) as scratch, progress:
        partial = Path(scratch) / final.name
        with created(partial) as writer:
            for place in places:
                manifest.stores[place.store.name] = _add_store(writer, place, Path(scratch), progress)
            if settings_file.is_file():
                text = without_addresses(settings_file.read_text(encoding="utf-8"), settings)
                manifest.settings = writer.add_bytes(SETTINGS, text.encode())
            writer.finish(manifest)
        with Archive(partial) as archive:
            archive.verify(lambda name: progress.say(f"Reading {name} back …"))
            for place in places:
                with archive.store(place.store.name) as tar:
                    found = place.check(tar, Path(scratch))
                if found:
                    progress.say(f"{place.store.name}: {found}.")
        partial.rename(final)
    return Backup(final, manifest)


def without_addresses(text: str, settings: Settings) -> str:
    """The text of signalfire.yaml without receivers' addresses: one may be as good as a password."""
    for receiver in settings.receivers:
        if receiver.webhook and receiver.webhook.url:
            text = text.replace(receiver.webhook.url, URL_LEFT_OUT)
    return text


def _add_store(writer: Writer, place: Place, scratch: Path, progress: Progress) -> Member:
    name = place.store.name
    first_file, second_file = scratch / "first.tar", scratch / "second.tar"
    with (
        place.opened(for_writing=False) as data,
        first_file.open("w+b") as first,
        second_file.open("w+b") as second,
    ):
        progress.step(name, "copying", "while it runs")
        data.first_pass(first)
        progress.step(name, "frozen", "to copy what has changed")
        began = time.monotonic()
        with place.frozen() as ran:
            data.second_pass(second)
        seconds = time.monotonic() - began
        progress.step(name, "writing", "into the backup")
        merged = Merged(first, second)
        member = writer.add(store_member(name), merged, merged.size, merged.files)
    stood_still = f"stood still for {seconds:.2f} s" if ran else "did not run"
    progress.step(name, "ready", f"{console.size(member.bytes)}, {stood_still}")
    return replace(member, frozen_seconds=round(seconds, 3) if ran else None)


def _product_version() -> str:
    project = tomllib.loads((ROOT / "instrumentation" / "python" / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])
