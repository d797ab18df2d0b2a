"""When a running process must be started anew, and that none outlives its supervisor."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from kit.paths import ROOT, State
from kit.runtimes.native import launch
from kit.runtimes.native.programs import Program, demo_program
from kit.settings import Settings
from kit.stack.endpoints import demo_processes

LINUX = sys.platform == "linux"


@pytest.fixture
def program(tmp_path: Path) -> Program:
    binary = tmp_path / "server"
    binary.write_text("#!/bin/sh\n")
    return Program("server", [str(binary), "--a"], {"GOGC": "50"}, "http://127.0.0.1:1/ready", files_digest="1")


def test_only_what_needs_a_restart_changes_the_start_digest(program: Program) -> None:
    before = program.start_digest
    assert replace(program, files_digest="2", ready="http://127.0.0.1:1/other").start_digest == before
    assert replace(program, argv=[program.argv[0], "--b"]).start_digest != before
    assert replace(program, env={}).start_digest != before
    Path(program.argv[0]).write_text("#!/bin/sh\nnew build\n")
    assert program.start_digest != before


def test_other_python_code_means_a_restart(program: Program) -> None:
    package = ROOT / "kit" / "runtimes"
    module = ROOT / "kit" / "stack" / "lock"  # a module given without its ending
    digests = {replace(program, sources=sources).start_digest for sources in ((), (package,), (module,))}
    assert len(digests) == 3


def test_the_demo_is_told_where_everything_is(tmp_path: Path) -> None:
    settings = Settings()
    [api] = [process for process in demo_processes(settings) if process.name == "ad-api"]
    environment = demo_program(api, settings, State(tmp_path)).env
    assert environment["DEMO_PORT"] == "8000"
    assert environment["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://127.0.0.1:4318"
    assert environment["OTEL_RESOURCE_ATTRIBUTES"] == f"service.version={api.release}"
    assert environment["DEMO_DATABASE_URL"] == f"sqlite:///{tmp_path}/data/demo/demo.db"
    assert environment["DEMO_BROKER_FOLDER"] == f"{tmp_path}/data/demo/broker"


@pytest.mark.skipif(not LINUX, reason="the kernel's promise is Linux's")
def test_a_process_dies_with_the_one_that_launched_it(tmp_path: Path) -> None:
    state = State(tmp_path)
    program = Program("sleeper", ["/bin/sleep", "1000"], {}, "")
    state.create()
    program.write(state)
    file = state.run / "programs" / "sleeper.json"
    parent_code = (
        "import os, subprocess, sys, pathlib\n"
        f"pathlib.Path({str(state.run / 'supervisord.pid')!r}).write_text(str(os.getpid()))\n"
        f"subprocess.Popen([sys.executable, {launch.__file__!r}, {str(file)!r}]).wait()\n"
    )
    with subprocess.Popen([sys.executable, "-c", parent_code]) as parent:
        note = state.run / "started" / "sleeper.json"
        _until(lambda: note.exists() and "sleep" in psutil.Process(json.loads(note.read_text())["pid"]).name())
        child = psutil.Process(json.loads(note.read_text())["pid"])
        os.kill(parent.pid, signal.SIGKILL)
    _until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


@pytest.mark.skipif(not LINUX, reason="the kernel's promise is Linux's")
def test_nothing_is_launched_for_a_supervisor_that_is_gone(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.create()
    Program("sleeper", ["/bin/sleep", "1000"], {}, "").write(state)
    (state.run / "supervisord.pid").write_text("1")
    command = [sys.executable, launch.__file__, str(state.run / "programs" / "sleeper.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr.strip()) == (1, "supervisor is gone")


def _until(condition: object) -> None:
    assert callable(condition)
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
