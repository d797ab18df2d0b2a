"""Whatever signalfire.yaml accepts is rendered, and taken by every server's own checker."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st

from kit.settings import SettingsError, load
from kit.settings.receivers import RECEIVER_KINDS
from tests.config.rendering import SERVERS, checked, rendered
from tests.support.overrides import overrides
from tests.support.receivers import ROUTING_KEY

Json = dict[str, Any]
UNITS = ("y", "w", "d", "h", "m", "s", "ms")
SEVERITIES = ("info", "warning", "error", "critical")
# Each kind of text that a name, a path or a label may be.
names = st.from_regex(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,12}[A-Za-z0-9])?", fullmatch=True)
parts = st.sampled_from(
    ("a", "b c", "/", "*", "**/", "?", "[a-c]", "[!x]", "{a,b}", "\\[", "$", "${x}", "$1", "'", '"', "ü", ".", "[")
)
files = st.lists(parts, min_size=1, max_size=8).map(lambda drawn: f"/var/log/{''.join(drawn)}.log")
label_names = st.sampled_from(
    ("team", "cooldown", "severity", "service", "a-b", "ü", "__x", "1", "", "alertname", 'a"b')
)
label_values = st.one_of(st.sampled_from(("7m", "90s500ms", "critical", "{{ x", "}}", "$1", '"')), st.text(max_size=12))
labels = st.dictionaries(label_names, label_values, max_size=2)
hosts = st.sampled_from(
    (
        "127.0.0.1",
        "[::1]",
        "shop.example",
        "my_db",
        "bücher.example",
        "::1",
        "[::1",
        "a b",
        "x?y",
        "a,b",
        "user@x",
        "a..b",
    )
)
addresses = st.builds("{}:{}".format, hosts, st.sampled_from((80, 8080, 65535, 0, "٣", "")))
urls = st.builds(
    "{}{}{}".format,
    st.sampled_from(("http://", "https://user:p%20@", "http:", "ftp://")),
    st.one_of(hosts, addresses),
    st.sampled_from(("", "/", "/x?a=${b}", "/ü", "/%zz", "/a b", "/{{ x }}", "/{x}", "/?%zz", "#%zz", "/\\")),
)
# From nothing to what no float holds, and what is none.
numbers = st.one_of(
    st.sampled_from(
        (0, 1e-9, 1e-6, 0.1234567890123, 1e9, 999_999_999_999_999, 1e15, 1e16, -1, float("nan"), float("inf"))
    ),
    st.floats(0, 1e15),
    st.integers(0, 10**15),
)


def durations(*units: str, most: int = 120) -> st.SearchStrategy[str]:
    """Texts such as 1h30m: some of the units, each once, the largest first."""
    chosen = st.lists(st.sampled_from(units), min_size=1, max_size=3, unique=True)
    numbers = st.lists(st.integers(1, most), min_size=3, max_size=3)
    return st.tuples(chosen, numbers).map(
        lambda drawn: "".join(
            f"{number}{unit}" for unit, number in zip(sorted(drawn[0], key=UNITS.index), drawn[1], strict=False)
        )
    )


def section(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    """Some of the fields."""
    return st.fixed_dictionaries({}, optional=fields)


@st.composite
def receivers(draw: st.DrawFn) -> Json:
    kind = draw(st.sampled_from(RECEIVER_KINDS))
    ways: Json = {
        "webhook": {"url": draw(urls)},
        "slack": {"api_url_file": "secret", "channel": draw(st.sampled_from(("#alerts", "@me", "C123")))},
        "pagerduty": {"routing_key_file": "key"},
        "email": {
            "smarthost": draw(addresses),
            "from": "signalfire@example.com",
            "to": [draw(st.sampled_from(("on-call@example.com", "jörg@bücher.example", "a+b@c", "a..b@c", 'a"b@c')))],
            "require_tls": draw(st.booleans()),
        },
    }
    rest = draw(
        section(
            severities=st.lists(st.sampled_from(SEVERITIES), min_size=1, unique=True),
            teams=st.lists(names, max_size=2, unique=True),
            mute=st.just(["nights"]),
            fallback=st.booleans(),
            pipeline=st.booleans(),
        )
    )
    return {"name": draw(names), kind: ways[kind]} | rest


@st.composite
def objectives(draw: st.DrawFn) -> Json:
    latency = draw(st.booleans())
    kind = {"kind": "latency", "latency_seconds": draw(st.sampled_from((0.1, 0.5, 2.5)))} if latency else {}
    return {
        "name": draw(names),
        "target": draw(st.sampled_from((0.935, 0.95, 0.99, 0.999, 0.99999, 0.9999999, 0.99999999999))),
        "window": draw(durations("y", "w", "d", "h", "m")),
        "services": draw(st.lists(names, max_size=2, unique=True)),
        **kind,
    }


def thresholds(written: Any) -> st.SearchStrategy[Any]:
    """Other numbers in the shape of those that are written, or those."""
    if not isinstance(written, dict):
        return st.one_of(st.just(written), numbers)
    others = {severity: st.just(number) if number is False else numbers for severity, number in written.items()}
    return st.one_of(st.just(written), st.fixed_dictionaries(others))


@st.composite
def alerts(draw: st.DrawFn) -> Json:
    known = overrides()
    chosen = draw(st.lists(st.sampled_from(sorted(known)), max_size=2, unique=True))
    return {
        name: {
            field: draw(
                {
                    "for": durations("y", "d", "h", "m", "s", "ms"),
                    "labels": labels,
                    "threshold": thresholds(value),
                }.get(field, st.just(value))
            )
            for field, value in known[name].items()
            if draw(st.booleans())
        }
        for name in chosen
    }


@st.composite
def ports(draw: st.DrawFn) -> Json:
    some = ("prometheus", "loki", "loki_grpc", "jaeger_otlp", "otlp_grpc", "collector_metrics", "node_exporter")
    chosen = draw(st.lists(st.sampled_from(some), unique=True))
    numbers = draw(st.lists(st.integers(1, 65535), min_size=len(chosen), max_size=len(chosen), unique=True))
    return dict(zip(chosen, numbers, strict=True))


own_metrics = st.sampled_from(
    (
        {"name": "orders_total", "type": "counter", "help": 'Orders "placed".', "labels": {"shop": ["a", "ü"]}},
        {"name": "basket_size", "type": "histogram", "help": "Items.", "buckets": [1, 5, 10.5]},
        {"name": "stock", "type": "gauge", "help": "Pieces.", "labels": {"place": 5}},
    )
)
documents = section(
    env=names,
    listen=st.sampled_from(("127.0.0.1", "0.0.0.0", "::1", "::", "fe80::1%eth0", "255.255.255.255")),
    ports=ports(),
    retention=section(
        metrics=durations("y", "w", "d", "h", "m", most=300),
        logs=durations("y", "w", "d"),
        traces=durations("d", "h", "m", "s"),
    ),
    scrape=section(interval=durations("m", "s", "ms"), evaluation_interval=durations("m", "s", "ms")),
    tracing=section(
        keep_ratio=st.sampled_from((0, 0.001, 0.25, 1)),
        slow=durations("m", "s", "ms"),
        decision_wait=durations("m", "s", "ms"),
    ),
    targets=st.lists(
        st.fixed_dictionaries(
            {"service": names, "addresses": st.lists(addresses, min_size=1, max_size=2)},
            optional={
                "metrics_path": st.sampled_from(("/m", "/ü/${y}", "/m?x", "/m#x", "/a b", "/%zz")),
                "scheme": st.sampled_from(("http", "https")),
            },
        ),
        max_size=3,
    ),
    logs=st.lists(
        st.fixed_dictionaries({"service": names, "files": st.lists(files, min_size=1, max_size=3)}), max_size=2
    ),
    budgets=st.lists(
        st.fixed_dictionaries({"name": names, "day_usd": st.floats(0.01, 1e9)}, optional={"month_usd": st.just(1e6)}),
        max_size=2,
        unique_by=lambda budget: budget["name"],
    ),
    metrics=st.lists(own_metrics, max_size=3, unique_by=lambda metric: metric["name"]),
    objectives=st.lists(objectives(), max_size=2, unique_by=lambda objective: objective["name"]),
    alerts=alerts(),
    receivers=st.lists(receivers(), max_size=3, unique_by=lambda receiver: receiver["name"]),
    mute=st.just([{"name": "nights", "times": ["22:00-07:00"], "weekdays": ["friday"], "time_zone": "Europe/Berlin"}]),
    demo=section(enabled=st.booleans()),
)


@pytest.mark.stack
# A document that is refused is shown as it came: to make it smaller would cost minutes.
@settings(
    max_examples=12,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(document=documents)
def test_what_is_accepted_is_rendered_and_taken_by_every_checker(
    tmp_path_factory: pytest.TempPathFactory, document: Json
) -> None:
    folder = tmp_path_factory.mktemp("generated")
    refused = refusals(document, folder)
    assert refused == []


def refusals(document: Json, folder: Path) -> list[str]:
    """What the checkers say against a document. One that the settings themselves refuse is no example."""
    (folder / "secret").write_text("https://hooks.example/T0/secret")
    (folder / "key").write_text(ROUTING_KEY)
    file = folder / "signalfire.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True))
    try:
        accepted = load(file)
    except SettingsError:
        reject()
    results = [rendered(name, accepted.model_dump(by_alias=True, exclude_unset=True), folder) for name in SERVERS]
    return [done.stdout + done.stderr for result in results for done in checked(result) if done.returncode]
