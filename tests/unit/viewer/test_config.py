"""viewer.json: what is wrong with it is said with its place; the rendered one is right."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from grafana.viewer.server.config import ConfigError, load
from kit.paths import State
from kit.render.addresses_for_templates import native
from kit.render.template import evaluate
from kit.settings import Settings

ROOT = Path(__file__).parents[3]
GOOD: dict[str, Any] = {
    "listen": "127.0.0.1:3000",
    "dashboards": "/d",
    "static": "/s",
    "datasources": {"prometheus": {"url": "http://127.0.0.1:9090/"}},
}


def write(folder: Path, document: object) -> Path:
    path = folder / "viewer.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def test_a_small_file_is_enough(tmp_path: Path) -> None:
    config = load(write(tmp_path, GOOD))
    assert (config.listen_host, config.listen_port) == ("127.0.0.1", 3000)
    assert config.datasources["prometheus"].url == "http://127.0.0.1:9090"
    assert config.datasources["prometheus"].type == "prometheus"
    assert config.runbooks == ROOT / "runbooks"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"listen": "3000"}, "listen: '3000' is not host:port"),
        ({"listen": "127.0.0.1:99999"}, "listen:"),
        ({"static": None}, "static: is missing"),
        ({"datasources": {}}, "datasources: must be an object"),
        ({"datasources": {"x": {"url": "http://a"}}}, "datasources.x.type: 'x' is unknown; one of prometheus"),
        ({"datasources": {"loki": {"url": "file:///etc/passwd"}}}, "datasources.loki.url"),
        ({"datasources": {"loki": "http://a"}}, 'datasources.loki: must be an object with "url"'),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    path = write(tmp_path, GOOD | change)
    with pytest.raises(ConfigError) as error:
        load(path)
    assert str(error.value).startswith(str(path))
    assert said in str(error.value)


@pytest.mark.parametrize("text", ["{", "[]"])
def test_no_json_no_start(tmp_path: Path, text: str) -> None:
    command = [sys.executable, "-m", "grafana.viewer.server", "--config", str(write(tmp_path, text))]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 2
    assert "viewer.json" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"viewer\.json: cannot be read"):
        load(tmp_path / "viewer.json")


def test_the_rendered_configuration_loads(tmp_path: Path) -> None:
    runtime = native(Settings(), State(tmp_path), [], Path("/page"))
    rendered = evaluate("grafana/viewer/viewer.jsonnet", Settings().model_dump(mode="json"), runtime)
    folder = runtime["servers"]["dashboards"]["config"]
    assert rendered.args == ["-m", "grafana.viewer.server", "--config", f"{folder}/viewer.json"]
    config = load(write(tmp_path, rendered.files["viewer.json"]))
    assert sorted(config.datasources) == ["alertmanager", "jaeger", "loki", "prometheus"]
    assert config.datasources["prometheus"].interval == Settings().scrape.interval
    assert (config.static, config.dashboards) == (Path("/page"), Path(folder) / "dashboards")
    assert config.listen_port == Settings().ports.dashboards
    assert config.allowed_hosts == {"127.0.0.1"}
    names = [name for name in rendered.files if name.startswith("dashboards/")]
    assert "dashboards/overview.json" in names
    assert all(json.loads(rendered.files[name])["panels"] for name in names)
