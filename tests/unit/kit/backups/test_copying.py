"""Two passes over a folder, and back into another one: it is as it was when everything stood still."""

import io
import mmap
import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.backups.copier import INCOMING, REPLACED, Choice, CopyError, Seen, first_pass, second_pass, swap, unpack
from kit.backups.merging import Merged
from tests.unit.kit.backups.folders import Tree, read_tree, write_tree

NAMES = st.one_of(
    st.sampled_from(["a", "b", "wal", "000001", "x" * 120, "größe", "a b", "new\nline"]),
    st.text(st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]), min_size=1, max_size=8).filter(
        lambda name: name not in (".", "..", INCOMING, REPLACED)
    ),
)
TREES = st.recursive(
    st.dictionaries(NAMES, st.binary(max_size=2000), max_size=4),
    lambda trees: st.dictionaries(NAMES, st.one_of(st.binary(max_size=50), trees), max_size=4),
    max_leaves=8,
)


class Passes:
    """The two passes over `folder`, and what comes back."""

    def __init__(self, folder: Path, choice: Choice | None = None) -> None:
        self._folder = folder
        self._choice = choice or Choice()
        self.first = Path(f"{folder}.first").open("w+b")  # noqa: SIM115 - until the test ends
        self.second = Path(f"{folder}.second").open("w+b")  # noqa: SIM115
        self._seen = Seen(0, {})

    def one(self, *, long_ago: bool = False) -> None:
        """long_ago: as if all times of files were older than the pass by more than any clock's coarseness."""
        self._seen = first_pass(self._folder, self._choice, self.first)
        if long_ago:
            self._seen.began_ns += 10_000_000_000

    def two(self) -> None:
        second_pass(self._folder, self._choice, self._seen, self.second)

    def copied_again(self) -> list[str]:
        self.second.flush()
        with tarfile.open(self.second.name) as archive:
            return [member.name for member in archive if member.isfile()][1:]

    def back(self, folder: Path) -> Tree:
        merged = Merged(self.first, self.second)
        tar = merged.read(merged.size)
        assert (len(tar), merged.read(1)) == (merged.size, b"")
        unpack(folder, io.BytesIO(tar))
        swap(folder)
        return read_tree(folder)


@settings(max_examples=60)
@given(before=TREES, after=TREES, there=TREES)
def test_what_comes_back_is_what_there_was_at_the_second_pass(before: Tree, after: Tree, there: Tree) -> None:
    with TemporaryDirectory() as scratch:
        store, restored = Path(scratch) / "store", Path(scratch) / "restored"
        write_tree(store, before)
        write_tree(restored, there)
        passes = Passes(store)
        passes.one()
        write_tree(store, after)
        passes.two()
        assert passes.back(restored) == after


def _grow(store: Path) -> None:
    with (store / "wal").open("ab") as file:
        file.write(b"more")


def _rewrite(store: Path) -> None:
    (store / "wal").write_bytes(b"SAME SIZE")


def _replace(store: Path) -> None:
    status = (store / "wal").stat()
    (store / "wal.new").write_bytes(b"same size")
    os.utime(store / "wal.new", ns=(status.st_atime_ns, status.st_mtime_ns))
    (store / "wal.new").rename(store / "wal")


def _shrink(store: Path) -> None:
    os.truncate(store / "wal", 3)


@pytest.mark.parametrize("change", [_grow, _rewrite, _replace, _shrink])
def test_a_changed_file_is_copied_again_and_an_old_one_is_not(tmp_path: Path, change: Callable[[Path], None]) -> None:
    store = tmp_path / "store"
    write_tree(store, {"wal": b"same size", "block": b"stays", "gone": b"goes"})
    passes = Passes(store)
    passes.one(long_ago=True)
    change(store)
    (store / "gone").unlink()
    (store / "new").write_bytes(b"comes")
    passes.two()
    assert passes.copied_again() == ["new", "wal"]
    expected = read_tree(store)
    assert set(expected) == {"wal", "block", "new"}
    assert passes.back(tmp_path / "restored") == expected


def test_what_was_written_just_before_the_first_pass_is_copied_again(tmp_path: Path) -> None:
    """A write in the same tick of the kernel's clock leaves the file's times as they were."""
    write_tree(tmp_path / "store", {"wal": b"x"})
    passes = Passes(tmp_path / "store")
    passes.one()
    passes.two()
    assert passes.copied_again() == ["wal"]


