"""A folder's name means nothing to compose: it mounts what the settings name, and no other."""

import json
import subprocess
from pathlib import Path

import pytest

from kit.paths import state_beside
from kit.runtimes.compose.files import Files, Health
from kit.runtimes.compose.project import Project
from kit.settings import load


@pytest.mark.parametrize("name", ["a b", "a #b", "a$HOME", "a'b", 'a"b', "a\\b"])
def test_folders_with_unusual_names_are_mounted(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    (folder / "logs").mkdir(parents=True)
    (folder / "signalfire.yaml").write_text("logs: [{service: shop, files: [logs/*.log]}]")
    state = state_beside(folder / "signalfire.yaml")
    Files(load(folder / "signalfire.yaml"), state, ["viewer"], Health(often_at_start=False)).write()
    command = Project(state).command("config", "--format", "json")
    read = subprocess.run(command, capture_output=True, text=True, check=True).stdout.replace("$$", "$")
    services = json.loads(read)["services"]
    mounted = {volume["source"] for service in services.values() for volume in service["volumes"]}
    assert str(state.compose / "config" / "prometheus") in mounted
    assert str(state.compose / "secrets" / "alertmanager") in mounted
    assert str(folder / "logs") in mounted
