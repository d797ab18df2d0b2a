"""What a store would never take: it neither stops nor takes along what others send, and is counted by its reason."""

import base64
import json
import math
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import pytest
import yaml

from tests.support.http import client, get
from tests.support.servers import Servers, attributes, eventually, lines_in_loki, record, span, trace_in_jaeger

pytestmark = pytest.mark.stack

# More than a key of Jaeger's index may have, and no multiple of its characters' length where it will be cut.
LONG = "€" * 26_000
NUMBERS = {"nan": "NaN", "inf": "Infinity", "minus-inf": "-Infinity"}

Resource = dict[str, Any]
Poison = Callable[[Resource], None]
"""Changes a resource with one scope and one item of a signal."""


def value(content: Any) -> dict[str, Any]:
    """An attribute's value as OTLP's JSON has it; also what the plain helper does not know."""
    if isinstance(content, bytes):
        return {"bytesValue": base64.b64encode(content).decode()}
    if isinstance(content, dict):
        return {"kvlistValue": {"values": [{"key": key, "value": value(item)} for key, item in content.items()]}}
    if isinstance(content, list):
        return {"arrayValue": {"values": [value(item) for item in content]}}
    if isinstance(content, float) and not math.isfinite(content):
        return {"doubleValue": NUMBERS["nan" if math.isnan(content) else "inf" if content > 0 else "minus-inf"]}
    if isinstance(content, float):
        return {"doubleValue": content}
    return {"stringValue": str(content)}


def nested(depth: int) -> Any:
    content: Any = "deep"
    for _ in range(depth):
        content = {"a": [content]}
    return content


VALUES: dict[str, Any] = {
    "text": LONG,
    "list": ["x" * 7_500] * 20,
    "list-of-many": ["x"] * 30_000,
    "escaped": ["\x01" * 7_500] * 20,
    "map": {"a": LONG, "b": {"c": LONG}},
    "wide-map": {f"key-{number}": "x" for number in range(2_000)},
    "deep": nested(9),
    "deepest": nested(40),  # as only JSON can have it: readers of protobuf stop at a hundred levels of theirs
    "bytes": b"\xff" * 84_000,
    "nan": math.nan,
    "inf": math.inf,
    "minus-inf": -math.inf,
    "nan-in-list": [1.0, math.nan],
    "inf-in-map": {"a": {"b": [-math.inf]}},
}


def attribute(key: str, content: Any) -> dict[str, Any]:
    return {"key": key, "value": value(content)}


def in_resource(content: Any) -> Poison:
    return lambda resource: resource["resource"]["attributes"].append(attribute("poison", content))


def in_scope(items: str, content: Any) -> Poison:
    return lambda resource: resource[items][0].update(scope={"name": "s", "attributes": [attribute("poison", content)]})


def scope_of(items: str, **fields: Any) -> Poison:
    return lambda resource: resource[items][0].update(scope=fields)


def of_resource(change: Callable[[list[Any]], None]) -> Poison:
    return lambda resource: change(resource["resource"]["attributes"])


def rename_service(given: list[Any]) -> None:
    given[0]["value"] = {"stringValue": given[0]["value"]["stringValue"] + LONG}


# --- spans ------------------------------------------------------------------------------------------------------------


def of_span(**fields: Any) -> Poison:
    return lambda resource: resource["scopeSpans"][0]["spans"][0].update(fields)


def event(name: str = "e", **fields: Any) -> dict[str, Any]:
    return {"name": name, "timeUnixNano": str(time.time_ns()), **fields}


def link(**fields: Any) -> dict[str, Any]:
    return {"traceId": secrets.token_hex(16), "spanId": secrets.token_hex(8), **fields}


def many(count: int, content: str = "x") -> list[dict[str, Any]]:
    return [attribute(f"key-{number}", content) for number in range(count)]


