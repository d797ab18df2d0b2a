"""The restore drill with plain processes, and an upgrade from an older release: what was stored is still there."""

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

from scripts.backups.archive import Archive
from scripts.backups.copier import CopyError
from scripts.backups.opening import open_prometheus, promtool
from scripts.backups.questions import SETTLED_SECONDS
from scripts.build.artifacts import programs_of
from scripts.paths import ROOT
from tests.stack import drill
from tests.stack.drill import SCRAPE_INTERVAL, Saved
from tests.stack.running import Stack, write_settings

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
    assert all(seconds is not None and seconds < SCRAPE_INTERVAL for seconds in frozen.values())
    assert all(f"{name} " in drilled.saved.output for name in manifest.stores)
    assert "prometheus: promtool opens it" in drilled.saved.output
    assert manifest.servers["prometheus"] == "3.15.0"


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
    gaps = drill.longest_gap(source, began - 30)
    assert len(gaps) == 13
    assert max(gaps.values()) <= 2 * SCRAPE_INTERVAL, gaps
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
    _, said = backup.communicate(timeout=30)
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
    time.sleep(8)  # something of its own that has to go
    done = restored.command("restore", "--from", str(drilled.saved.file), "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not set(before.values()) & set(restored.pids().values())
    assert restored.statuses() == dict.fromkeys(restored.names, "ready")
    drill.must_answer_the_same(restored, drilled.saved)


@pytest.fixture(scope="module")
def older() -> Path:
    """A folder with nothing but an older release of Prometheus."""
    [artifact] = programs_of(ROOT / "tests" / "upgrade" / "prometheus")
    return artifact.build()


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Without the demo; each test starts what it needs."""
    stack = write_settings(tmp_path_factory.mktemp("upgrade"), demo={"enabled": False})
    try:
        yield stack
    finally:
        stack.env = dict(NATIVE)
        stack.tear_down()


def test_an_upgrade_keeps_what_is_stored(upgraded: Stack, older: Path, tmp_path: Path) -> None:
    upgraded.env = NATIVE | {"SIGNALFIRE_BIN_DIR": str(older)}
    upgraded.up()
    drill.wait_for_history(upgraded, SETTLED_SECONDS)
    upgraded.env = NATIVE | {"TO": str(tmp_path)}
    done = upgraded.command("upgrade")
    assert done.returncode == 0, done.stdout + done.stderr
    [row] = [line.split() for line in done.stdout.splitlines() if line.startswith("prometheus ") and "→" in line]
    assert row == ["prometheus", "3.14.0", "→", "3.15.0"]
    assert _compared(done.stdout, "Prometheus, up") > 10
    assert "values are the same: nothing stored was lost or changed" in done.stdout
    [saved] = tmp_path.iterdir()
    assert str(saved) in done.stdout
    assert upgraded.statuses() == dict.fromkeys(upgraded.names, "ready")


def test_going_back_is_refused_unless_forced(upgraded: Stack, older: Path) -> None:
    before = upgraded.pids()
    upgraded.env = NATIVE | {"SIGNALFIRE_BIN_DIR": str(older), "BACKUP": "0"}
    done = upgraded.command("upgrade")
    assert done.returncode == 1
    assert "this checkout is older than what runs: prometheus 3.15.0 → 3.14.0" in done.stderr
    assert upgraded.pids() == before
    upgraded.env["FORCE"] = "1"
    assert upgraded.command("upgrade").returncode == 0
    upgraded.env = NATIVE | {"BACKUP": "0"}
    done = upgraded.command("upgrade")
    assert done.returncode == 0
    assert "make restore" not in done.stdout


def test_an_upgrade_that_loses_data_is_told_and_its_backup_brings_it_back(upgraded: Stack, tmp_path: Path) -> None:
    """A Prometheus that forgets everything as it starts."""
    data = upgraded.state / "data" / "prometheus"
    _write_prometheus(tmp_path / "bin", f'rm -rf {data}/wal {data}/chunks_head {data}/0*; exec {{real}} "$@"')
    upgraded.env = NATIVE | {"SIGNALFIRE_BIN_DIR": str(tmp_path / "bin"), "TO": str(tmp_path / "backups")}
    done = upgraded.command("upgrade")
    assert done.returncode == 1
    assert "stored values are not what they were" in done.stderr
    assert " → nothing" in done.stderr
    [saved] = (tmp_path / "backups").iterdir()
    assert f"make restore FROM={saved}" in done.stderr
    upgraded.env = dict(NATIVE)
    samples = "sum(count_over_time(up{service='prometheus'}[1h])) or vector(0)"
    before = drill.value(upgraded, samples)
    assert upgraded.command("restore", "--from", str(saved), "--yes").returncode == 0
    assert drill.value(upgraded, samples) > before + 10


def test_an_upgrade_whose_server_does_not_start_says_how_to_go_back(upgraded: Stack, tmp_path: Path) -> None:
    _write_prometheus(tmp_path / "bin", "echo it is broken; exit 3")
    upgraded.env = NATIVE | {"SIGNALFIRE_BIN_DIR": str(tmp_path / "bin"), "TO": str(tmp_path / "backups")}
    done = upgraded.command("upgrade")
    assert done.returncode == 1
    assert "prometheus ended again and again" in done.stderr
    assert "the upgrade failed. The way back: " in done.stderr


def _write_prometheus(folder: Path, script: str) -> None:
    """One that says of itself that it is newer."""
    real = os.path.realpath(next(programs_of(ROOT / "servers" / "prometheus")).build() / "prometheus")
    folder.mkdir()
    program = folder / "prometheus"
    says = 'if [ "$1" = --version ]; then echo prometheus, version 99.0.0; exit; fi'
    program.write_text(f"#!/bin/sh\n{says}\n{script.format(real=real)}\n")
    program.chmod(0o755)


def _compared(output: str, question: str) -> int:
    """How many values of this question were compared."""
    [line] = [line for line in output.splitlines() if line.startswith(f"{question} ")]
    count, different = line.removeprefix(question).split()
    assert different == "0"
    return int(count)


def _until(condition: Callable[[], bool], pause: float) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(pause)
