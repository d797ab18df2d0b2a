"""An upgrade from an older release: what was stored is still there, or the user learns that it is not."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.backups.questions import SETTLED_SECONDS
from kit.build import binary
from tests.support import drill, releases
from tests.support.running import Stack, write_settings
from tests.support.servers import eventually, send_spans, span, trace_in_jaeger

NATIVE = {"RUNTIME": "native"}


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing but older releases of Prometheus and Jaeger."""
    return releases.older_programs(tmp_path_factory.mktemp("older") / "bin")


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
    trace = secrets.token_hex(16)
    spans = [span(trace, secrets.token_hex(8), error=True)]
    assert send_spans(f"http://127.0.0.1:{upgraded.settings.ports.otlp_http}", spans, "shop")
    eventually(lambda: trace_in_jaeger(upgraded.url("jaeger"), trace), "the trace is in Jaeger")
    drill.wait_for_history(upgraded, SETTLED_SECONDS)
    upgraded.env = NATIVE | {"TO": str(tmp_path)}
    done = upgraded.command("upgrade")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if "→" in line]
    for server in releases.OLDER:
        assert [server, releases.older(server), "→", releases.present(server)] in rows
    assert _compared(done.stdout, "Prometheus, up") > 10
    assert _compared(done.stdout, "Jaeger, spans by trace of shop") == 1
    assert len(trace_in_jaeger(upgraded.url("jaeger"), trace)) == 1
    assert "values are the same: nothing stored was lost or changed" in done.stdout
    [saved] = tmp_path.iterdir()
    assert str(saved) in done.stdout
    assert upgraded.statuses() == dict.fromkeys(upgraded.names, "ready")


def test_going_back_is_refused_unless_forced(upgraded: Stack, older: Path) -> None:
    before = upgraded.pids()
    upgraded.env = NATIVE | {"SIGNALFIRE_BIN_DIR": str(older), "BACKUP": "0"}
    done = upgraded.command("upgrade")
    assert done.returncode == 1
    assert "this checkout is older than what runs: " in done.stderr
    for server in releases.OLDER:
        assert f"{server} {releases.present(server)} → {releases.older(server)}" in done.stderr
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
    real = os.path.realpath(binary("prometheus"))
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