SPANS: dict[str, Poison] = {
    "name": of_span(name=LONG),
    "status": of_span(status={"code": 2, "message": LONG}),
    "tracestate": of_span(traceState=",".join(f"v{number}={'x' * 200}" for number in range(400))),
    "no-members-of-tracestate": of_span(traceState="x" * 80_000),
    "key": of_span(attributes=[attribute(LONG, "x")]),
    "many-attributes": of_span(attributes=many(3_000, "x" * 100)),
    "large-attributes": of_span(attributes=many(60, "x" * 20_000)),
    "event-name": of_span(events=[event(LONG)]),
    "event-key": of_span(events=[event(attributes=[attribute(LONG, "x")])]),
    "many-events": of_span(events=[event(attributes=many(5, "x" * 2_000)) for _ in range(200)]),
    "link-tracestate": of_span(links=[link(traceState="x=" + "x" * 80_000)]),
    "many-links": of_span(links=[link(attributes=many(3)) for _ in range(1_000)]),
    "scope-name": scope_of("scopeSpans", name=LONG),
    "scope-version": scope_of("scopeSpans", name="s", version=LONG),
    "scope-key": scope_of("scopeSpans", name="s", attributes=[attribute(LONG, "x")]),
    "resource-key": of_resource(lambda given: given.append(attribute(LONG, "x"))),
    "resource-many": of_resource(lambda given: given.extend(many(2_000, "x" * 500))),
    "service": of_resource(rename_service),
}
SPANS |= {f"attribute-{name}": of_span(attributes=[attribute("poison", content)]) for name, content in VALUES.items()}
SPANS |= {
    f"event-{name}": of_span(events=[event(attributes=[attribute("poison", content)])])
    for name, content in VALUES.items()
}
SPANS |= {
    f"link-{name}": of_span(links=[link(attributes=[attribute("poison", content)])]) for name, content in VALUES.items()
}
SPANS |= {f"resource-{name}": in_resource(content) for name, content in VALUES.items()}
SPANS |= {f"scope-{name}": in_scope("scopeSpans", content) for name, content in VALUES.items()}


def resource_of(service: str, items: str, scope: dict[str, Any]) -> Resource:
    return {"resource": {"attributes": attributes({"service.name": service})}, items: [scope]}


def spans_of(service: str, trace: str) -> Resource:
    return resource_of(service, "scopeSpans", {"spans": [span(trace, secrets.token_hex(8))]})


