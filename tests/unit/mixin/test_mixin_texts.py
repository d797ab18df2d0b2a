"""What every alert says, of values of every size, as Prometheus itself writes it."""

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.mixin import evaluate
from tests.unit.mixin import promtool

Json = dict[str, Any]
pytestmark = pytest.mark.promtool

# What a person may meet: nothing, very little, what is usual, what rounds up to the next unit, far too much.
SIZES = (
    0,
    1e-9,
    0.00023456,
    0.0101723,
    0.5,
    0.99963,
    1,
    1.4567,
    10.1723,
    59.963,
    314.327,
    1212,
    86399.5,
    1.23456e9,
    4e12,
)
LABELS = {
    "env": "prod",
    "service": "ad-agents",
    "instance": "10.0.0.17:8080",
    "device": "/dev/sda",
    "queue": "videos",
    "agent": "copywriter",
    "tool": "web_search",
    "task": "send_receipt",
    "task_type": "ad_copy",
    "workflow_type": "launch",
    "provider": "openai",
    "model": "gpt-six-luna",
    "operation": "write_copy",
    "measure": "a call",
    "cache": "ads",
    "database": "adplatform",
    "objective": "availability",
    "kind": "availability",
    "budget": "agents",
    "signal": "traffic",
    "will_fire": "HttpErrorRatio",
    "exporter": "otlp_http/loki",
    "reason": "too_old",
    "receiver": "on-call",
    "integration": "webhook",
    "route": "otlp_v_logs",
}
WATCHED = ("traffic", "errors", "latency", "cost", "tokens", "tasks")
PAGES = ("summary", "description")
# Messages cut what is longer (alertmanager/templates/values.tmpl).
LONGEST = {"summary": 140, "description": 400}
START = 1768478400
_RENDERED = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*")')
_LOOKED_UP = re.compile(r"`([^`]*)`")
_RECORD = re.compile(r"\b[a-z_]+:[a-z_]+:\w+")
_UNITS = ("hours", "minutes", "seconds", "days", "times")


def records_of(rules: list[Json]) -> set[str]:
    """The series that texts look up."""
    looked_up = " ".join(_LOOKED_UP.findall(" ".join(str(rule["annotations"]) for rule in rules)))
    burns = {f"service:slo_burn:rate{window}" for window in ("1h", "6h", "1d", "3d")}
    return {name for name in _RECORD.findall(looked_up) if not name.endswith(":rate")} | burns


def series(name: str, value: float, **labels: str) -> Json:
    written = ",".join(f'{label}="{text}"' for label, text in (LABELS | labels).items())
    return {"series": f"{name}{{{written}}}", "values": f"{value:.17g}x2"}


def promtool_test_of(size: float, signal: str, rules: list[Json], records: set[str]) -> Json:
    beside = [
        series(name, START - size if "timestamp" in name else size, signal=signal, period=period)
        for name in sorted(records)
        for period in ("day", "month")
    ]
    return {
        "name": f"{size} {signal}",
        "interval": "1m",
        "start_timestamp": "2026-01-15T12:00:00Z",
        "input_series": [series("size", size, signal=signal), *beside],
        # That nothing fires is wrong: promtool then says what does.
        "alert_rule_test": [{"alertname": rule["alert"], "eval_time": "0s", "exp_alerts": []} for rule in rules],
    }


@pytest.fixture(scope="module")
def texts(alerts: dict[str, list[Json]], tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, str]]:
    """Alert and size, name of the annotation, and the annotation as Prometheus writes it."""
    # One level stands for the others, which have another threshold.
    rules = [
        {"alert": name, "expr": "size", "annotations": {page: levels[-1]["annotations"][page] for page in PAGES}}
        for name, levels in alerts.items()
    ]
    records = records_of(rules)
    anomaly = [rule for rule in rules if rule["alert"] == "AnomalyDetected"]
    tests = [promtool_test_of(size, "traffic", rules, records) for size in SIZES]
    tests += [
        promtool_test_of(size, signal, anomaly, records) for size, signal in itertools.product(SIZES, WATCHED[1:])
    ]
    content = {"rules": {"groups": [{"name": "sizes", "rules": rules}]}, "tests": tests}
    failed = promtool.run(tmp_path_factory.mktemp("texts"), {"sizes.yaml": content})
    found = list(rendered(failed["sizes.yaml"]))
    assert len(found) == len(PAGES) * (len(SIZES) * len(rules) + len(SIZES) * (len(WATCHED) - 1))
    return found


def rendered(told: list[str]) -> Iterator[tuple[str, str, str]]:
    """promtool has one paragraph for each test, with a line of labels and one of annotations for each alert."""
    for line in "\n".join(told).splitlines():
        where, _, annotations = line.partition("Annotations:")
        if annotations:
            for name, quoted in _RENDERED.findall(annotations):
                yield where.strip(), name, json.loads(quoted)


