"""A checkout with an older Prometheus runs; the present one upgrades it, and all that was stored is still there."""

import io
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.build import binary
from kit.paths import ROOT
from tests.compose.running import Containers, write_settings

OLDER = ROOT / "tests" / "upgrade" / "prometheus"
_UP_SECONDS = 1200  # the first time it compiles the older Prometheus


@pytest.fixture
def older_checkout(tmp_path: Path) -> Path:
    """This repository as the release before it was: only Prometheus is older."""
    checkout = tmp_path / "older"
    archive = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, archive.split("\0")):
        if (ROOT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, checkout / name)
    for name in ("go.mod", "go.sum", "build.toml"):
        shutil.copy2(OLDER / name, checkout / "servers" / "prometheus" / name)
    release = tomllib.loads((OLDER / "build.toml").read_text())["release"]
    file = checkout / "compose" / "compose.yaml"
    file.write_text(re.sub(r"prom/prometheus:v\S+", f"prom/prometheus:v{release}", file.read_text()))
    return checkout


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Containers]:
    made = write_settings(tmp_path / "stack")
    try:
        yield made
    finally:
        made.tear_down()


def test_the_data_of_an_older_release_is_kept(stack: Containers, older_checkout: Path, tmp_path: Path) -> None:
    release = tomllib.loads((OLDER / "build.toml").read_text())["release"]
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "promtool").symlink_to(binary("promtool"))  # the older one is not compiled: it only checks
    environment = stack.environment() | {"SIGNALFIRE_BIN_DIR": str(tmp_path / "bin")}
    command = [sys.executable, "-m", "scripts", "up"]
    done = subprocess.run(
        command,
        cwd=older_checkout,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_UP_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert stack.containers()["prometheus"].image == f"prom/prometheus:v{release}"
    stack.wait(
        lambda: float(stack.query("count(http_requests_total) or vector(0)")[0]["value"][1]) > 0,
        "some data",
    )
    # What is compared was stored until a minute before.
    stack.wait(lambda: bool(stack.query("http_requests_total offset 90s")), "data of a minute and a half ago")

    upgraded = stack.command("upgrade", "--to", str(tmp_path / "backups"))

    assert upgraded.returncode == 0, upgraded.stdout + upgraded.stderr
    assert release in upgraded.stdout
    assert stack.containers()["prometheus"].image != f"prom/prometheus:v{release}"
    assert re.search(r"[1-9]\d* (values|samples)", upgraded.stdout), upgraded.stdout
    [backup] = (tmp_path / "backups").iterdir()
    with tarfile.open(backup) as tar:
        manifest = tar.extractfile("manifest.json")
        assert isinstance(manifest, io.BufferedReader)
        assert release in manifest.read().decode()
    assert set(stack.statuses().values()) == {"ready"}
