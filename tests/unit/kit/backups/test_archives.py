"""The backup's file: complete or not there, checked before anything is touched, and without secrets."""

import json
import os
import resource
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.backups.archive import FORMAT, MANIFEST, Archive, ArchiveError
from kit.backups.copier import CopyError
from kit.backups.making import URL_LEFT_OUT, without_addresses
from kit.backups.restoring import Restoring
from kit.runtimes.native.backup import NativeData
from kit.settings import Settings
from tests.unit.kit.backups.folders import FolderPlace, Tree, backed_up, read_tree, write_tree

LOKI: Tree = {"wal": {"00000001": b"lines" * 300}, "chunks": {"index": b"\0" * 3000}}
OTHER: Tree = {"wal": {"00000009": b"other lines"}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write_tree(tmp_path / "loki", LOKI)
    (tmp_path / "signalfire.yaml").write_text("env: prod\n")
    place = FolderPlace("loki", tmp_path / "loki")
    return backed_up(tmp_path / "backups", place, settings_file=tmp_path / "signalfire.yaml").file


@pytest.fixture
def elsewhere(tmp_path: Path) -> FolderPlace:
    write_tree(tmp_path / "elsewhere", OTHER)
    return FolderPlace("loki", tmp_path / "elsewhere")


def restore(file: Path, place: FolderPlace) -> None:
    with Archive(file) as archive:
        archive.verify(lambda _: None)
        Restoring(archive, [place]).run()


def test_what_is_in_it(file: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o600
    with tarfile.open(file) as tar:
        assert tar.getnames() == ["loki.tar", "signalfire.yaml", "manifest.json", "manifest.json.sha256"]
        assert {member.mode for member in tar} == {0o600}
        content = tar.extractfile(MANIFEST)
        assert content
        manifest = json.load(content)
    assert manifest["format"] == FORMAT
    assert (manifest["runtime"], manifest["servers"]) == ("native", {"prometheus": "3.15.0"})
    store = manifest["stores"]["loki"]
    assert (store["files"], len(store["sha256"])) == (4, 64)
    assert store["frozen_seconds"] >= 0


def test_usual_tools_read_and_check_it(file: Path, tmp_path: Path) -> None:
    subprocess.run(["tar", "xf", file, "-C", tmp_path], check=True)
    subprocess.run(["sha256sum", "--check", "--quiet", "manifest.json.sha256"], cwd=tmp_path, check=True)
    (tmp_path / "by hand").mkdir()
    subprocess.run(["tar", "xf", tmp_path / "loki.tar", "-C", tmp_path / "by hand"], check=True)
    assert read_tree(tmp_path / "by hand") == LOKI


def test_it_comes_back(file: Path, elsewhere: FolderPlace) -> None:
    restore(file, elsewhere)
    assert read_tree(elsewhere.folder) == LOKI


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_flipped_bit_is_found_and_nothing_touched(file: Path, elsewhere: FolderPlace, data: st.DataObject) -> None:
    content = bytearray(file.read_bytes())
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= 1 << data.draw(st.integers(0, 7))
    damaged = file.with_name("damaged.tar")
    damaged.write_bytes(content)
    write_tree(elsewhere.folder, OTHER)
    try:
        restore(damaged, elsewhere)
    except ArchiveError:
        assert read_tree(elsewhere.folder) == OTHER
    else:  # it was in what a tar fills up with between its members
        assert read_tree(elsewhere.folder) == LOKI


@pytest.mark.parametrize("name", ["loki.tar", "signalfire.yaml", MANIFEST])
def test_damage_is_told_by_the_name_of_what_is_damaged(file: Path, elsewhere: FolderPlace, name: str) -> None:
    with tarfile.open(file) as tar:
        member = tar.getmember(name)
    content = bytearray(file.read_bytes())
    content[member.offset_data + member.size // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(ArchiveError, match=f"is damaged: .*{name}"):
        restore(file, elsewhere)
    assert read_tree(elsewhere.folder) == OTHER


@pytest.mark.parametrize("content", [b"", b"no tar at all" * 100, bytes(10240)])
def test_a_file_that_is_no_backup_is_told_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.tar").write_bytes(content)
    with pytest.raises(ArchiveError, match=r"x\.tar is no backup"):
        Archive(tmp_path / "x.tar")


def test_a_backup_that_was_cut_off_is_refused(file: Path, elsewhere: FolderPlace) -> None:
    os.truncate(file, 2000)
    with pytest.raises(ArchiveError):
        restore(file, elsewhere)
    assert read_tree(elsewhere.folder) == OTHER


def test_another_format_is_refused_with_the_version_that_wrote_it(
    file: Path, elsewhere: FolderPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kit.backups.archive.FORMAT", FORMAT + 1)
    with pytest.raises(ArchiveError, match=rf"has format {FORMAT}; .* reads format {FORMAT + 1}.*Signalfire 0\.1\.0"):
        restore(file, elsewhere)
    assert read_tree(elsewhere.folder) == OTHER


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file may grow beyond a few kilobytes: writing fails in the middle, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_on_a_full_disk_nothing_is_left(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    write_tree(tmp_path / "loki", {"wal": b"x" * 20_000})
    place = FolderPlace("loki", tmp_path / "loki")
    request.getfixturevalue("small_disk")
    with pytest.raises(OSError, match="File too large"):
        backed_up(tmp_path / "backups", place)
    assert list((tmp_path / "backups").iterdir()) == []
    assert not place.stands_still


def test_an_error_while_all_stand_still_lets_them_run_and_leaves_nothing(tmp_path: Path) -> None:
    write_tree(tmp_path / "loki", LOKI)

    def fail() -> None:
        raise CopyError("broken")

    place = FolderPlace("loki", tmp_path / "loki", while_frozen=fail)
    with pytest.raises(CopyError, match="broken"):
        backed_up(tmp_path / "backups", place)
    assert not place.stands_still
    assert list((tmp_path / "backups").iterdir()) == []


def test_what_happens_between_the_passes_is_in_it(tmp_path: Path, elsewhere: FolderPlace) -> None:
    write_tree(tmp_path / "loki", LOKI)
    place = FolderPlace("loki", tmp_path / "loki", before_freeze=lambda: write_tree(tmp_path / "loki", {"new": b"1"}))
    restore(backed_up(tmp_path / "backups", place).file, elsewhere)
    assert read_tree(elsewhere.folder) == {"new": b"1"}


def test_receivers_addresses_are_not_in_it(tmp_path: Path) -> None:
    url = "https://hooks.example.com/T0123/s3cr3t"
    text = f"receivers:\n  - name: team  # {url}\n    webhook: {{url: '{url}'}}\n"
    model = Settings.model_validate({"receivers": [{"name": "team", "webhook": {"url": url}}]})
    shown = without_addresses(text, model)
    assert "s3cr3t" not in shown
    assert shown == text.replace(url, URL_LEFT_OUT)


def test_a_restore_that_fails_while_unpacking_touches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("loki", "jaeger"):
        write_tree(tmp_path / name, LOKI)
        write_tree(tmp_path / f"now {name}", OTHER)
    file = backed_up(tmp_path / "backups", *(FolderPlace(name, tmp_path / name) for name in ("loki", "jaeger"))).file
    unpacked: list[str] = []

    def fill_the_disk(self: NativeData, tar: IO[bytes]) -> None:
        if unpacked:
            raise OSError(28, "No space left on device")
        unpacked.append("loki")
        unpack(self, tar)

    unpack = NativeData.unpack
    monkeypatch.setattr(NativeData, "unpack", fill_the_disk)
    with Archive(file) as archive:
        restoring = Restoring(archive, [FolderPlace(name, tmp_path / f"now {name}") for name in ("loki", "jaeger")])
        with pytest.raises(OSError, match="No space"):
            restoring.run()
    assert unpacked == ["loki"]
    assert restoring.state == "None of the data was touched."
    assert [read_tree(tmp_path / f"now {name}") for name in ("loki", "jaeger")] == [OTHER, OTHER]


def test_a_restore_interrupted_while_it_swaps_says_what_is_restored(
    file: Path, elsewhere: FolderPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kit.backups.copier.swap", _interrupted)
    with Archive(file) as archive:
        restoring = Restoring(archive, [elsewhere])
        with pytest.raises(KeyboardInterrupt):
            restoring.run()
        assert restoring.state.startswith("Restored: nothing. Not yet, or not completely: loki. Run the same command")
        monkeypatch.undo()
        restore(file, elsewhere)
    assert read_tree(elsewhere.folder) == LOKI


def _interrupted(folder: Path) -> None:
    raise KeyboardInterrupt
