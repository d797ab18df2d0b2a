"""The restore drill with plain processes: what was stored is still there."""

import io
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from kit.backups.archive import Archive
from kit.backups.copier import CopyError
from kit.backups.opening import open_prometheus, promtool
from kit.paths import ROOT
from tests.support import drill, releases
from tests.support.drill import LONGEST_GAP, Saved
from tests.support.patience import PATIENCE_SECONDS
from tests.support.running import Stack, write_settings
from tests.support.servers import eventually

NATIVE = {"RUNTIME": "native"}
SECRET = "https://hooks.example.invalid/services/T0SECRET"


@dataclass
class Drilled:
    """The stack that was saved, still running, and another one with the restored data."""

    source: Stack
    saved: Saved
    restored: Stack
    output: str


@pytest.fixture(scope="module")
def drilled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drilled]:
    folder = tmp_path_factory.mktemp("backup")
    folder.joinpath("hook").write_text(SECRET)
    receiver = {"name": "chat", "webhook": {"url_file": str(folder / "hook")}}
    source = write_settings(folder / "source", receivers=[receiver], demo={"requests_per_second": 4})
    restored = write_settings(folder / "restored", demo={"enabled": False})
    source.env, restored.env = dict(NATIVE), dict(NATIVE)
    try:
        source.up()
        saved = drill.save(source, folder / "backups")
        done = restored.command("restore", "--from", str(saved.file))
        assert done.returncode == 0, done.stdout + done.stderr
        restored.up()
        yield Drilled(source, saved, restored, done.stdout)
    finally:
        source.tear_down()
        restored.tear_down()


def test_the_restored_stack_answers_as_the_first_did(drilled: Drilled) -> None:
    drill.must_not_be_empty(drilled.saved)
    drill.must_answer_the_same(drilled.restored, drilled.saved)
    assert "`make up` starts the stack with it" in drilled.output


def test_the_backup_names_its_content_and_how_long_each_server_stood_still(drilled: Drilled) -> None:
    manifest = drilled.saved.manifest
    assert list(manifest.stores) == ["prometheus", "alertmanager", "loki", "jaeger", "demo"]
    frozen = {name: member.frozen_seconds for name, member in manifest.stores.items()}
    assert all(seconds is not None and 0 < seconds < LONGEST_GAP for seconds in frozen.values())
    assert all(f"{name} " in drilled.saved.output for name in manifest.stores)
    assert "prometheus: promtool opens it" in drilled.saved.output
    assert manifest.servers["prometheus"] == releases.present("prometheus")


def test_jaegers_gigabytes_of_nothing_are_not_in_the_backup(drilled: Drilled) -> None:
    files = [file.stat() for file in (drilled.source.state / "data" / "jaeger").rglob("*")]
    assert sum(file.st_size for file in files) > 1 << 30, "there is no hole: nothing to test"
    assert drilled.saved.manifest.stores["jaeger"].bytes < 1 << 27
    restored = [file.stat() for file in (drilled.restored.state / "data" / "jaeger").rglob("*")]
    assert sum(file.st_blocks for file in restored) * 512 < 1 << 28


def test_a_copy_that_prometheus_could_not_read_is_found(drilled: Drilled, tmp_path: Path) -> None:
    tool = promtool()
    assert tool
    with Archive(drilled.saved.file) as archive, archive.store("prometheus") as tar:
        content = bytearray(tar.read())
    log = content.index(b"wal/00000000") + 20_000
    content[log : log + 100] = os.urandom(100)
    with pytest.raises(CopyError, match=r"promtool cannot open the copy of prometheus: .*corruption"):
        open_prometheus(tool, io.BytesIO(content), tmp_path)


def test_no_secret_is_in_the_backup(drilled: Drilled) -> None:
    assert SECRET.encode() not in drilled.saved.file.read_bytes()
    assert drilled.saved.file.stat().st_mode & 0o777 == 0o600


def test_the_backup_costs_no_scrape_and_no_notification(drilled: Drilled) -> None:
    source, (began, _) = drilled.source, drilled.saved.seconds
    drill.must_have_scraped(source, 13, drilled.saved.seconds)
    dropped = "sum(prometheus_notifications_dropped_total{})"
    assert drill.value(source, dropped.format("")) == drill.value(source, dropped.format(f" @ {began:.0f}"))
    assert drill.value(source, "sum(alertmanager_notifications_failed_total{integration='webhook'}) or vector(0)") == 0


def test_nothing_that_was_sent_while_it_was_made_is_lost(drilled: Drilled) -> None:
    assert drilled.saved.traffic.refused == 0
    drilled.saved.traffic.must_all_be_there(drilled.source.url("loki"), drilled.source.url("jaeger"))


def test_everything_runs_on_after_a_backup_that_was_interrupted(drilled: Drilled, tmp_path: Path) -> None:
    source = drilled.source
    before = source.pids()
    backup = subprocess.Popen(
        source.argv("backup", "--to", str(tmp_path)), cwd=ROOT, env=source.environment(), stderr=subprocess.PIPE
    )
    _until(lambda: any(psutil.Process(pid).status() == psutil.STATUS_STOPPED for pid in before.values() if pid), 0.0)
    backup.send_signal(signal.SIGTERM)
    _, said = backup.communicate(timeout=PATIENCE_SECONDS)
    assert (backup.returncode, list(tmp_path.iterdir())) == (128 + signal.SIGTERM, [])
    assert b"Interrupted. Everything runs on" in said
    assert source.pids() == before
    assert source.statuses() == dict.fromkeys(source.names, "ready")


def test_a_folder_that_cannot_be_written_is_named(drilled: Drilled, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = drilled.source.command("backup", "--to", str(tmp_path / "file"))
    assert done.returncode == 1
    assert f"no backup was made: {tmp_path / 'file'}" in done.stderr


def test_restore_asks_before_it_overwrites(drilled: Drilled) -> None:
    before = drilled.restored.pids()
    done = drilled.restored.command("restore", "--from", str(drilled.saved.file))
    assert done.returncode == 1
    assert "would delete what is now in prometheus, alertmanager, loki, jaeger, demo" in done.stdout
    assert "YES=1" in done.stderr
    assert drilled.restored.pids() == before


def test_a_damaged_backup_touches_nothing(drilled: Drilled, tmp_path: Path) -> None:
    before = drilled.restored.pids()
    damaged = tmp_path / "damaged.tar"
    content = bytearray(drilled.saved.file.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    done = drilled.restored.command("restore", "--from", str(damaged), "--yes")
    assert done.returncode == 1
    assert "is damaged" in done.stderr
    assert drilled.restored.pids() == before


def test_a_restore_over_a_running_stack_stops_it_and_starts_it_again(drilled: Drilled) -> None:
    restored = drilled.restored
    before = restored.pids()
    eventually(lambda: drill.scraped_since(restored, drilled.saved.seconds[1]), "something of its own that has to go")
    done = restored.command("restore", "--from", str(drilled.saved.file), "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not set(before.values()) & set(restored.pids().values())
    assert restored.statuses() == dict.fromkeys(restored.names, "ready")
    drill.must_answer_the_same(restored, drilled.saved)


def _until(condition: Callable[[], bool], pause: float) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(pause)
