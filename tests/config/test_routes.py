"""Who is told of which alert, asked of Alertmanager's own tool, and what a notification's text says."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.build import binary
from scripts.paths import ROOT, State
from scripts.render.files import write_folder
from scripts.render.runtime import native
from scripts.render.template import evaluate
from scripts.settings import Settings

SETTINGS: dict[str, Any] = {
    "receivers": [
        {"name": "everybody", "webhook": {"url": "http://127.0.0.1:1/"}},
        {"name": "on-call", "webhook": {"url": "http://127.0.0.1:2/"}, "severities": ["critical"]},
    ],
    "alerts": {"HighErrorRate": {"labels": {"cooldown": "7m"}}},
}
DEMO = [{"name": "notifications", "port": 8005, "webhook": "/alerts"}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    settings = Settings.model_validate(SETTINGS)
    runtime = native(settings, State(tmp_path), demo=DEMO, page=tmp_path)
    result = evaluate("alertmanager/alertmanager.jsonnet", settings.model_dump(mode="json", by_alias=True), runtime)
    write_folder(tmp_path, result.files)
    return tmp_path


def amtool(*arguments: str) -> str:
    done = subprocess.run([str(binary("amtool")), *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.stack
@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ("alertname=X severity=critical cooldown=5m", ["demo-notifications", "everybody", "on-call"]),
        ("alertname=X severity=error cooldown=15m", ["demo-notifications", "everybody"]),
        ("alertname=X severity=warning", ["demo-notifications", "everybody"]),
        ("alertname=X severity=info", ["demo-notifications"]),
        ("alertname=X", ["signalfire/unclassified"]),
        ("alertname=Watchdog severity=info cooldown=5m", ["signalfire/watchdog"]),
    ],
)
def test_routes(folder: Path, labels: str, receivers: list[str]) -> None:
    found = amtool("config", "routes", "test", f"--config.file={folder}/alertmanager.yaml", *labels.split())
    assert [name for name in found.strip().split(",") if name != "signalfire/nobody"] == receivers


def test_every_cooldown_has_a_route(folder: Path) -> None:
    """Also those that only signalfire.yaml names."""
    routes = yaml.safe_load((folder / "alertmanager.yaml").read_text())["route"]["routes"]
    [everybody] = [route for route in routes if route["receiver"] == "everybody"]
    intervals = {route["matchers"][0]: route["repeat_interval"] for route in everybody["routes"]}
    assert intervals['cooldown="7m"'] == "7m"
    generated = yaml.safe_load((ROOT / "prometheus" / "generated" / "alerts.yaml").read_text())
    used = {rule["labels"]["cooldown"] for group in generated["groups"] for rule in group["rules"]}
    assert {f'cooldown="{cooldown}"' for cooldown in used} <= intervals.keys()


ALERT: dict[str, Any] = {
    "status": "firing",
    "labels": {"alertname": "HighErrorRate", "severity": "error", "service": "ad-api", "env": "dev"},
    "annotations": {
        "summary": "ad-api answers 12 requests a minute with an error",
        "description": "More than 5 are too many.",
        "dashboard_url": "http://127.0.0.1:3000/d/api-performance",
        "runbook_url": "http://127.0.0.1:3000/runbooks/HighErrorRate",
    },
    "startsAt": "2026-01-01T00:00:00Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "",
    "fingerprint": "1",
}


def render(template: str, folder: Path, alert: dict[str, Any]) -> str:
    """The text of a notification about one alert, as Alertmanager would send it."""
    data = {
        "receiver": "chat",
        "status": alert["status"],
        "alerts": [alert],
        "groupLabels": {"alertname": "HighErrorRate", "service": "ad-api", "env": "dev"},
        "commonLabels": ALERT["labels"],
        "commonAnnotations": {},
        "externalURL": "http://127.0.0.1:9093",
    }
    (folder / "data.json").write_text(json.dumps(data))
    return amtool(
        "template", "render", f"--template.glob={folder}/templates/*.tmpl",
        f"--template.data={folder}/data.json", f'--template.text={{{{ template "{template}" . }}}}',
    ).strip()  # fmt: skip


@pytest.mark.stack
def test_the_text_of_a_notification_that_it_is_over(folder: Path) -> None:
    resolved = ALERT | {"status": "resolved", "endsAt": "2026-01-01T00:03:20Z"}
    assert render("signalfire.title", folder, resolved) == "[RESOLVED] HighErrorRate on ad-api (dev)"
    assert render("signalfire.text", folder, resolved) == (
        "Over since 00:03:20 UTC, after 3m20s. It was: ad-api answers 12 requests a minute with an error"
    )


@pytest.mark.stack
def test_the_text_of_a_notification(folder: Path) -> None:
    assert render("signalfire.title", folder, ALERT) == "[ERROR] HighErrorRate on ad-api (dev)"
    assert render("signalfire.text", folder, ALERT).splitlines() == [
        "ad-api answers 12 requests a minute with an error",
        "More than 5 are too many.",
        "Dashboard: http://127.0.0.1:3000/d/api-performance",
        "Runbook: http://127.0.0.1:3000/runbooks/HighErrorRate",
    ]
