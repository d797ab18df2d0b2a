"""Who is told of which alert, asked of Alertmanager's own tool."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from kit.build import binary
from kit.paths import ROOT, State
from kit.render.addresses_for_templates import native
from kit.render.files import write_folder
from kit.render.template import evaluate
from kit.settings import Settings
from kit.settings.durations import seconds

DEMO = [{"name": "notifications", "port": 8005, "webhook": "/alerts"}]
EVERYBODY: dict[str, Any] = {"name": "everybody", "webhook": {"url": "http://127.0.0.1:1/"}}
ON_CALL: dict[str, Any] = {"name": "on-call", "webhook": {"url": "http://127.0.0.1:2/"}, "severities": ["critical"]}
CHAT: dict[str, Any] = {"name": "chat", "slack": {"api_url_file": "/hook", "channel": "#alerts"}}
PAGER: dict[str, Any] = {"name": "pager", "pagerduty": {"routing_key_file": "/key"}}
MAIL: dict[str, Any] = {
    "name": "mail",
    "email": {"smarthost": "127.0.0.1:25", "from": "signalfire@example.com", "to": ["team@example.com"]},
}
SNITCH: dict[str, Any] = {"name": "snitch", "webhook": {"url": "http://127.0.0.1:3/", "watchdog": True}}
THREE = [CHAT, PAGER, MAIL]
SHOP: dict[str, Any] = CHAT | {"name": "shop-chat", "teams": ["shop"]}

Write = Callable[[dict[str, Any]], Path]


@pytest.fixture
def written(tmp_path: Path) -> Write:
    """Writes Alertmanager's configuration for settings; where these enable the demo, its receiver is there, too."""

    def write(document: dict[str, Any]) -> Path:
        settings = Settings.model_validate(document)
        runtime = native(settings, State(tmp_path), demo=DEMO if "demo" in document else [], page=tmp_path)
        result = evaluate("alertmanager/alertmanager.jsonnet", settings.for_templates(), runtime)
        write_folder(tmp_path / "config", result.files)
        return tmp_path / "config" / "alertmanager.yaml"

    return write


def told(config: Path, labels: str) -> list[str]:
    command = [str(binary("amtool")), "config", "routes", "test", f"--config.file={config}", "alertname=X"]
    done = subprocess.run([*command, *labels.split()], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return [name for name in done.stdout.strip().split(",") if name != "signalfire/nobody"]


def routes(config: Path, receiver: str) -> list[dict[str, Any]]:
    document = yaml.safe_load(config.read_text())
    return [route for route in document["route"]["routes"] if route["receiver"] == receiver]


@pytest.mark.stack
@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ("severity=critical cooldown=5m", ["demo-notifications", "everybody", "on-call"]),
        ("severity=error cooldown=15m", ["demo-notifications", "everybody"]),
        ("severity=warning", ["demo-notifications", "everybody"]),
        ("severity=info", ["demo-notifications"]),
        ("", ["signalfire/unclassified"]),
        ("alertname=Watchdog severity=info cooldown=5m", ["signalfire/watchdog"]),
    ],
)
def test_webhooks(written: Write, labels: str, receivers: list[str]) -> None:
    config = written({"receivers": [EVERYBODY, ON_CALL], "demo": {"enabled": True}})
    assert told(config, labels) == receivers


CASES: list[tuple[str, list[dict[str, Any]], str, list[str]]] = [
    ("critical rings and is in the chat", THREE, "severity=critical", ["chat", "pager"]),
    ("error is in the chat", THREE, "severity=error", ["chat"]),
    ("warning is in the chat", THREE, "severity=warning", ["chat"]),
    ("info is in the mail of the day", THREE, "severity=info", ["mail"]),
    ("a mail alone gets all there is", [MAIL], "severity=critical", ["mail"]),
    ("what a chat did not ask for is not sent to it", [CHAT], "severity=info", []),
    ("a pager alone is rung for what is critical", [PAGER], "severity=critical", ["pager"]),
    ("a pager alone is not rung for less", [PAGER], "severity=warning", []),
    ("a team's alert is its own", [SHOP, CHAT], "severity=error team=shop", ["shop-chat", "chat"]),
    ("another team's is not", [SHOP, CHAT], "severity=error team=ads", ["chat"]),
    ("no team's goes to those without a team", [SHOP, CHAT], "severity=error", ["chat"]),
    ("what no team takes is told to all", [SHOP], "severity=error team=ads", ["shop-chat"]),
    ("the fallback gets what no team takes", [SHOP, MAIL | {"fallback": True}], "severity=error team=ads", ["mail"]),
    ("the fallback gets a note, too", [SHOP, EVERYBODY | {"fallback": True}], "severity=info", ["everybody"]),
    ("the fallback gets nothing else", [SHOP, MAIL | {"fallback": True}], "severity=error team=shop", ["shop-chat"]),
    ("a name is no pattern", [SHOP | {"teams": ["s.op"]}, CHAT], "severity=error team=shop", ["chat"]),
    (
        "the Watchdog is told to who waits for it",
        [SNITCH, CHAT],
        "alertname=Watchdog",
        ["snitch", "signalfire/watchdog"],
    ),
    ("who waits for the Watchdog is told nothing else", [SNITCH, CHAT], "severity=critical", ["chat"]),
    ("and gets nothing that is left over", [SNITCH], "severity=critical", []),
    ("about notifications: not to who waits", [SNITCH, CHAT], "severity=error pipeline=true", ["chat"]),
    ("about notifications: another way, too", THREE, "severity=error pipeline=true", ["mail", "chat"]),
    (
        "about notifications: a webhook first",
        [*THREE, EVERYBODY],
        "severity=error pipeline=true",
        ["everybody", "chat"],
    ),
    ("about notifications: who was named", [CHAT | {"pipeline": True}, MAIL], "severity=error pipeline=true", ["chat"]),
    ("about notifications: of any severity", THREE, "severity=info pipeline=true", ["mail"]),
]


