"""The build cache and queue, with real commands in place of minutes of compiling."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import psutil
import pytest

from kit.build import Artifact, BuildError, BuildEvent, BuildQueue, all_artifacts
from kit.build.artifacts import _tools
from kit.build.cache import digest_of, exclusive
from kit.build.errors import MissingToolError


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SIGNALFIRE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def artifact(tmp_path: Path, script: str, *, name: str = "thing", content: str = "c1") -> Artifact:
    return Artifact(name, tmp_path, (name,), "1.0", content, (("sh", "-c", script, "sh", "{output}"),))


def test_a_finished_build_is_found_again(tmp_path: Path) -> None:
    counting = artifact(tmp_path, f"echo x >> {tmp_path}/runs; touch $1/thing")
    first = counting.build()
    assert counting.build() == first
    assert (first / "thing").exists()
    assert (tmp_path / "runs").read_text() == "x\n"


def test_other_content_is_another_build(tmp_path: Path) -> None:
    one = artifact(tmp_path, "touch $1/thing", content="c1").build()
    two = artifact(tmp_path, "touch $1/thing", content="c2").build()
    assert one != two
    assert one.exists()


def test_a_failed_build_leaves_nothing_and_tells_the_end_of_its_output(tmp_path: Path) -> None:
    failing = artifact(tmp_path, "touch $1/thing; echo 'undefined: frobnicate'; exit 3")
    with pytest.raises(BuildError, match="building thing failed: undefined: frobnicate") as caught:
        failing.build()
    assert not failing.is_built
    assert not failing.built.exists()
    assert str(caught.value.log) in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        'go: example.org/mod@v1.0.0: Get "https://example.org/mod": dial tcp: lookup example.org: no such host',
        "npm error code ENOTFOUND",
        "go: example.org/m@v1: reading m.mod: 403 Forbidden server response: This module version is not available.",
    ],
)
def test_a_failed_download_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(BuildError) as caught:
        artifact(tmp_path, f"echo '{line}'; echo more; exit 1").build()
    assert f"a download failed: {line}" in str(caught.value)
    assert "Check the network connection" in str(caught.value)


def test_a_missing_tool_is_named_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingToolError, match=r"go is missing: it is needed for building thing. Install Go"):
        Artifact("thing", tmp_path, ("thing",), "1.0", "c1", (("go", "build"),)).build()


def test_stopping_ends_every_process_of_a_build(tmp_path: Path) -> None:
    building = threading.Event()

    def on_event(event: BuildEvent) -> None:
        if event.state == "building" and event.detail.isdecimal():
            children.append(int(event.detail))
            building.set()

    children: list[int] = []
    queue = BuildQueue([artifact(tmp_path, "sleep 300 & echo $!; wait")], on_event)
    assert building.wait(10)
    queue.stop()
    with pytest.raises(BuildError):
        queue.result("thing")
    assert _gone(children[0])


def test_stopping_ends_a_build_that_waits_for_another_process_building_the_same(tmp_path: Path) -> None:
    same = artifact(tmp_path, "touch $1/thing")
    begun = threading.Event()
    with exclusive(same.built, lambda: False):
        queue = BuildQueue([same], lambda _: begun.set())
        assert begun.wait(10)
        stopping = threading.Thread(target=queue.stop)
        stopping.start()
        stopping.join(10)
        assert not stopping.is_alive()
    with pytest.raises(BuildError, match="stopped"):
        queue.result("thing", timeout=10)
    assert not same.is_built


def test_the_queue_keeps_its_order_and_tells_each_end(tmp_path: Path) -> None:
    events: list[BuildEvent] = []
    names = ["first", "second", "third"]
    queue = BuildQueue([artifact(tmp_path, f"touch $1/{name}", name=name) for name in names], events.append)
    folders = [queue.result(name, timeout=20) for name in names]
    assert [event.name for event in events if event.state == "built"] == names
    assert all((folder / name).exists() for folder, name in zip(folders, names, strict=True))


def test_a_digest_follows_names_and_contents(tmp_path: Path) -> None:
    source = tmp_path / "a.go"
    source.write_text("package a")
    before = digest_of([source], tmp_path)
    assert digest_of([source], tmp_path) == before
    source.write_text("package b")
    assert digest_of([source], tmp_path) != before


def test_tools_are_read_from_go_mod(tmp_path: Path) -> None:
    go_mod = tmp_path / "go.mod"
    go_mod.write_text("module m\n\ntool (\n\texample.org/cmd/a\n\texample.org/cmd/b\n)\n\nrequire example.org v1.0.0\n")
    assert _tools(go_mod) == ("example.org/cmd/a", "example.org/cmd/b")
    go_mod.write_text("module m\n\ntool example.org/cmd/a\n")
    assert _tools(go_mod) == ("example.org/cmd/a",)


def test_every_server_of_the_stack_can_be_built() -> None:
    programs = {output for built in all_artifacts().values() for output in built.outputs}
    assert programs >= {
        "prometheus",
        "promtool",
        "alertmanager",
        "amtool",
        "loki",
        "jaeger",
        "collector",
        "node_exporter",
    }


def _gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False
