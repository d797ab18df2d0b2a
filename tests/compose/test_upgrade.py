"""A checkout with older servers runs; the present one upgrades it, and all that was stored is still there."""

import io
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.build import binary
from kit.paths import ROOT
from tests.compose.running import Containers, write_settings
from tests.support import releases

_UP_SECONDS = 1200  # the first time it compiles the older servers


@pytest.fixture
def older_checkout(tmp_path: Path) -> Path:
    """This repository as the release before it was: with its servers."""
    checkout = tmp_path / "older"
    archive = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, archive.split("\0")):
        if (ROOT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, checkout / name)
    compose = checkout / "compose" / "compose.yaml"
    for server, folder in releases.OLDER.items():
        shutil.copytree(folder, checkout / "servers" / server, dirs_exist_ok=True)
        image = re.compile(rf"(/{server}:v?){re.escape(releases.present(server))}")
        text, found = image.subn(rf"\g<1>{releases.older(server)}", compose.read_text())
        assert found == 1
        compose.write_text(text)
    return checkout


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Containers]:
    made = write_settings(tmp_path / "stack")
    try:
        yield made
    finally:
        made.tear_down()


def test_the_data_of_an_older_release_is_kept(stack: Containers, older_checkout: Path, tmp_path: Path) -> None:
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
    for server in releases.OLDER:
        assert stack.containers()[server].image.endswith(releases.older(server))
    stack.wait(
        lambda: float(stack.query("count(http_requests_total) or vector(0)")[0]["value"][1]) > 0,
        "some data",
    )
    # What is compared was stored until a minute before.
    stack.wait(lambda: bool(stack.query("http_requests_total offset 90s")), "data of a minute and a half ago")

    upgraded = stack.command("upgrade", "--to", str(tmp_path / "backups"))

    assert upgraded.returncode == 0, upgraded.stdout + upgraded.stderr
    for server in releases.OLDER:
        assert releases.older(server) in upgraded.stdout
        assert stack.containers()[server].image.endswith(releases.present(server))
    assert re.search(r"[1-9]\d* (values|samples)", upgraded.stdout), upgraded.stdout
    [backup] = (tmp_path / "backups").iterdir()
    with tarfile.open(backup) as tar:
        manifest = tar.extractfile("manifest.json")
        assert isinstance(manifest, io.BufferedReader)
        saved = manifest.read().decode()
    assert [server for server in releases.OLDER if releases.older(server) not in saved] == []
    assert set(stack.statuses().values()) == {"ready"}
