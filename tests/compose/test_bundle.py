"""One file, carried to a machine without a network, starts the stack there."""

import io
import os
import re
import secrets
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest
import yaml

from kit.bundles.unpacking import BundleError, unpacked
from kit.machine import system_packages
from kit.paths import ROOT
from kit.runtimes.compose import engine
from kit.testing import docker_engine
from tests.support.ports import free_port
from tests.support.running import free_ports


@contextmanager
def another_network() -> Iterator[list[str]]:
    """What a command line starts with to be run in a network namespace that reaches nothing but itself."""
    name = f"signalfire-{secrets.token_hex(4)}"
    as_root = system_packages.as_root()
    subprocess.run([*as_root, "ip", "netns", "add", name], check=True)
    try:
        # Not `ip netns exec`, which hides the control groups that an engine needs.
        enter = [*as_root, "nsenter", f"--net=/run/netns/{name}", "--"]
        subprocess.run([*enter, "ip", "link", "set", "lo", "up"], check=True)
        yield enter
    finally:
        subprocess.run([*as_root, "ip", "netns", "delete", name], check=True)


@dataclass(frozen=True)
class Machine:
    """enter: what a command line starts with to be run in its network. env: its user's whole environment."""

    enter: list[str]
    env: dict[str, str]

    def run(self, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
        user = ["setpriv", f"--reuid={os.getuid()}", f"--regid={os.getgid()}", "--init-groups"]
        environment = ["env", "-i", *(f"{name}={value}" for name, value in self.env.items())]
        return subprocess.run(
            [*self.enter, *user, *environment, *command], cwd=folder, capture_output=True, text=True, check=False
        )


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("bundle")
    command = [str(ROOT / ".venv/bin/python"), "-m", "scripts", "bundle", "--to", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    [file] = folder.iterdir()
    yield file
    shutil.rmtree(folder)


@pytest.fixture
def other_machine() -> Iterator[Machine]:
    """A machine with an empty engine of its own, no Go, no Node, and no way out."""
    with tempfile.TemporaryDirectory(prefix="signalfire-") as scratch:
        tools = Path(scratch) / "bin"
        tools.mkdir()
        for tool in (
            "bash",
            "cat",
            "cp",
            "dirname",
            "git",
            "grep",
            "make",
            "mkdir",
            "mv",
            "rm",
            "sed",
            "sh",
            "tail",
            "tar",
            "uname",
        ):
            (tools / tool).symlink_to(str(shutil.which(tool)))
        (tools / "python3").symlink_to(Path(os.path.realpath(ROOT / ".venv/bin/python")))
        with another_network() as enter, docker_engine.started(Path(scratch) / "engine", enter) as socket:
            env = {
                "PATH": str(tools),
                "HOME": scratch,
                "DOCKER_HOST": f"unix://{socket}",
                "PIP_NO_CACHE_DIR": "1",
            }
            yield Machine(enter, env)


def test_it_starts_the_stack_where_there_is_no_network(bundle: Path, other_machine: Machine, tmp_path: Path) -> None:
    def make(target: str, *variables: str) -> subprocess.CompletedProcess[str]:
        return other_machine.run(tmp_path / "signalfire", "make", target, *variables)

    subprocess.run(["tar", "-xf", str(bundle), "-C", str(tmp_path), "signalfire"], check=True)
    (tmp_path / "signalfire/signalfire.yaml").write_text(yaml.safe_dump({"ports": free_ports()}))
    try:
        up = make("up", f"BUNDLE={bundle}")
        assert up.returncode == 0, up.stdout + up.stderr
        assert re.search(r"All 13 containers are healthy", up.stdout)
        again = make("up")
        assert again.returncode == 0, again.stdout + again.stderr
        assert "nothing was changed" in again.stdout
    finally:
        clean = make("clean", "YES=1")
    assert clean.returncode == 0, clean.stdout + clean.stderr


def test_a_byte_that_was_changed_on_the_way_is_found(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNALFIRE_CACHE", str(tmp_path / "cache"))
    with tarfile.open(bundle) as tar:
        image = next(member for member in tar if member.name.startswith("images/prom_prometheus"))
    damaged = tmp_path / "damaged.tar"
    shutil.copy(bundle, damaged)
    with damaged.open("r+b") as file:
        file.seek(image.offset_data + image.size // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))
    with pytest.raises(BundleError, match=r"damaged: images/prom_prometheus_v[\d.]+\.tar is not what was packed"):
        unpacked(damaged)
    assert not list((tmp_path / "cache").rglob("images"))


@pytest.mark.parametrize(
    ("content", "said"), [(None, "there is no such file"), (b"", "damaged"), (b"no tar", "damaged")]
)
def test_what_is_no_bundle_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, said: str
) -> None:
    monkeypatch.setenv("SIGNALFIRE_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "bundle.tar"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BundleError, match=said):
        unpacked(file)


def test_the_other_machines_engine_is_in_nobodys_way(request: pytest.FixtureRequest) -> None:
    """Two engines that share a network remove each other's bridge and chains: the tests beside this one need theirs."""
    port = free_port()
    container = engine.connect().containers.run(
        "busybox:1.35.0-glibc", ["sleep", "60"], ports={"80/tcp": ("127.0.0.1", port)}, detach=True
    )
    try:
        other_machine: Machine = request.getfixturevalue("other_machine")
        second = docker.DockerClient(base_url=other_machine.env["DOCKER_HOST"])
        assert second.containers.list(all=True) == []
        chain = [*system_packages.as_root(), "iptables", "--wait", "--table=nat", "--list-rules", "DOCKER"]
        assert f"--dport {port} " in subprocess.run(chain, capture_output=True, text=True, check=True).stdout
        # What the tests after this one talk to is the engine of before.
        assert other_machine.env["DOCKER_HOST"] != os.environ.get("DOCKER_HOST")
        assert engine.problem() is None
        assert engine.connect().containers.run("busybox:1.35.0-glibc", ["echo", "here"], remove=True) == b"here\n"
    finally:
        container.remove(force=True)


def test_containers_of_a_run_that_was_killed_are_gone_from_the_tests_engine_and_images_stay() -> None:
    nothing = io.BytesIO()
    tarfile.open(fileobj=nothing, mode="w").close()
    with tempfile.TemporaryDirectory(prefix="signalfire-") as scratch, another_network() as enter:
        folder = Path(scratch) / "engine"
        with docker_engine.started(folder, enter) as socket:
            client = docker.DockerClient(base_url=f"unix://{socket}")
            client.api.import_image_from_data(nothing.getvalue(), repository="left", tag="1")
            client.containers.create("left:1", command=["none"], volumes=["left:/data"])
        with docker_engine.started(folder, enter) as socket:
            client = docker.DockerClient(base_url=f"unix://{socket}")
            assert client.containers.list(all=True) == []
            assert client.volumes.list() == []
            assert [image.tags for image in client.images.list()] == [["left:1"]]
