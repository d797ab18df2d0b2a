"""One file, carried to a machine without a network, starts the stack there."""

import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from scripts import docker_engine, system_packages
from scripts.compose import engine
from scripts.paths import ROOT
from scripts.unbundle import BundleError, unpacked
from tests.stack.running import free_ports

NOWHERE = "http://127.0.0.1:9"
_ADDRESSES = "--default-address-pool=base=10.213.0.0/16,size=24"


@contextmanager
def bridge() -> Iterator[str]:
    """A second engine's own. Without one it would take, or with `none` even remove, that of the first."""
    name = "signalfire-test"
    ip = [*system_packages.as_root(), "ip"]
    subprocess.run([*ip, "link", "add", name, "type", "bridge"], check=True)
    try:
        subprocess.run([*ip, "address", "add", "10.214.0.1/24", "dev", name], check=True)
        subprocess.run([*ip, "link", "set", name, "up"], check=True)
        yield name
    finally:
        subprocess.run([*ip, "link", "delete", name], check=True)


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
def other_machine() -> Iterator[dict[str, str]]:
    """The environment of a user on a machine with an empty engine of its own, no Go, no Node, and no way out."""
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
        with (
            bridge() as name,
            docker_engine.started(Path(scratch) / "engine", f"--bridge={name}", _ADDRESSES) as socket,
        ):
            yield {
                "PATH": str(tools),
                "HOME": scratch,
                "DOCKER_HOST": f"unix://{socket}",
                "PIP_INDEX_URL": NOWHERE,
                "PIP_NO_CACHE_DIR": "1",
                "http_proxy": NOWHERE,
                "https_proxy": NOWHERE,
                "no_proxy": "127.0.0.1",
            }


def test_it_starts_the_stack_where_there_is_no_network(
    bundle: Path, other_machine: dict[str, str], tmp_path: Path
) -> None:
    def make(target: str, *variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", target, *variables],
            cwd=tmp_path / "signalfire",
            env=other_machine,
            capture_output=True,
            text=True,
            check=False,
        )

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


def test_the_other_machines_engine_is_not_ours(other_machine: dict[str, str]) -> None:
    """What the tests after this one talk to is the engine of before."""
    assert other_machine["DOCKER_HOST"] != os.environ.get("DOCKER_HOST")
    assert engine.problem() is None
    assert engine.connect().containers.run("busybox:1.35.0-glibc", ["echo", "here"], remove=True) == b"here\n"
