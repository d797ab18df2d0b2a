"""What becomes of a line, a log record, a span and a pushed metric on their way through the collector."""

import json
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import http
from tests.support.http import get
from tests.support.servers import (
    Servers,
    attributes,
    eventually,
    lines_in_loki,
    record,
    send_logs,
    send_spans,
    span,
    trace_in_jaeger,
)

pytestmark = pytest.mark.stack

TRACE = secrets.token_hex(16)
SPAN = secrets.token_hex(8)
SECRETS = {
    "bearer": "Authorization: Bearer abcdefghijklmnop1234",
    "password": "password=hunter2 ",
    "json": '{"api_key": "abcdef123456"}',
    "openai": "key sk-proj-abcdefghijklmnopqrstuvwx",
    "aws": "AKIAIOSFODNN7EXAMPLE",
    "github": "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
    "mail": "write to ann.smith+news@mail.example.com",
    "card": "card 4111 1111 1111 1111 declined",
    "amex": "card 378282246310005 declined",
    "address": "postgres://shop:s3cr3t@db:5432/shop",
}
HIDDEN = (
    "abcdefghijklmnop1234", "hunter2", "abcdef123456", "sk-proj", "AKIAIOSFODNN7", "ghp_", "eyJ", "ann.smith",
    "4111 1", "378282246310005", "s3cr3t", "topsecret",
)  # fmt: skip
HARMLESS: dict[str, Any] = {
    "input_tokens": 512,
    "time_to_first_token": 0.25,
    "endpoint": "/campaigns/{id}",
    "duration_ns": 1763717400123456789,
    "note": "the token count is 12, the password policy changed",
}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("collector")
    logs = [{"service": "shop", "files": [str(folder / "app" / "*.log")]}]
    (folder / "app").mkdir()
    running = Servers(folder / "state", {"logs": logs, "env": "test"})
    try:
        running.start("prometheus", "loki", "jaeger", "collector")
        yield running
    finally:
        running.close()


@pytest.fixture(scope="module")
def lines(servers: Servers) -> list[dict[str, Any]]:
    """What Loki has after one file with every kind of line was written."""
    start = time.time()
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(start - 60))
    request = {
        "timestamp": f"{moment}.123456Z", "level": "info", "message": "request completed", "service": "ad-api",
        "env": "prod", "correlation_id": "c-1", "trace_id": TRACE, "span_id": SPAN, "status": 200,
        "duration_seconds": 0.012,
    }  # fmt: skip
    nested = {"user": {"password": "topsecret", "name": "Ann"}, "list": [{"token": "topsecret"}]}
    every_secret = " / ".join(SECRETS.values())
    written = [
        request,
        {"timestamp": f"{moment}+00:00", "level": "WARN", "msg": "with an offset"},
        {"time": int((start - 60) * 1000), "level": "error", "msg": "milliseconds"},
        {"timestamp": "2099-01-01T00:00:00Z", "level": "critical", "message": "from the future"},
        {"level": "debug", "message": "secrets", **nested, **SECRETS},
        # Many times: the collector tries its expressions in another order each time.
        *({"level": "debug", "message": f"{number}: {every_secret}"} for number in range(50)),
        {"level": "info", "message": "harmless", **HARMLESS},
    ]
    text = [json.dumps(line) for line in written] + ["plain text, no JSON", '{"broken": ', "[1, 2]", '"text"']
    app = servers.state.folder.parent / "app"
    (app / "shop.log").write_text("\n".join(text) + "\n")
    found: list[dict[str, Any]] = []

    def arrived() -> bool:
        found[:] = lines_in_loki(servers.url("loki"), '{service_name=~"shop|ad-api"}', start - 3600)
        return len(found) >= len(text)

    eventually(arrived, f"{len(text)} lines in Loki")
    assert len(found) == len(text)
    return found


def the(lines: list[dict[str, Any]], body: str) -> dict[str, Any]:
    (line,) = [line for line in lines if line["line"] == body]
    return line


def test_a_json_line_becomes_a_record(lines: list[dict[str, Any]]) -> None:
    line = the(lines, "request completed")
    expected = {
        "service_name": "ad-api", "env": "prod", "level": "info", "correlation_id": "c-1", "trace_id": TRACE,
        "span_id": SPAN, "status": "200", "duration_seconds": "0.012",
    }  # fmt: skip
    assert {key: line.get(key) for key in expected} == expected
    assert line["time"] % 10**9 == 123_456_000


def test_times_and_levels_of_other_loggers(lines: list[dict[str, Any]]) -> None:
    offset, milliseconds = the(lines, "with an offset"), the(lines, "milliseconds")
    assert offset["level"] == "warning"
    assert milliseconds["level"] == "error"
    now = time.time_ns()
    for line in (offset, milliseconds):
        assert now - line["time"] > 55 * 10**9


def test_a_line_from_the_future_is_kept_with_the_time_it_was_read(lines: list[dict[str, Any]]) -> None:
    assert the(lines, "from the future")["time"] < time.time_ns()


@pytest.mark.parametrize("body", ["plain text, no JSON", '{"broken": ', "[1, 2]", '"text"'])
def test_a_line_that_is_no_object_is_kept_as_it_is(lines: list[dict[str, Any]], body: str) -> None:
    line = the(lines, body)
    assert (line["service_name"], line["env"], line["level"]) == ("shop", "test", "unknown")


def test_the_index_has_only_the_bounded_labels(servers: Servers, lines: list[dict[str, Any]]) -> None:
    assert lines
    labels = get(f"{servers.url('loki')}/loki/api/v1/labels").json()["data"]
    assert sorted(labels) == ["env", "level", "service_name"]


