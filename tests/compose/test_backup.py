"""The restore drill with containers, and from one runtime to the other: what was stored is still there."""

import signal
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from docker.models.containers import Container

from kit.paths import ROOT
from kit.runtimes.compose import engine
from kit.runtimes.compose.backup import places
from kit.runtimes.compose.pausing import pause, resume
from tests.compose.conftest import SECRET_URL
from tests.compose.running import Containers, write_settings
from tests.support import drill
from tests.support import running as plain
from tests.support.drill import LONGEST_GAP, Saved
from tests.support.patience import PATIENCE_SECONDS

_OWNERS = {"prometheus": "65534", "alertmanager": "65534", "loki": "10001", "jaeger": "10001", "demo": "10001"}


@dataclass
class Drilled:
    """Containers that were saved; plain processes with their data; other containers with the data of those."""

    source: Containers
    saved: Saved
    processes: plain.Stack
    containers: Containers


@pytest.fixture(scope="module")
def drilled(running: Containers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drilled]:
    folder = tmp_path_factory.mktemp("backup")
    processes = _processes(folder / "processes")
    containers = write_settings(folder / "containers", demo={"enabled": False})
    try:
        saved = drill.save(running, folder / "first")
        _restore(processes, saved.file)
        processes.up()
        done = processes.command("backup", "--to", str(folder / "second"))
        assert done.returncode == 0, done.stdout + done.stderr
        [second] = (folder / "second").iterdir()
        _restore(containers, second)
        containers.up()
        yield Drilled(running, saved, processes, containers)
    finally:
        processes.tear_down()
        containers.tear_down()


def test_plain_processes_answer_as_the_containers_did(drilled: Drilled) -> None:
    drill.must_not_be_empty(drilled.saved)
    drill.must_answer_the_same(drilled.processes, drilled.saved)


def test_containers_answer_as_the_plain_processes_did(drilled: Drilled) -> None:
    drill.must_answer_the_same(drilled.containers, drilled.saved)


def test_a_restore_over_running_containers_stops_them_and_starts_them_again(drilled: Drilled) -> None:
    before = {name: container.identity for name, container in drilled.containers.containers().items()}
    _restore(drilled.containers, drilled.saved.file)
    after = drilled.containers.containers()
    assert set(before) == {name for name, container in after.items() if container.ready}
    assert all(container.identity != before[name] for name, container in after.items())
    drill.must_answer_the_same(drilled.containers, drilled.saved)


def test_the_backup_names_how_long_each_container_stood_still(drilled: Drilled) -> None:
    manifest = drilled.saved.manifest
    assert list(manifest.stores) == list(_OWNERS)
    frozen = [member.frozen_seconds for member in manifest.stores.values()]
    assert all(seconds is not None and 0 < seconds < LONGEST_GAP for seconds in frozen), frozen
    assert manifest.runtime == "compose"


def test_the_backup_costs_no_scrape_and_no_notification(drilled: Drilled) -> None:
    drill.must_have_scraped(drilled.source, 13, drilled.saved.seconds)
    assert drill.value(drilled.source, "sum(prometheus_notifications_dropped_total)") == 0


def test_nothing_that_was_sent_while_it_was_made_is_lost(drilled: Drilled) -> None:
    assert drilled.saved.traffic.refused == 0
    drilled.saved.traffic.must_all_be_there(drilled.source.url("loki"), drilled.source.url("jaeger"))


def test_no_secret_is_in_the_backup(drilled: Drilled) -> None:
    assert SECRET_URL.encode() not in drilled.saved.file.read_bytes()


def test_the_copying_container_may_do_nothing_but_read_its_volume(drilled: Drilled) -> None:
    by_name = {place.store.name: place for place in places(drilled.source.project.name)}
    for name, owner in _OWNERS.items():
        with by_name[name].opened(for_writing=False):
            [container] = _copying(drilled.source)
            assert container["Config"]["User"] == owner
            host = container["HostConfig"]
            assert (host["ReadonlyRootfs"], host["CapDrop"]) == (True, ["ALL"])
            assert host["SecurityOpt"] == ["no-new-privileges:true"]
            assert container["Config"].get("NetworkDisabled") or host["NetworkMode"] == "none"
            assert [mount["RW"] for mount in container["Mounts"]] == [False]
        assert _copying(drilled.source) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_everything_runs_on_after_a_backup_that_was_ended(
    drilled: Drilled, tmp_path: Path, number: signal.Signals
) -> None:
    source = drilled.source
    before = {name: container.identity for name, container in source.containers().items()}
    backup = subprocess.Popen(
        source.argv("backup", "--to", str(tmp_path)), cwd=ROOT, env=source.environment(), stdout=subprocess.DEVNULL
    )
    while not _paused(source):
        assert backup.poll() is None, "it was over before anything was seen to stand still"
    backup.send_signal(number)
    backup.wait(timeout=PATIENCE_SECONDS)
    source.wait(lambda: not _paused(source), "nothing is paused")
    source.wait(lambda: all(c.ready for c in source.containers().values()), "all are healthy")
    assert {name: container.identity for name, container in source.containers().items()} == before
    for container in _copying(source):  # SIGKILL leaves it, until its time is over
        assert number == signal.SIGKILL
        engine.connect().containers.get(container["Id"]).remove(force=True)


def test_a_container_that_cannot_be_paused_at_once_is_asked_again(running: Containers) -> None:
    """As on a busy machine; here because somebody else has it paused for a while."""
    alertmanager = engine.connect().containers.get(running.inspect("alertmanager")["Id"])
    alertmanager.pause()
    over = threading.Timer(3, alertmanager.unpause)
    over.start()
    pause(alertmanager)
    over.join()
    assert _paused(running) == ["alertmanager"]
    resume(alertmanager)
    assert _paused(running) == []


def test_what_its_user_has_paused_stays_so(running: Containers) -> None:
    [place] = [place for place in places(running.project.name) if place.store.name == "alertmanager"]
    alertmanager = engine.connect().containers.get(running.inspect("alertmanager")["Id"])
    alertmanager.pause()
    try:
        with place.frozen() as any_ran:
            assert any_ran
        assert _paused(running) == ["alertmanager"]
    finally:
        alertmanager.unpause()


def test_nothing_is_left_paused_by_an_interrupt_before_the_engines_answer(
    running: Containers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(container: Container) -> None:
        container.pause()
        raise KeyboardInterrupt

    monkeypatch.setattr("kit.runtimes.compose.backup.pause", cut_off)
    [place] = [place for place in places(running.project.name) if place.store.name == "demo"]
    with pytest.raises(KeyboardInterrupt), place.frozen():
        raise AssertionError("it was interrupted")
    assert _paused(running) == []


def _paused(stack: Containers) -> list[str]:
    return [name for name, container in stack.containers().items() if container.state == "paused"]


def _copying(stack: Containers) -> list[dict[str, Any]]:
    labels = [f"com.docker.compose.project={stack.project.name}", "com.docker.compose.oneoff=True"]
    return [container.attrs for container in engine.connect().containers.list(all=True, filters={"label": labels})]


def _restore(stack: plain.Stack, file: Path) -> None:
    done = stack.command("restore", "--from", str(file), "--yes")
    assert done.returncode == 0, done.stdout + done.stderr


def _processes(folder: Path) -> plain.Stack:
    stack = plain.write_settings(folder, demo={"enabled": False})
    stack.env = {"RUNTIME": "native"}
    return stack