@pytest.mark.stack
@pytest.mark.parametrize(
    ("receivers", "labels", "wanted"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_who_is_told(written: Write, receivers: list[dict[str, Any]], labels: str, wanted: list[str]) -> None:
    assert told(written({"receivers": receivers}), labels) == wanted


def test_every_cooldown_has_a_route(written: Write) -> None:
    """Also those that only signalfire.yaml names."""
    changed = {"HighErrorRate": {"labels": {"cooldown": "7m"}}}
    for route in routes(written({"receivers": [EVERYBODY], "alerts": changed}), "everybody"):
        intervals = {child["matchers"][0]: child["repeat_interval"] for child in route["routes"]}
        assert intervals['cooldown="7m"'] == "7m"
        generated = yaml.safe_load((ROOT / "prometheus" / "generated" / "alerts.yaml").read_text())
        used = {rule["labels"]["cooldown"] for group in generated["groups"] for rule in group["rules"]}
        assert {f'cooldown="{cooldown}"' for cooldown in used} <= intervals.keys()


def test_a_cooldown_in_other_words_has_a_route_too(written: Write) -> None:
    changed = {"HighErrorRate": {"labels": {"cooldown": "60m"}}}
    for route in routes(written({"receivers": [EVERYBODY], "alerts": changed}), "everybody"):
        intervals = {child["matchers"][0]: child["repeat_interval"] for child in route["routes"]}
        assert (intervals['cooldown="60m"'], intervals['cooldown="1h"']) == ("60m", "1h")


def test_notes_come_once_a_day_in_one_mail(written: Write) -> None:
    [route] = [route for route in routes(written({"receivers": THREE}), "mail") if "info" in route["matchers"][0]]
    daily = route["routes"][0]
    assert (daily["matchers"], daily["group_by"], daily["group_interval"]) == (['severity="info"'], ["severity"], "24h")


def test_the_watchdog_is_told_every_minute_but_not_its_end(written: Write) -> None:
    """An end would look like a sign of life."""
    config = written({"receivers": [SNITCH | {"name": "one"}, SNITCH | {"name": "other"}]})
    for name in ("one", "other"):
        [route] = routes(config, name)
        assert (route["repeat_interval"], route["continue"]) == ("1m", True)
        [receiver] = [each for each in yaml.safe_load(config.read_text())["receivers"] if each["name"] == name]
        assert receiver["webhook_configs"][0]["send_resolved"] is False


def test_a_mute_time_holds_for_every_route_of_its_receiver(written: Write) -> None:
    """Routes do not inherit it."""
    mute = [{"name": "nights", "times": ["22:00-07:00"]}]
    config = written({"receivers": [CHAT | {"mute": ["nights"]}, MAIL], "mute": mute})
    for route in routes(config, "chat"):
        assert {tuple(each["mute_time_intervals"]) for each in [route, *route["routes"]]} == {("nights",)}
    assert not any("mute_time_intervals" in route for route in routes(config, "mail"))


@pytest.mark.parametrize(
    ("mute", "wanted"),
    [
        ({"times": ["09:00-17:00"]}, [("", "09:00", "17:00")]),
        ({"times": ["22:00-07:00"]}, [("", "22:00", "24:00"), ("", "00:00", "07:00")]),
        ({"times": ["22:00-00:00"]}, [("", "22:00", "24:00")]),
        ({"weekdays": ["saturday", "sunday"]}, [("saturday sunday", "", "")]),
        (
            {"times": ["22:00-07:00"], "weekdays": ["friday", "sunday"]},
            [("friday sunday", "22:00", "24:00"), ("saturday monday", "00:00", "07:00")],
        ),
    ],
)
def test_mute_times(written: Write, mute: dict[str, Any], wanted: list[tuple[str, str, str]]) -> None:
    """One that goes over midnight ends on the day after."""
    config = written({"mute": [{"name": "quiet", "time_zone": "Europe/Berlin", **mute}]})
    [found] = yaml.safe_load(config.read_text())["time_intervals"]
    assert {interval["location"] for interval in found["time_intervals"]} == {"Europe/Berlin"}
    ranges = []
    for interval in found["time_intervals"]:
        [times] = interval.get("times", [{}])
        ranges.append((" ".join(interval.get("weekdays", [])), times.get("start_time", ""), times.get("end_time", "")))
    assert ranges == wanted


def test_no_cause_hides_what_is_worse_than_itself(written: Write) -> None:
    rules = yaml.safe_load(written({}).read_text())["inhibit_rules"]
    by_cause = [rule for rule in rules if rule["source_matchers"][0].startswith("alertname")]
    assert by_cause
    assert all('severity!="critical"' in rule["target_matchers"] for rule in by_cause)


WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def is_in(intervals: list[dict[str, Any]], moment: datetime) -> bool:
    """As Alertmanager decides it."""
    clock = f"{moment:%H:%M}"
    return any(
        WEEK[moment.weekday()] in interval.get("weekdays", WEEK)
        and any(
            range_["start_time"] <= clock < range_["end_time"]
            for range_ in interval.get("times", [{"start_time": "00:00", "end_time": "24:00"}])
        )
        for interval in intervals
    )


def digests_of_three_weeks(config: Path, first_note: datetime) -> list[datetime]:
    """When the mail of the day is sent, if there are notes all the time."""
    document = yaml.safe_load(config.read_text())
    intervals = {each["name"]: each["time_intervals"] for each in document["time_intervals"]}
    [mail] = [route for route in routes(config, "mail") if "info" in route["matchers"][0]]
    daily = mail["routes"][0]
    step = timedelta(seconds=seconds(daily["group_interval"]))
    moment, sent = first_note + timedelta(hours=1), []
    while moment < first_note + timedelta(weeks=3):
        muted = any(is_in(intervals[name], moment) for name in daily["mute_time_intervals"])
        active = all(is_in(intervals[name], moment) for name in daily.get("active_time_intervals", []))
        if active and not muted:
            sent.append(moment)
        moment += step
    return sent


NIGHTS = {"times": ["22:00-07:00"]}
WEEKENDS = {"weekdays": ["saturday", "sunday"]}


@pytest.mark.parametrize(
    ("mutes", "a_week"),
    [
        ([NIGHTS], 7),
        ([WEEKENDS], 5),
        ([NIGHTS, WEEKENDS], 5),
        ([{"times": ["22:00-07:00", "07:00-09:00"]}], 7),
        ([{"times": ["00:00-23:30"]}], 7),
        ([{"times": ["00:30-00:00"]}], 7),
        ([{"times": ["22:00-07:00"], "weekdays": ["friday"]}], 7),
        ([{"weekdays": [*WEEK[:4]]}, {"times": ["00:00-22:00"], "weekdays": [*WEEK[4:]]}], 3),
    ],
)
@pytest.mark.parametrize("first_note", [datetime(2026, 1, 15, hour, 17, tzinfo=UTC) for hour in (1, 6, 12, 21, 23)])
def test_quiet_times_hold_up_the_mail_of_the_day_for_no_longer_than_they_last(
    written: Write, mutes: list[dict[str, Any]], a_week: int, first_note: datetime
) -> None:
    """Whenever the first note came, and once a day at most."""
    named = [{"name": f"quiet-{index}", **mute} for index, mute in enumerate(mutes)]
    config = written({"receivers": [MAIL | {"mute": [each["name"] for each in named]}], "mute": named})
    sent = digests_of_three_weeks(config, first_note)
    assert len(sent) in (3 * a_week - 1, 3 * a_week, 3 * a_week + 1)
    assert all(later - earlier >= timedelta(hours=23) for earlier, later in pairwise(sent))


def test_a_receiver_that_is_always_quiet_is_told_nothing_and_one_of_two_time_zones_is(written: Write) -> None:
    always = [{"name": "always", "weekdays": list(WEEK)}]
    config = written({"receivers": [MAIL | {"mute": ["always"]}], "mute": always})
    assert digests_of_three_weeks(config, datetime(2026, 1, 15, 12, tzinfo=UTC)) == []
    two = [{"name": "here", **NIGHTS}, {"name": "there", **NIGHTS, "time_zone": "Asia/Tokyo"}]
    config = written({"receivers": [MAIL | {"mute": ["here", "there"]}], "mute": two})
    assert len(digests_of_three_weeks(config, datetime(2026, 1, 15, 12, tzinfo=UTC))) > 3 * 7


def test_a_mail_of_notes_alone_has_no_other_routes(written: Write) -> None:
    """Nothing would ever take them."""
    config = written({"receivers": [*THREE, MAIL | {"name": "all", "severities": ["info", "error"]}]})
    [notes] = [route for route in routes(config, "mail") if "info" in route["matchers"][0]]
    assert len(notes["routes"]) == 1
    [mixed] = [route for route in routes(config, "all") if "info" in route["matchers"][0]]
    assert len(mixed["routes"]) > 8