def test_what_is_written_through_a_memory_map_is_always_copied_again(tmp_path: Path) -> None:
    store = tmp_path / "store"
    write_tree(store, {"keys": {"00001.mem": bytes(8192)}})
    with (store / "keys" / "00001.mem").open("r+b") as file, mmap.mmap(file.fileno(), 8192) as mapped:
        mapped[0] = 1  # from now on the page is writable, and nobody notes a time
        passes = Passes(store, Choice(mapped=("*.mem",)))
        passes.one(long_ago=True)
        before = os.fstat(file.fileno())
        mapped[:5] = b"later"
        assert os.fstat(file.fileno()).st_mtime_ns == before.st_mtime_ns, "this file system notes it: nothing to test"
        passes.two()
        back = passes.back(tmp_path / "restored")
    assert back == {"keys": {"00001.mem": b"later" + bytes(8187)}}


def test_holes_stay_holes(tmp_path: Path) -> None:
    """Jaeger's database makes files of gigabytes with nothing in them."""
    store, restored = tmp_path / "store", tmp_path / "restored"
    store.mkdir()
    for name, size, data in (("a.vlog", 2 << 30, b"begins"), ("b.mem", 1 << 30, b""), ("c", 100_000, b"x" * 100_000)):
        with (store / name).open("wb") as file:
            file.write(data)
            file.truncate(size)
    with (store / "d").open("wb") as file:
        file.seek(1 << 20)
        file.write(b"after a hole")
    passes = Passes(store, Choice(mapped=("a.vlog",)))
    passes.one(long_ago=True)
    passes.two()
    merged = Merged(passes.first, passes.second)
    assert merged.size < 300_000
    (tmp_path / "tar").write_bytes(merged.read(merged.size))
    unpack(restored, (tmp_path / "tar").open("rb"))
    swap(restored)
    (tmp_path / "gnu").mkdir()
    subprocess.run(["tar", "xf", tmp_path / "tar", "-C", tmp_path / "gnu"], check=True)
    for copy in (restored, tmp_path / "gnu"):
        for file_name in ("a.vlog", "b.mem", "c", "d"):
            there, here = (store / file_name).stat(), (copy / file_name).stat()
            assert (here.st_size, here.st_blocks <= there.st_blocks + 16) == (there.st_size, True)
        assert (copy / "d").read_bytes() == (store / "d").read_bytes()
        assert (copy / "a.vlog").open("rb").read(10) == b"begins" + bytes(4)


def test_modes_and_empty_folders_come_back(tmp_path: Path) -> None:
    store = tmp_path / "store"
    write_tree(store, {"wal": {}, "key": b"1", "open": b"2"})
    (store / "key").chmod(0o600)
    (store / "open").chmod(0o644)
    (store / "wal").chmod(0o750)
    passes = Passes(store)
    passes.one()
    passes.two()
    assert passes.back(tmp_path / "restored") == {"wal": {}, "key": b"1", "open": b"2"}
    modes = {path.name: path.stat().st_mode & 0o7777 for path in (tmp_path / "restored").iterdir()}
    assert modes == {"wal": 0o750, "key": 0o600, "open": 0o644}


def test_what_is_to_be_skipped_is_skipped(tmp_path: Path) -> None:
    store = tmp_path / "store"
    write_tree(store, {"lock": b"", "wal": {"lock": b"stays"}, "plugins": {"a": b""}, "demo.db-shm": b""})
    passes = Passes(store, Choice(skip=("lock", "plugins", "*.db-shm")))
    passes.one()
    passes.two()
    assert passes.back(tmp_path / "restored") == {"wal": {"lock": b"stays"}}


def test_a_symbolic_link_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "wal").symlink_to("/elsewhere")
    with pytest.raises(CopyError, match="store/wal is a symbolic link"):
        Passes(tmp_path / "store").one()


def test_a_file_that_shrinks_while_all_stand_still_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tree(tmp_path / "store", {"wal": b"x" * 100})
    passes = Passes(tmp_path / "store")
    monkeypatch.setattr(os, "pread", lambda *_: b"")
    passes.one()  # where it may happen
    with pytest.raises(CopyError, match="wal became shorter while its server was frozen"):
        passes.two()


@pytest.mark.parametrize("name", ["../outside", "/outside", "a/../../outside", f"{INCOMING}/a"])
def test_an_archive_that_leads_out_of_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "store").mkdir()
    with pytest.raises(CopyError, match="leads out of the store's folder"):
        unpack(tmp_path / "store", _tar_with(tarfile.TarInfo(name)))
    assert not (tmp_path / "outside").exists()


def test_an_archive_with_a_link_is_refused(tmp_path: Path) -> None:
    info = tarfile.TarInfo("link")
    info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with pytest.raises(CopyError, match="neither a file nor a folder"):
        unpack(tmp_path / "store", _tar_with(info))


def _tar_with(info: tarfile.TarInfo) -> io.BytesIO:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.addfile(info)
    content.seek(0)
    return content