def faults(text: str, plurals: frozenset[str]) -> set[str]:
    """What a tired person would stumble over. plurals: of the things that alerts count."""
    bare = text
    for value in sorted(LABELS.values(), key=len, reverse=True):
        bare = bare.replace(value, "…") if re.search(r"\d", value) else bare
    numbers = re.findall(r"(?<![$\w.,])(\d[\d.]*)", bare)
    many = "|".join(sorted(plurals | set(_UNITS)))
    found = {
        "milli": re.search(r"\d\.\d+m\b|\b(?:[6-9]\d|\d{3,})m\b|\d[unpfazyµ]\b", bare),
        "exponent": re.search(r"\de[+-]?\d", bare),
        "not a number": re.search(r"\b(?:NaN|[Ii]nf)\b", bare),
        "template": re.search(r"\{\{|\}\}|<no value>|<error|%!|map\[", bare),
        "one of many": re.search(rf"(?<![\d.,])1 (?:{many})\b", bare),
        "digits": any(len(number.replace(".", "").strip("0")) > 3 for number in numbers),
        "cents": re.search(r"\$\d[\d,]*(?:\.\d|\.\d{3,})?(?![\d.,kMGTP])", bare),
        "no unit": re.search(r"usually at most [\d.]+[kMGT]?(?:,|$)", bare),
    }
    return {name for name, fault in found.items() if fault}


@pytest.fixture(scope="module")
def plurals() -> frozenset[str]:
    return frozenset(evaluate("[a.counted[1] for a in std.objectValues(signalfire.alerts) if a.counted != null]"))


def test_every_alert_says_what_a_person_understands(texts: list[tuple[str, str, str]], plurals: frozenset[str]) -> None:
    wrong = [f"{sorted(found)}: {text}" for _, _, text in texts if (found := faults(text, plurals))]
    assert not wrong, "\n".join(dict.fromkeys(wrong))


def test_no_message_is_cut_before_it_says_where_to_look(texts: list[tuple[str, str, str]]) -> None:
    long = [f"{name}, {len(text)}: {text}" for _, name, text in texts if len(text) > LONGEST[name]]
    assert not long, "\n".join(dict.fromkeys(long))


def test_a_threshold_reads_like_the_value_that_crosses_it(tmp_path: Path) -> None:
    """What jsonnet writes of a number is what Prometheus makes of the template."""
    sizes = json.dumps(SIZES)
    formats: Json = evaluate(f"""
        local units = import 'prometheus/signals/units.libsonnet';
        local formats = units.formats + {{
          counted: units.counted('call', 'calls'),
          second: units.rate('call', 'calls', 'second'),
          minute: units.rate('call', 'calls', 'minute'),
          hour: units.rate('call', 'calls', 'hour'),
        }};
        {{
          [name]: {{
            template: units.define('amount', formats[name]) + units.written('amount'),
            texts: [formats[name].text(size) for size in {sizes}],
          }}
          for name in std.objectFields(formats)
        }}
    """)
    rules = [{"alert": name, "expr": "size", "annotations": {"text": one["template"]}} for name, one in formats.items()]
    tests = [promtool_test_of(size, "traffic", rules, set()) for size in SIZES]
    failed = promtool.run(tmp_path, {"f.yaml": {"rules": {"groups": [{"name": "f", "rules": rules}]}, "tests": tests}})
    written = [text for _, _, text in rendered(failed["f.yaml"])]
    assert written == [one["texts"][place] for place in range(len(SIZES)) for one in formats.values()]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("loses 10.17m spans a second", "milli"),
        ("usually at most 847m", "milli"),
        ("takes 90m", "milli"),
        ("takes 3n", "milli"),
        ("loses 1.2e+04 spans", "exponent"),
        ("is gone in +Inf", "not a number"),
        ("is NaN", "not a number"),
        ("{{ $value }} fail", "template"),
        ("fails in <no value>", "template"),
        ("1 calls have no price", "one of many"),
        ("in 1 hours", "one of many"),
        ("1727.1 times", "digits"),
        ("12345 items", "digits"),
        ("costs $1212 an hour", "cents"),
        ("costs $12.5 an hour", "cents"),
        ("unusual: now 3, usually at most 2.3", "no unit"),
    ],
)
def test_what_is_refused(text: str, fault: str) -> None:
    assert fault in faults(text, frozenset({"calls"}))


@pytest.mark.parametrize(
    "text",
    [
        "1h 5m", "1 call", "31 calls", "1.0 times", "$1,212.35 of $500.00", "847ms", "12.3k items", "$1.23G", "100%",
        "1 item every 59m", "less than $0.01", "0.0101", "in the last 5 minutes",
    ],
)  # fmt: skip
def test_what_is_well(text: str) -> None:
    assert faults(text, frozenset({"calls", "items"})) == set()
