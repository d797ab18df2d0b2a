"""No text from outside breaks a notification or poses as something else: rendered by Alertmanager's own engine."""

import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.build import binary
from kit.paths import State
from kit.render.addresses_for_templates import native
from kit.render.files import write_folder
from kit.render.template import evaluate
from kit.settings import Settings

pytestmark = pytest.mark.stack

BETWEEN = "\n=====\n"
SNIPPETS = [
    "<script>alert(1)</script>", "<!channel>", "@here", "@channel", "<http://evil.example|Runbook>", "&amp;", "&", '"',
    "'", "`", "\\", "\n", "\r\n", "{{ .Labels }}", "${1}", "%s", "\u202e", "é", "日本", "*", "|", "x" * 500,
]  # fmt: skip
TEXT = (
    st.lists(st.sampled_from(SNIPPETS) | st.text(max_size=20), max_size=6).map("".join).filter(lambda t: "\0" not in t)
)
TEXT = TEXT.map(lambda text: text.encode(errors="ignore").decode())
ADDRESS = TEXT | TEXT.map(lambda text: f"http://127.0.0.1:3000/{text}") | st.just("javascript:alert(1)")
ALERT = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["firing", "resolved"]),
        "labels": st.fixed_dictionaries(
            {"alertname": TEXT, "service": TEXT, "env": TEXT},
            optional={"severity": TEXT | st.sampled_from(["info", "critical"]), "queue": TEXT},
        ),
        "annotations": st.fixed_dictionaries(
            {}, optional={"summary": TEXT, "description": TEXT, "dashboard_url": ADDRESS, "runbook_url": ADDRESS}
        ),
    }
)
ALERTS = st.lists(ALERT, min_size=1, max_size=3) | ALERT.map(lambda alert: [alert] * 30)


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("templates")
    defaults = Settings()
    runtime = native(defaults, State(folder), demo=[], page=folder)
    write_folder(folder, evaluate("alertmanager/alertmanager.jsonnet", defaults.for_templates(), runtime).files)
    return folder