def test_secrets_in_lines_are_masked_in_bodies_and_attributes(lines: list[dict[str, Any]]) -> None:
    text = json.dumps(lines)
    assert [secret for secret in HIDDEN if secret in text] == []
    line = the(lines, "secrets")
    assert line["user_name"] == "Ann"
    assert line["user_password"] == "****"
    assert line["mail"] == "write to ****"
    assert line["address"] == "****db:5432/shop"


def test_what_only_looks_like_a_secret_stays(lines: list[dict[str, Any]]) -> None:
    line = the(lines, "harmless")
    assert line["input_tokens"] == "512"
    assert {key: line[key] for key in ("endpoint", "note")} == {key: HARMLESS[key] for key in ("endpoint", "note")}
    assert float(line["time_to_first_token"]) == 0.25


def test_log_records_over_otlp(servers: Servers) -> None:
    start = time.time()
    records = [
        record("masked: password=hunter2", 17, authorization="Basic topsecret", code=7)
        | {"traceId": TRACE, "spanId": SPAN},
        record("notice", 0) | {"severityText": "NOTICE"},
    ]
    assert send_logs(servers.url("otlp_http"), records, "pusher")
    found: list[dict[str, Any]] = []

    def arrived() -> bool:
        found[:] = lines_in_loki(servers.url("loki"), '{service_name="pusher"}', start - 60)
        return len(found) == len(records)

    eventually(arrived, "both records in Loki")
    masked, notice = the(found, "masked: ****"), the(found, "notice")
    expected = {
        "level": "error",
        "env": "test",
        "trace_id": TRACE,
        "span_id": SPAN,
        "authorization": "****",
        "code": "7",
    }
    assert {key: masked.get(key) for key in expected} == expected
    assert notice["level"] == "info"


def test_spans_are_masked_and_cut_to_what_jaeger_can_store(servers: Servers) -> None:
    trace = secrets.token_hex(16)
    values = {
        "user.email": "ann.smith@example.com",
        "db.statement": " / ".join(SECRETS.values()),
        "long": "x" * 100_000,
    }
    sent = span(trace, SPAN, values | HARMLESS, error=True)
    sent["status"] = {"code": 2, "message": "refused: password=hunter2 "}
    sent["events"] = [
        {
            "name": "exception",
            "timeUnixNano": sent["endTimeUnixNano"],
            "attributes": attributes({"exception.stacktrace": "y" * 200_000, "exception.message": SECRETS["mail"]}),
        }
    ]
    assert send_spans(servers.url("otlp_http"), [sent], "pusher")
    eventually(lambda: trace_in_jaeger(servers.url("jaeger"), trace), "the span in Jaeger")
    (stored,) = trace_in_jaeger(servers.url("jaeger"), trace)
    text = json.dumps(stored)
    assert [secret for secret in HIDDEN if secret in text] == []
    tags = {tag["key"]: tag["value"] for tag in stored["tags"]}
    assert tags["otel.status_description"].startswith("refused: ****")
    assert tags["input_tokens"] == 512
    assert tags["long"] == "x" * 8192


def test_pushed_metrics_have_the_labels_of_scraped_ones(servers: Servers) -> None:
    now = time.time_ns()
    point = {"asInt": "5", "timeUnixNano": str(now), "startTimeUnixNano": str(now - 10**9)}
    metric = {
        "name": "jobs.done",
        "unit": "1",
        "sum": {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": [point]},
    }
    resource = {"attributes": attributes({"service.name": "batch", "deployment.environment.name": "prod"})}
    body = {"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": [metric]}]}]}
    http.post(f"{servers.url('otlp_http')}/v1/metrics", body)

    def series() -> list[dict[str, Any]]:
        answer = get(f"{servers.url('prometheus')}/api/v1/query", query="jobs_done_total")
        result: list[dict[str, Any]] = answer.json()["data"]["result"]
        return result

    eventually(series, "the pushed metric in Prometheus")
    labels = series()[0]["metric"]
    assert {key: labels[key] for key in ("job", "service", "env")} == {
        "job": "batch",
        "service": "batch",
        "env": "prod",
    }


def test_a_rotated_file_is_read_to_its_end(servers: Servers) -> None:
    """Lines written just before a rotation, and to the renamed file after it, arrive once each."""
    start, app = time.time(), servers.state.folder.parent / "app"
    file = app / "rotated.log"
    for generation in range(3):
        with file.open("a") as current:
            for number in range(20):
                current.write(json.dumps({"level": "info", "message": f"rotated {generation} {number}"}) + "\n")
            current.flush()
            rename(file)
            current.write(json.dumps({"level": "info", "message": f"rotated {generation} last"}) + "\n")
    wanted = sorted(f"rotated {generation} {n}" for generation in range(3) for n in [*range(20), "last"])

    def arrived() -> list[str]:
        found = lines_in_loki(servers.url("loki"), '{service_name="shop"} |= "rotated"', start - 60)
        return sorted(line["line"] for line in found)

    eventually(lambda: len(arrived()) >= len(wanted), f"{len(wanted)} lines of the rotated files in Loki")
    assert arrived() == wanted


def rename(file: Path) -> None:
    """As a log rotation does: x.log.1 becomes x.log.2, x.log becomes x.log.1."""
    for number in (2, 1):
        older = file.with_name(f"{file.name}.{number}")
        if older.exists():
            older.rename(file.with_name(f"{file.name}.{number + 1}"))
    file.rename(file.with_name(f"{file.name}.1"))
