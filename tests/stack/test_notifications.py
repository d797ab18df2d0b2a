"""Notifications as Slack, PagerDuty, a mail program and a webhook get them: what came, between when, and nothing else.

Alertmanager waits shorter here than in the product: its configuration is changed between rendering and starting. That
nothing else comes, and nothing comes late, is told by the rounds that it logs, not by a clock."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import yaml

from tests.stack.rounds import INTERVAL, LOGS_ROUNDS, Event, Rounds, count, count_until_told, groups, hurry, is_over
from tests.support import http
from tests.support.certificates import self_signed
from tests.support.receivers import PASSWORD, ROUTING_KEY, USER, Notification, Receivers, receivers
from tests.support.servers import Servers, eventually

pytestmark = pytest.mark.stack

WAIT_OF_THE_DAY, DAY = 1, 3  # seconds


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 127.0.0.1, signed by itself, and its key, in one file."""
    file = tmp_path_factory.mktemp("certificate") / "server.pem"
    self_signed(file.with_suffix(".crt"), file)
    file.write_text(file.read_text() + file.with_suffix(".crt").read_text())
    return file


@pytest.fixture(scope="module")
def found(certificate: Path) -> Iterator[Receivers]:
    with receivers(certificate) as found:
        yield found


@pytest.fixture(scope="module")
def servers(found: Receivers, certificate: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("notifications")

    def secret(name: str, text: str) -> str:
        (folder / name).write_text(f"{text}\n")
        return str(folder / name)

    mail: dict[str, Any] = {
        "smarthost": found.smarthost,
        "from": "signalfire@example.com",
        "user": USER,
        "password_file": secret("password", PASSWORD),
        "require_tls": False,
    }
    encrypted = mail | {
        "smarthost": found.encrypted,
        "require_tls": True,
        "ca_file": str(certificate.with_suffix(".crt")),
    }

    def slack(name: str, **fields: Any) -> dict[str, Any]:
        return {"name": name, **fields, "slack": {"api_url_file": secret(name, f"{found.url}/slack/{name}")}}

    pager = {"routing_key_file": secret("key", ROUTING_KEY), "url": f"{found.url}/pagerduty"}
    settings: dict[str, Any] = {
        "mute": [{"name": "always", "weekdays": [
            "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
        ]}],
        "receivers": [
            {"name": "chat", "slack": {"api_url_file": secret("slack", f"{found.url}/slack"), "channel": "#alerts"}},
            slack("shop", teams=["shop"]),
            slack("quiet", mute=["always"]),
            {"name": "broken-chat", "teams": ["none"], "webhook": {"url": f"{found.url}/broken"}},
            {"name": "on-call", "pagerduty": pager},
            {"name": "mail", "email": mail | {"to": ["team@example.com", "boss@example.com"]}},
            {"name": "ads-mail", "teams": ["ads"], "severities": ["error"],
             "email": mail | {"to": ["ads@example.com"]}},
            {"name": "locked-mail", "teams": ["locked"], "severities": ["error"],
             "email": mail | {"to": ["locked@example.com"], "require_tls": True}},
            {"name": "safe-mail", "teams": ["safe"], "severities": ["error"],
             "email": encrypted | {"to": ["safe@example.com"]}},
            {"name": "doubtful-mail", "teams": ["doubtful"], "severities": ["error"],
             "email": encrypted | {"to": ["doubtful@example.com"], "ca_file": None}},
            {"name": "stranger-mail", "teams": ["stranger"], "severities": ["error"],
             "email": encrypted | {"to": ["stranger@example.com"], "password_file": secret("other", "q")}},
            {"name": "snitch", "webhook": {"url": f"{found.url}/snitch", "watchdog": True}},
            {"name": "operators", "teams": ["none"], "pipeline": True, "webhook": {"url": f"{found.url}/webhook"}},
        ],
    }  # fmt: skip
    servers = Servers(folder / "state", settings)
    try:
        servers.start("alertmanager", adjust=_shorten, options=LOGS_ROUNDS)
        Scenario(servers, found, "clock").post({"alertname": "Clock"})
        yield servers
    finally:
        servers.close()


def _shorten(files: dict[str, str]) -> None:
    hurry(files)
    config = yaml.safe_load(files["alertmanager.yaml"])
    for route in config["route"]["routes"]:
        # Always so; it makes the names of the groups in the log different for each receiver.
        route.setdefault("matchers", []).append(f'told_to!="{route["receiver"]}"')
        if route["receiver"] == "snitch":
            assert route["repeat_interval"] == "1m"
            route["repeat_interval"] = INTERVAL
        for child in route.get("routes", []):
            if "group_interval" in child:
                day = {"group_interval": f"{DAY}s", "repeat_interval": f"{DAY - 1}s"}
                child |= {"group_wait": f"{WAIT_OF_THE_DAY}s", **day}
    files["alertmanager.yaml"] = yaml.safe_dump(config)


class Scenario:
    """Alerts of one service, and every notification about it."""

    def __init__(self, servers: Servers, found: Receivers, service: str) -> None:
        self._url, self._found, self.service = servers.url("alertmanager"), found, service
        self.rounds = Rounds(lambda: servers.log("alertmanager"))
        self.age = 0.0
        """For how many seconds its alerts have fired when they are posted for the first time."""
        self._began = self._posted = 0.0
        self._place = 0

    def post(self, *alerts: dict[str, str], ends_in: float = 3600, annotations: dict[str, str] | None = None) -> None:
        """Alertmanager does not wait for others with one that began long ago."""
        now = time.time()
        self._began = self._began or now - self.age
        self._place = self.rounds.now()
        each = [
            {
                "labels": {"alertname": "Slow", "severity": "error", "service": self.service, "env": "dev"} | labels,
                "annotations": annotations or texts(self.service),
                "startsAt": _moment(self._began),
                "endsAt": _moment(now + ends_in),
            }
            for labels in alerts
        ]
        http.post(f"{self._url}/api/v2/alerts", each)

    @property
    def got(self) -> list[Notification]:
        return self._found.about(self.service)

    def groups(self, labels: str) -> int:
        """How many groups with these labels Alertmanager has: one for each receiver and alert's name."""
        answer = http.get_json(f"{self._url}/api/v2/alerts/groups")
        every = [", ".join(f'{name}="{value}"' for name, value in group["labels"].items()) for group in answer]
        return sum(labels in each for each in every)

    def expect(self, *ways: str, already: int = 0) -> list[Notification]:
        """These come, at the first round that can know of what was posted; then nothing for two more rounds."""
        wanted = sorted(ways)
        eventually(lambda: len(self.got) >= already + len(wanted), f"{wanted}, got {self._ways(already)}")
        events = self.two_more_rounds()
        new = self.got[already:]
        assert [(one.faults, one.title) for one in new if one.faults] == []
        assert self._ways(already) == wanted
        # A group that was there before may just have been looked at when the alert came.
        told = groups(events, "told")
        assert len(told) == len(wanted)
        assert max((count_until_told(events, group) for group in told), default=0) <= (2 if already else 1)
        return new

    def two_more_rounds(self, labels: str = "") -> list[Event]:
        """Of each group of this service, but for those that a receiver that refuses holds up; all since the post.

        A group whose alerts are over has no more rounds: then those of one that always fires are counted.
        """
        labels = labels or self._labels
        now = self.rounds.now()

        def each_had_two() -> bool:
            events, later = self.rounds.since(self._place, labels), self.rounds.since(now, labels)
            known = groups(events)
            goes_on = {group for group in known - groups(events, "failed") if not is_over(events, group)}
            clock = self.rounds.since(now, 'service="clock"')
            return (
                len(known) >= self.groups(labels)
                and all(count(later, group) >= 2 for group in goes_on)
                and any(count(clock, group) >= 3 for group in groups(clock))
            )

        eventually(each_had_two, "two more rounds of each group")
        return self.rounds.since(self._place, labels)

    @property
    def is_over(self) -> bool:
        """Alertmanager has seen that none of the alerts fires any more."""
        events = self.rounds.since(self._place, self._labels)
        return bool(events) and all(is_over(events, group) for group in groups(events))

    @property
    def _labels(self) -> str:
        """As they stand in the names of groups."""
        return f'service="{self.service}"'

    def _ways(self, already: int) -> list[str]:
        return sorted(one.way for one in self.got[already:])


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def texts(service: str) -> dict[str, str]:
    viewer = "http://127.0.0.1:3000"
    return {
        "summary": f"{service} answers 12 requests a minute with an error",
        "description": "More than 5 are too many. Look at which endpoint fails first.",
        "dashboard_url": f"{viewer}/d/api-performance?var-env=dev&var-service={service}&from=now-30m",
        "runbook_url": f"{viewer}/runbooks/HighErrorRate",
        "logs_url": f"{viewer}/explore?left=%7B%22q%22%3A1%7D",
        "traces_url": f"{viewer}/explore?left=%7B%22t%22%3A1%7D",
    }


@pytest.fixture
def scenario(servers: Servers, found: Receivers, request: pytest.FixtureRequest) -> Scenario:
    return Scenario(servers, found, "svc-" + request.node.name.removeprefix("test_").replace("_", "-"))


def test_one(scenario: Scenario) -> None:
    scenario.age = 90
    scenario.post({"severity": "critical", "instance": "10.0.0.1:8080"})
    page, chat = sorted(scenario.expect("pagerduty", "slack"), key=lambda one: one.way)
    [attachment] = chat.body["attachments"]
    assert chat.title == f"[CRITICAL] {scenario.service} answers 12 requests a minute with an error (dev)"
    assert (chat.body["channel"], attachment["color"]) == ("#alerts", "#d92d20")
    lines = attachment["text"].splitlines()
    assert lines[0] == "More than 5 are too many. Look at which endpoint fails first."
    assert re.fullmatch(r"Firing since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, for 1m 3\ds", lines[1])
    assert lines[2] == f"Where: env=dev, instance=10.0.0.1:8080, service={scenario.service}"
    names = re.findall(r"\|(\w+)>", lines[-1])
    assert names == ["Dashboard", "Runbook", "Logs", "Traces", "Silence"]
    payload = page.body["payload"]
    assert (payload["severity"], payload["summary"], payload["source"]) == ("critical", chat.title, scenario.service)
    assert payload["class"] == "Slow"
    assert [link["text"] for link in page.body["links"]] == names


def test_silence(scenario: Scenario, servers: Servers) -> None:
    """The link leads to Alertmanager's form, filled in with this alert."""
    scenario.post({"queue": "big images/é+&"})
    [chat] = scenario.expect("slack")
    [url] = re.findall(r"<([^|<]*)\|Silence>", chat.body["attachments"][0]["text"])
    form, _, matchers = url.partition("?filter=")
    assert form == f"{servers.url('alertmanager')}/#/silences/new"
    assert unquote(matchers) == (
        f'{{alertname="Slow",env="dev",queue="big images/é+&",service="{scenario.service}",severity="error"}}'
    )


def test_storm(scenario: Scenario) -> None:
    scenario.post(*({"severity": "critical", "queue": f"queue-{number:02}"} for number in range(50)))
    page, chat = sorted(scenario.expect("pagerduty", "slack"), key=lambda one: one.way)
    assert chat.title == page.title == f"[CRITICAL × 50] Slow on {scenario.service} (dev)"
    text = chat.body["attachments"][0]["text"]
    assert text.count("•") == 10
    assert "and 40 more" in text
    assert "and 40 more" in page.body["payload"]["custom_details"]["alerts"]


def test_over(scenario: Scenario) -> None:
    scenario.age = 90
    scenario.post({"severity": "critical"})
    first = scenario.expect("pagerduty", "slack")
    scenario.post({"severity": "critical"}, ends_in=-1)
    page, chat = sorted(scenario.expect("pagerduty", "slack", already=2), key=lambda one: one.way)
    assert chat.title == f"[RESOLVED] Slow on {scenario.service} (dev)"
    assert chat.body["attachments"][0]["color"] == "#2f9e5b"
    assert re.search(r"over since .* UTC, after 1m \d\ds", chat.body["attachments"][0]["text"])
    assert page.body["event_action"] == "resolve"
    assert {one.body["dedup_key"] for one in first if one.way == "pagerduty"} == {page.body["dedup_key"]}


def test_escalation(scenario: Scenario) -> None:
    """The warning is told; then the critical one is, and the warning's end is not."""
    scenario.post({"severity": "warning"})
    scenario.expect("slack")
    scenario.post({"severity": "warning"}, {"severity": "critical"})
    new = scenario.expect("pagerduty", "slack", already=1)
    # Both, where the group was looked at before Alertmanager knew that the one mutes the other.
    assert {one.title.split()[0].strip("[]") for one in new} == {"CRITICAL"}


def test_cause(scenario: Scenario) -> None:
    """What follows from a service that is down is not told beside it."""
    scenario.post({"alertname": "TargetDown"})
    scenario.expect("slack")
    scenario.post({"alertname": "TrafficDroppedToZero"})
    scenario.expect(already=1)


def test_notes_of_the_day(scenario: Scenario) -> None:
    """In one mail, after a while; then nothing until the next day."""
    place = scenario.rounds.now()
    scenario.post(
        {"alertname": "UnpricedCalls", "severity": "info"}, {"alertname": "HighRateLimitBlocks", "severity": "info"}
    )
    eventually(lambda: scenario.got, "the mail")
    scenario.post({"alertname": "OneMore", "severity": "info"})
    eventually(lambda: len(scenario.got) >= 2, "the next day's mail")
    events = scenario.rounds.since(place, '/{severity="info"}:')
    first, second = [event.at for event in events if event.kind == "round"]
    assert first - scenario.rounds.received("UnpricedCalls") >= WAIT_OF_THE_DAY
    assert second - first >= DAY - 0.1
    mail, _ = scenario.got
    assert {one.way for one in scenario.got} == {"mail team@example.com, boss@example.com"}
    assert [one.faults for one in scenario.got] == [[], []]
    assert mail.title == f"[INFO × 2] Notes of the day on {scenario.service} (dev)"
    assert mail.body["text/html"].count(">Dashboard</a>") == 2


def test_team(scenario: Scenario) -> None:
    scenario.post({"team": "shop"})
    scenario.expect("slack", "slack/shop")


def test_mail(scenario: Scenario) -> None:
    scenario.post({"team": "ads", "instance": "10.0.0.1:8080"})
    _, found = sorted(scenario.expect("slack", "mail ads@example.com"), key=lambda one: one.way != "slack")
    assert found.mail is not None
    assert found.title == f"[ERROR] {scenario.service} answers 12 requests a minute with an error (dev)"
    assert set(found.body) == {"text/plain", "text/html"}
    assert "Runbook: http://127.0.0.1:3000/runbooks/HighErrorRate" in found.body["text/plain"].splitlines()
    assert links(found.body["text/html"])[:4] == [
        texts(scenario.service)[f"{name}_url"] for name in ("dashboard", "runbook", "logs", "traces")
    ]


def test_unencrypted(scenario: Scenario) -> None:
    """A mail server that offers no encryption gets no mail, unless the settings say that it may."""
    scenario.post({"team": "locked"})
    scenario.expect("slack")


def test_encrypted_mail(scenario: Scenario) -> None:
    """By STARTTLS, to a server whose certificate an authority of one's own has signed."""
    scenario.post({"team": "safe"})
    mail, _ = sorted(scenario.expect("slack", "mail safe@example.com"), key=lambda one: one.way)
    assert mail.user == USER


@pytest.mark.parametrize(
    ("team", "reason"), [("doubtful", "certificate signed by unknown authority"), ("stranger", "auth: 535")]
)
def test_mail_that_is_not_safe_to_send(scenario: Scenario, servers: Servers, team: str, reason: str) -> None:
    """Neither the mail nor the password goes to a server whose certificate nobody vouches for."""
    scenario.service = f"svc-mail-of-{team}"
    scenario.post({"team": team})
    scenario.expect("slack")
    eventually(
        lambda: any(reason in line and f"{team}-mail" in line for line in servers.log("alertmanager").splitlines()),
        "Alertmanager says why the mail was not sent",
    )


def test_watchdog(scenario: Scenario) -> None:
    """Again and again while it fires, and never that it is over."""
    scenario.post({"alertname": "Watchdog", "severity": "info"})
    eventually(lambda: len(scenario.got) >= 3, "the third sign of life")
    scenario.post({"alertname": "Watchdog", "severity": "info"}, ends_in=-1)
    eventually(lambda: scenario.is_over, "Alertmanager has seen the end")
    scenario.two_more_rounds()
    assert {one.way for one in scenario.got} == {"snitch"}
    assert {one.body["status"] for one in scenario.got} == {"firing"}


def test_another_way(scenario: Scenario) -> None:
    """Told by another way, once, while what is to be told is refused elsewhere."""
    scenario.post({"team": "none", "alertname": "Broken"})
    eventually(lambda: [one for one in scenario.got if one.way == "broken"], "the one that fails")
    already = {id(one) for one in scenario.got}
    scenario.post({"alertname": "AlertmanagerNotificationsFailing", "pipeline": "true"})

    def pipeline() -> list[str]:
        return [
            one.way
            for one in scenario.got
            if id(one) not in already and one.title and "NotificationsFailing" in str(one.body)
        ]

    eventually(lambda: "webhook" in pipeline(), "the webhook that was named for it")
    scenario.two_more_rounds('alertname="AlertmanagerNotificationsFailing"')
    assert sorted(pipeline()) == ["slack", "webhook"]


NASTY = {
    "markup": "<script>alert(1)</script> <b>&amp; & <!channel> <http://evil.example|Runbook>",
    "calls": "@here @channel <!here> <@U123>",
    "quotes": "\"'`${x}{{ .Labels }} \\ %s",
    "lines": "one\r\nBcc: evil@example.com\n\n.\nsubject",
    "long": "x" * 9000,
    "directions": "abc\u202etxt.exe\u0000\u0007",
}


@pytest.mark.parametrize("kind", NASTY)
def test_nasty(scenario: Scenario, kind: str) -> None:
    value = NASTY[kind].replace("\u0000", "")
    scenario.service = f"svc-nasty-{kind}"
    annotations = texts(scenario.service) | {"summary": f"{scenario.service} {value}", "description": value}
    annotations |= {"runbook_url": "javascript:alert(1)", "logs_url": f"http://a/{value}"}
    scenario.post({"severity": "error", "team": "ads", "queue": value}, annotations=annotations)
    mail, _ = sorted(scenario.expect("slack", "mail ads@example.com"), key=lambda one: one.way)
    assert mail.mail is not None
    assert mail.mail["Bcc"] is None
    assert mail.mail["To"] == "ads@example.com"
    assert tags(mail.body["text/html"]) <= PLAIN_TAGS
    assert all(url.startswith(("http://127.0.0.1", "http://a/")) for url in links(mail.body["text/html"]))
    assert len(mail.title) < 300


PLAIN_TAGS = {"html", "head", "meta", "title", "style", "body", "div", "h1", "h2", "p", "a"}


class _Elements(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]


def tags(html: str) -> set[str]:
    return _Elements(html).tags


def links(html: str) -> list[str]:
    return _Elements(html).links