def rendered(folder: Path, alerts: list[dict[str, Any]], *names: str, kind: str = "text") -> list[str]:
    """These templates of one notification, as Alertmanager's engine for text or html makes them."""
    times = {
        "startsAt": "2026-01-01T00:00:00Z",
        "endsAt": "2026-01-01T00:03:20Z",
        "generatorURL": "",
        "fingerprint": "1",
    }
    common = dict(set.intersection(*(set(alert["labels"].items()) for alert in alerts)))
    data = {
        "receiver": "chat",
        "status": "firing",
        "alerts": [times | alert for alert in alerts],
        "groupLabels": {name: alerts[0]["labels"][name] for name in ("alertname", "service", "env")},
        "commonLabels": common,
        "commonAnnotations": {},
        "externalURL": "http://127.0.0.1:9093",
    }
    (folder / "data.json").write_text(json.dumps(data))
    text = BETWEEN.join(f'{{{{ template "signalfire.{name}" . }}}}' for name in names)
    done = subprocess.run(
        [
            str(binary("amtool")), "template", "render", f"--template.glob={folder}/templates/*.tmpl",
            f"--template.data={folder}/data.json", f"--template.type={kind}", f"--template.text={text}",
        ],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.rstrip("\n").split(BETWEEN)


FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(alerts=ALERTS)
def test_slack_reads_no_markup_but_our_links(templates: Path, alerts: list[dict[str, Any]]) -> None:
    title, text = rendered(templates, alerts, "slack.title", "slack.text")
    text = re.sub(r"<https?://[^\s<>|]+\|(Dashboard|Runbook|Logs|Traces|Silence)>", "", text)
    for part in (title, text):
        assert not re.search(r"[<>]|&(?!(amp|lt|gt);)|@(here|channel)", part)
    assert "\n" not in title
    assert len(title) < 1024
    assert len(text) < 12_000


@FUZZ
@given(alerts=ALERTS)
def test_a_mail_has_our_elements_and_no_other_addresses(templates: Path, alerts: list[dict[str, Any]]) -> None:
    [page] = rendered(templates, alerts, "email.html", kind="html")
    elements = Elements(page)
    assert elements.tags <= {"html", "head", "meta", "title", "style", "body", "div", "h1", "h2", "p", "a"}
    assert elements.attributes <= {"lang", "charset", "name", "content", "class", "href"}
    assert all(link.startswith("http") for link in elements.links)


@FUZZ
@given(alerts=ALERTS)
def test_a_subject_is_one_line_and_a_link_a_whole_address(templates: Path, alerts: list[dict[str, Any]]) -> None:
    title, dashboard, silence = rendered(templates, alerts, "plain.title", "dashboard", "silence")
    assert not re.search(r"[\x00-\x1f\x7f]", title)
    assert len(title) < 300
    assert re.fullmatch(r"(https?://[^\s<>|\"]+)?", dashboard)
    form, _, matchers = silence.partition("?filter=")
    assert form == "http://127.0.0.1:9093/#/silences/new"
    assert re.fullmatch(r"(%7B[\w%.~-]*%7D)?", matchers)


class Elements(HTMLParser):
    """What a page consists of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]


FIRING: dict[str, Any] = {
    "status": "firing",
    "labels": {"alertname": "HighErrorRate", "severity": "error", "service": "ad-api", "env": "dev"},
    "annotations": {"summary": "ad-api answers 12 requests a minute with an error"},
}
WORSE = FIRING | {"labels": FIRING["labels"] | {"severity": "critical"}}


@pytest.mark.parametrize(
    ("alerts", "title"),
    [
        ([FIRING], "[ERROR] ad-api answers 12 requests a minute with an error (dev)"),
        ([FIRING | {"annotations": {}}], "[ERROR] HighErrorRate (dev)"),
        ([FIRING] * 23, "[ERROR × 23] HighErrorRate on ad-api (dev)"),
        ([FIRING, WORSE], "[CRITICAL × 2] HighErrorRate on ad-api (dev)"),
        ([FIRING | {"status": "resolved"}], "[RESOLVED] HighErrorRate on ad-api (dev)"),
    ],
)  # fmt: skip
def test_titles(templates: Path, alerts: list[dict[str, Any]], title: str) -> None:
    assert rendered(templates, alerts, "plain.title", "slack.title") == [title, title]


def test_it_says_how_long_it_was(templates: Path) -> None:
    [text] = rendered(templates, [FIRING | {"status": "resolved"}], "plain.alerts")
    assert text == (
        "✓ ad-api answers 12 requests a minute with an error: over since 2026-01-01 00:03:20 UTC, after 3m 20s"
    )


@pytest.mark.parametrize(
    ("end", "lasted"),
    [
        ("00:00:12.3456Z", "12s"),
        ("00:03:00Z", "3m"),
        ("01:00:00Z", "1h"),
        ("02:05:59Z", "2h 5m"),
    ],
)
def test_a_duration_has_no_more_parts_than_a_person_reads(templates: Path, end: str, lasted: str) -> None:
    over = FIRING | {"status": "resolved", "endsAt": f"2026-01-01T{end}"}
    [text] = rendered(templates, [over], "plain.alerts")
    assert text.endswith(f", after {lasted}")


@pytest.mark.parametrize("value", ['a"b', "a\\b", "a\nb", "x" * 201])
def test_a_silence_that_cannot_be_written_into_the_form_is_not_made_wider(templates: Path, value: str) -> None:
    queue = FIRING | {"labels": FIRING["labels"] | {"queue": value}}
    assert rendered(templates, [queue], "silence") == ["http://127.0.0.1:9093/#/silences/new"]
    [fine] = rendered(templates, [FIRING | {"labels": FIRING["labels"] | {"queue": "a b+c,é"}}], "silence")
    assert 'queue="a b+c,é"' in unquote(fine)