def send(servers: Servers, signal: str, resources: list[Resource]) -> None:
    kind = {"traces": "resourceSpans", "logs": "resourceLogs", "metrics": "resourceMetrics"}[signal]
    answer = client.post(
        f"{servers.url('otlp_http')}/v1/{signal}",
        content=json.dumps({kind: resources}),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 200, answer.text


def send_poisoned_spans(servers: Servers, ways: Iterable[str] = SPANS) -> dict[str, str]:
    """One of each way, between good ones of another service. The trace of each."""
    traces = {name: secrets.token_hex(16) for name in ways}
    for name, trace in traces.items():
        poisoned = spans_of("poisoner", trace)
        SPANS[name](poisoned)
        send(servers, "traces", [spans_of("good", secrets.token_hex(16)), poisoned])
    return traces


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    running = Servers(tmp_path_factory.mktemp("refused") / "state", {"env": "test"})
    try:
        running.start("prometheus", "loki", "jaeger", "collector")
        yield running
    finally:
        running.close()


@pytest.fixture(scope="module")
def traces(servers: Servers) -> dict[str, str]:
    return send_poisoned_spans(servers)


@pytest.mark.parametrize("way", SPANS)
def test_a_span_that_jaeger_could_not_store_arrives_bounded(servers: Servers, traces: dict[str, str], way: str) -> None:
    jaeger, trace = servers.url("jaeger"), traces[way]
    eventually(lambda: trace_in_jaeger(jaeger, trace), f"the span with a bad {way} in Jaeger")
    (stored,) = trace_in_jaeger(jaeger, trace)
    assert "�" not in json.dumps(stored, ensure_ascii=False), "cut within a character"


@pytest.mark.parametrize("service", ["good", "poisoner"])
def test_searches_show_all_of_a_service(servers: Servers, traces: dict[str, str], service: str) -> None:
    def found() -> int:
        answer = get(f"{servers.url('jaeger')}/api/traces", service=service, limit=1000, lookback="1h")
        assert answer.status_code == 200, answer.text
        return len(answer.json()["data"])

    apart = 1 if service == "poisoner" else 0  # whose service's name is the poison
    eventually(lambda: found() == len(traces) - apart, f"all spans of {service} are found")


@pytest.mark.parametrize("number", NUMBERS)
def test_what_is_no_number_is_told_as_text(servers: Servers, traces: dict[str, str], number: str) -> None:
    eventually(lambda: trace_in_jaeger(servers.url("jaeger"), traces[f"attribute-{number}"]), "the span in Jaeger")
    (stored,) = trace_in_jaeger(servers.url("jaeger"), traces[f"attribute-{number}"])
    assert {"key": "poison", "type": "string", "value": NUMBERS[number]} in stored["tags"]


def test_a_queue_that_was_poisoned_before_goes_out(tmp_path_factory: pytest.TempPathFactory) -> None:
    """It was filled by a collector that had no limits, and nobody deletes it."""
    running = Servers(tmp_path_factory.mktemp("old-queue") / "state", {"env": "test"})

    def without_limits(files: dict[str, str]) -> None:
        config = yaml.safe_load(files["collector.yaml"])
        for pipeline in config["service"]["pipelines"].values():
            pipeline["processors"].remove("limits")
        files["collector.yaml"] = yaml.safe_dump(config)

    try:
        running.start("collector", adjust=without_limits)
        traces = send_poisoned_spans(running, [way for way in SPANS if not way.endswith("-deepest")])
        running.kill("collector")
        running.start("jaeger", "collector")
        last = secrets.token_hex(16)
        send(running, "traces", [spans_of("late", last)])
        for way, trace in (traces | {"nothing": last}).items():
            eventually(partial(trace_in_jaeger, running.url("jaeger"), trace), f"the span with a bad {way}")
    finally:
        running.close()


# --- log records ------------------------------------------------------------------------------------------------------


def of_record(**fields: Any) -> Poison:
    return lambda resource: resource["scopeLogs"][0]["logRecords"][0].update(fields)


def many_of_all(resource: Resource) -> None:
    of_resource(lambda given: given.extend(many(1_000)))(resource)
    scope_of("scopeLogs", name="s", attributes=many(1_000))(resource)
    of_record(attributes=many(1_000))(resource)


RECORDS: dict[str, Poison] = {
    "key": of_record(attributes=[attribute(LONG, "x")]),
    "many-attributes": of_record(attributes=many(3_000)),
    "large-attributes": of_record(attributes=many(60, "x" * 20_000)),
    "maps": of_record(attributes=[attribute(f"map-{n}", {f"k-{m}": "x" for m in range(50)}) for n in range(50)]),
    "env": of_record(attributes=[attribute("env", LONG)]),
    "event-name": of_record(eventName=LONG),
    "severity": of_record(severityText=LONG),
    "scope-name": scope_of("scopeLogs", name=LONG),
    "scope-many": scope_of("scopeLogs", name="s", attributes=many(1_000)),
    "resource-many": of_resource(lambda given: given.extend(many(1_000))),
    "resource-large": of_resource(lambda given: given.extend(many(100, "x" * 20_000))),
    "all-many": many_of_all,
    "service": of_resource(rename_service),
}
RECORDS |= {f"body-{name}": of_record(body=value({"poison": content})) for name, content in VALUES.items()}
RECORDS |= {
    f"attribute-{name}": of_record(attributes=[attribute("poison", content)]) for name, content in VALUES.items()
}
RECORDS |= {f"resource-{name}": in_resource(content) for name, content in VALUES.items()}
RECORDS |= {f"scope-{name}": in_scope("scopeLogs", content) for name, content in VALUES.items()}


def test_log_records_arrive_bounded(servers: Servers) -> None:
    start = time.time()
    for name, poison in RECORDS.items():
        poisoned = resource_of("poisoner", "scopeLogs", {"logRecords": [record(f"poisoned {name}")]})
        poisoned["scopeLogs"][0]["logRecords"][0]["traceId"] = secrets.token_hex(16)
        poison(poisoned)
        good = resource_of("good", "scopeLogs", {"logRecords": [record(f"beside {name}")]})
        send(servers, "logs", [good, poisoned])

    def lines(query: str) -> list[dict[str, Any]]:
        return lines_in_loki(servers.url("loki"), query, start - 60)

    eventually(lambda: len(lines('{service_name="good"}')) == len(RECORDS), "the good lines in Loki")
    found: list[dict[str, Any]] = []

    def arrived() -> bool:
        found[:] = lines('{service_name=~"poisoner.*"}')
        return len(found) == len(RECORDS)

    try:
        eventually(arrived, "the poisoned lines in Loki")
    except AssertionError:
        missing = set(RECORDS) - {line["line"].removeprefix("poisoned ") for line in found}
        raise AssertionError(f"never arrived: {sorted(missing)}") from None


# --- metrics ----------------------------------------------------------------------------------------------------------


def point(moment: float = 0, number: float = 1, **fields: Any) -> dict[str, Any]:
    """`moment`: seconds from now."""
    return {"asDouble": number, "timeUnixNano": str(time.time_ns() + int(moment * 1e9)), **fields}


def gauge(name: str, *points: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "gauge": {"dataPoints": list(points)}}


def total(name: str, *points: dict[str, Any], temporality: int = 2) -> dict[str, Any]:
    return {
        "name": name,
        "sum": {"aggregationTemporality": temporality, "isMonotonic": True, "dataPoints": list(points)},
    }


def histogram(name: str, moment: float, temporality: int = 2) -> dict[str, Any]:
    of = point(moment) | {"count": "1", "sum": 1, "bucketCounts": ["1", "0"], "explicitBounds": [2]}
    del of["asDouble"]
    return {"name": name, "histogram": {"aggregationTemporality": temporality, "dataPoints": [of]}}


HOURS = 3600
METRICS: dict[str, tuple[str, Callable[[], dict[str, Any]]]] = {
    "two-hours-old": ("too_old", lambda: gauge("old", point(-2 * HOURS - 60))),
    "a-day-old": ("too_old", lambda: total("day", point(-24 * HOURS))),
    "without-a-time": ("too_old", lambda: gauge("never", point() | {"timeUnixNano": "0"})),
    "old-histogram": ("too_old", lambda: histogram("old_histogram", -3 * HOURS)),
    "eleven-minutes-ahead": ("too_new", lambda: gauge("ahead", point(11 * 60))),
    "a-day-ahead": ("too_new", lambda: histogram("day_ahead", 24 * HOURS)),
    "at-the-end-of-time": ("too_new", lambda: gauge("end", point() | {"timeUnixNano": str(2**64 - 1)})),
    "delta": ("delta", lambda: total("delta", point(), temporality=1)),
    "delta-histogram": ("delta", lambda: histogram("delta_histogram", 0, temporality=1)),
    "no-temporality": ("delta", lambda: total("unspecified", point(), temporality=0)),
    "no-letters": ("no_name", lambda: gauge("€€€", point())),
    "no-name": ("no_name", lambda: gauge("", point())),
}


def refused(servers: Servers, signal: str) -> dict[str, float]:
    """By reason, whoever refused."""
    found: dict[str, float] = {}
    pattern = re.compile(r"otelcol_refused_items_total\{(.*)\} (\S+)")
    for labels, number in pattern.findall(get(servers.url("collector_metrics") + "/metrics").text):
        of = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        if of["signal"] == signal:
            found[of["reason"]] = found.get(of["reason"], 0) + float(number)
    return found


def latest(servers: Servers, query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = get(f"{servers.url('prometheus')}/api/v1/query", query=query).json()["data"]["result"]
    return found


@pytest.mark.parametrize("way", METRICS)
def test_a_metric_point_is_refused_alone(servers: Servers, way: str) -> None:
    """In one request with a good one, as the collector merges what several clients send."""
    reason, poisoned = METRICS[way]
    before = refused(servers, "metrics")
    assert reason in before, "a counter begins at 0, so that the first refusal is an increase"
    beside = "beside_" + way.replace("-", "_")
    send(
        servers,
        "metrics",
        [
            resource_of("early", "scopeMetrics", {"metrics": [gauge(beside, point())]}),
            resource_of("poisoner", "scopeMetrics", {"metrics": [poisoned(), gauge(f"own_{beside}", point())]}),
            resource_of("late", "scopeMetrics", {"metrics": [gauge(beside, point(-HOURS))]}),
        ],
    )
    eventually(lambda: latest(servers, beside), "the good point in Prometheus")
    eventually(lambda: latest(servers, f"own_{beside}"), "the good point of the same service")
    eventually(lambda: latest(servers, f'last_over_time({beside}{{service="late"}}[2h])'), "the point from an hour ago")
    assert refused(servers, "metrics") == before | {reason: before[reason] + 1}


def test_what_prometheus_refuses_for_a_reason_of_its_own_is_refused_alone(servers: Servers) -> None:
    """Two values of one series at one time: a conflict that only Prometheus sees."""
    before = refused(servers, "metrics").get("invalid_argument", 0)
    moment = str(time.time_ns())

    def conflict(number: float) -> dict[str, Any]:
        return gauge("conflict", point(0, number) | {"timeUnixNano": moment})

    send(servers, "metrics", [resource_of("conflict", "scopeMetrics", {"metrics": [conflict(1)]})])
    eventually(lambda: latest(servers, "conflict"), "the first value in Prometheus")
    good = [gauge(f"conflict_good_{number}", point()) for number in range(20)]
    metrics = [*good[:7], conflict(2), *good[7:]]
    send(servers, "metrics", [resource_of("conflict", "scopeMetrics", {"metrics": metrics})])
    eventually(lambda: len(latest(servers, '{__name__=~"conflict_good.*"}')) == 20, "the good metrics in Prometheus")
    eventually(lambda: refused(servers, "metrics").get("invalid_argument", 0) == before + 1, "one point is refused")
    assert latest(servers, "conflict")[0]["value"][1] == "1"


@pytest.mark.parametrize("name", VALUES)
def test_attributes_of_metrics_arrive_bounded(servers: Servers, name: str) -> None:
    metric = "bounded_" + name.replace("-", "_")
    poisoned = resource_of("poisoner", "scopeMetrics", {"metrics": [gauge(metric, point())]})
    poisoned["scopeMetrics"][0]["metrics"][0]["gauge"]["dataPoints"][0]["attributes"] = [
        attribute("poison", VALUES[name]),
        attribute(LONG, "x"),
    ]
    in_resource(VALUES[name])(poisoned)
    in_scope("scopeMetrics", VALUES[name])(poisoned)
    send(servers, "metrics", [poisoned])
    eventually(lambda: latest(servers, metric), "the metric in Prometheus")


def test_nothing_else_was_refused(servers: Servers) -> None:
    """What is bounded is taken: nothing had to be found out by asking a server."""
    counted = {signal: refused(servers, signal) for signal in ("traces", "logs", "metrics")}
    expected = {reason for reason, _ in METRICS.values()} | {"invalid_argument", "too_large"}
    assert [sum(counted[signal].values()) for signal in ("traces", "logs")] == [0, 0]
    assert set(counted["metrics"]) <= expected
