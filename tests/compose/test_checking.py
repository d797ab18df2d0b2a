"""Each server's checker judges in a container of its own: there, too, it has what it needs, whatever the settings."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from kit import images
from kit.paths import ROOT, State
from kit.runtimes.compose import engine
from kit.runtimes.compose.checking import check
from kit.runtimes.compose.errors import ComposeError
from kit.runtimes.compose.files import Files, Health, exporters_of
from kit.runtimes.compose.up import images_of
from kit.settings import load
from tests.support.certificates import self_signed
from tests.support.overrides import overrides
from tests.support.receivers import ROUTING_KEY

PROFILES = ["demo", "viewer"]
EVERYTHING = """
retention: {metrics: 1y, logs: 1d12h, traces: 90m}
tracing: {keep_ratio: 0.25, slow: 250ms}
targets:
  - {service: shop, addresses: [127.0.0.1:8080, shop.example:80]}
logs:
  - {service: shop, files: [/var/log/shop/*.log]}
databases:
  - {service: shop-db, kind: postgres, address: db.example:5432, user: monitor, password_file: secret}
  - {service: shop-cache, kind: redis, address: 127.0.0.1:6379, password_file: secret}
budgets:
  - {name: total, day_usd: 25}
  - {name: agents, month_usd: 100}
metrics:
  - {name: orders_total, type: counter, help: Orders., labels: {platform: [web, app]}}
objectives:
  - {name: availability, target: 0.999, window: 7d}
  - {name: checkout, kind: latency, latency_seconds: 0.5, target: 0.95, services: [shop]}
mute:
  - {name: nights, times: ["22:00-07:00"], weekdays: [friday], time_zone: Europe/Berlin}
receivers:
  - {name: chat, teams: [shop], mute: [nights], slack: {api_url_file: secret, channel: "#alerts"}}
  - {name: on-call, pagerduty: {routing_key_file: key}}
  - name: mail
    email:
      smarthost: mail.example:587
      from: signalfire@example.com
      to: [team@example.com]
      user: signalfire
      password_file: secret
      ca_file: own.pem
  - {name: hook, pipeline: true, severities: [critical], webhook: {url_file: secret}}
  - {name: else, fallback: true, webhook: {url: "http://127.0.0.1:9000/${x}"}}
  - {name: snitch, webhook: {url_file: secret, watchdog: true}}
"""
# One of each shape: a plain threshold, one for each severity, one of a machine. tests/unit/mixin overrides them all.
OVERRIDDEN = ("HighErrorRate", "HttpErrorRatio", "HighMemoryUsage")
SETTINGS: dict[str, dict[str, Any]] = {
    "as shipped": yaml.safe_load((ROOT / "signalfire.yaml").read_text()),
    "everything": yaml.safe_load(EVERYTHING) | {"alerts": {name: overrides()[name] for name in OVERRIDDEN}},
    "nothing": {},
}


def files_of(settings: dict[str, Any], folder: Path) -> tuple[Files, State]:
    (folder / "secret").write_text("http://127.0.0.1:9/\n")
    (folder / "key").write_text(ROUTING_KEY)
    self_signed(folder / "own.pem", folder / "own.key")
    (folder / "signalfire.yaml").write_text(yaml.safe_dump(settings))
    valid, state = load(folder / "signalfire.yaml"), State(folder / ".signalfire")
    images.ensure(engine.connect(), images_of(PROFILES), lambda *_: None, offline=True)
    return Files(valid, state, [*PROFILES, *exporters_of(valid)], Health(often_at_start=False)), state


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS.keys())
def test_every_checker_takes_what_the_settings_give(settings: dict[str, Any], tmp_path: Path) -> None:
    files, state = files_of(settings, tmp_path)
    check(engine.connect(), files, state)
    judged = {stamp.name.removeprefix("compose-") for stamp in (state.run / "checked").iterdir()}
    assert judged == {name for name, rendered in files.rendered.items() if rendered.checks}
    assert judged >= {"prometheus", "alertmanager", "loki", "jaeger", "collector"}


def test_an_override_that_its_alerts_tests_do_not_survive_is_refused(tmp_path: Path) -> None:
    """The checker ran them: a test that expects another value fails in the container."""
    files, state = files_of({"alerts": {"HighErrorRate": {"threshold": 20.0}}}, tmp_path)
    [name] = [file for file in files.rendered["prometheus"].files if file.endswith("HighErrorRate.yaml")]
    text = files.rendered["prometheus"].files[name]
    files.rendered["prometheus"].files[name] = text.replace("HighErrorRate", "AnotherAlert")
    with pytest.raises(ComposeError, match="promtool refuses its configuration"):
        check(engine.connect(), files, state)


def test_a_checker_leaves_no_container(tmp_path: Path) -> None:
    files, state = files_of({}, tmp_path)
    check(engine.connect(), files, state)
    mounts = [mount for container in engine.connect().containers.list(all=True) for mount in container.attrs["Mounts"]]
    assert [mount["Source"] for mount in mounts if str(tmp_path) in mount.get("Source", "")] == []
