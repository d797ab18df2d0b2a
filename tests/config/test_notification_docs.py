"""The examples of docs/notifications.md are settings that Alertmanager takes."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from kit.build import binary
from kit.paths import ROOT, State
from kit.render.addresses_for_templates import native
from kit.render.files import write_folder
from kit.render.template import evaluate
from kit.runtimes.native.reconcile import with_secrets
from kit.settings import load
from tests.support.receivers import ROUTING_KEY

PAGE = (ROOT / "docs" / "notifications.md").read_text()
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.stack
@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_taken(example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_WEBHOOK", "http://127.0.0.1:9000/")
    for what, name in re.findall(r"(\w+)_file: ([\w/-]+)", example):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(ROUTING_KEY if what == "routing_key" else "http://127.0.0.1:9000/\n")
    (tmp_path / "signalfire.yaml").write_text(example)
    settings = load(tmp_path / "signalfire.yaml")
    runtime = native(settings, State(tmp_path / "state"), demo=[], page=tmp_path)
    written = with_secrets(settings, State(tmp_path / "state"))
    result = evaluate("alertmanager/alertmanager.jsonnet", written, runtime)
    write_folder(State(tmp_path / "state").config / "alertmanager", result.files)
    [(program, *arguments)] = result.checks
    done = subprocess.run([str(binary(program)), *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    written_receivers = {each["name"] for each in yaml.safe_load(result.files["alertmanager.yaml"])["receivers"]}
    assert {receiver.name for receiver in settings.receivers} <= written_receivers


def test_the_page_has_examples_and_its_pictures_exist() -> None:
    assert len(EXAMPLES) >= 5
    for picture in re.findall(r"\]\((images/[^)]+)\)", PAGE):
        assert (ROOT / "docs" / picture).is_file()
