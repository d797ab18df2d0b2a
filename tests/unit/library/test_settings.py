"""Settings: what is invalid is reported when the process is set up, all of it at once."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from prometheus_client import CollectorRegistry
from signalfire import settings, setup_logging, setup_monitoring, setup_tracing
from signalfire._internal import environment
from signalfire.logs.setup import is_set_up
from signalfire.prometheus.push import push_metrics
from signalfire.settings import SettingError

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/library/settings.md").read_text()

BAD_FOR_LOGGING = {
    "SIGNALFIRE_DISABLED": ["perhaps"],
    "LOG_LEVEL": ["LOUD", "5x"],
    "LOG_STDOUT": ["odd", "2"],
    "LOG_KEEP_DAYS": ["0", "-1", "2.5", "month", "9" * 5000, "36501"],
    "SIGNALFIRE_MASK_PHONES": ["some"],
}
BAD_FOR_TRACING = {
    "OTEL_SDK_DISABLED": ["perhaps"],
    "OTEL_TRACES_EXPORTER": ["console", "zipkin"],
    "OTEL_EXPORTER_OTLP_ENDPOINT": [
        "collector:4318",
        "grpc://collector:4317",
        "http://",
        "http://a b:1",
        "http://a:99999",
    ],
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": ["/v1/traces"],
    "JAEGER_ENDPOINT": ["ftp://jaeger", "http://", "jaeger:port", "a b"],
    "OTEL_EXPORTER_OTLP_TIMEOUT": ["soon", "0", "-1", "nan", "inf"],
    "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": ["10s"],
    "OTEL_BSP_MAX_QUEUE_SIZE": ["many", "0", "2.5"],
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": ["-5"],
    "OTEL_BSP_SCHEDULE_DELAY": ["often"],
    "OTEL_TRACES_SAMPLER": ["sometimes"],
    "OTEL_TRACES_SAMPLER_ARG": ["1.5", "-0.1", "half", "nan"],
    "OTEL_ATTRIBUTE_COUNT_LIMIT": ["-1"],
    "OTEL_SPAN_EVENT_COUNT_LIMIT": ["lots"],
}


def cases(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(name, text) for name, texts in table.items() for text in texts]


@pytest.mark.parametrize(("name", "text"), cases(BAD_FOR_LOGGING))
def test_a_bad_variable_of_logging_is_named(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(SettingError, match=rf"^{name} is '{re.escape(text[:150])}.*: write .+") as raised:
        setup_logging("shop")
    assert len(str(raised.value)) < 400
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("name", "text"), cases(BAD_FOR_TRACING))
def test_a_bad_variable_of_tracing_is_named(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, text)
    before = trace.get_tracer_provider()
    with pytest.raises(SettingError, match=rf"^{name} is '{re.escape(text)}': write .+"):
        setup_tracing("shop")
    assert trace.get_tracer_provider() is before


GOOD = {
    "LOG_LEVEL": ["debug", "WARN", " Error "],
    "LOG_STDOUT": ["", "Yes", "off"],
    "LOG_KEEP_DAYS": ["1", "36500", " 7 "],
    "OTEL_TRACES_EXPORTER": ["none", "OTLP", "otlp_proto_http"],
    "OTEL_EXPORTER_OTLP_ENDPOINT": ["http://[::1]:4318/", "https://collector.example/otlp"],
    "JAEGER_ENDPOINT": ["jaeger", "jaeger:14268", "http://jaeger:14268/api/traces", "[::1]:4318"],
    "OTEL_EXPORTER_OTLP_TIMEOUT": ["0.5", "10"],
    "OTEL_TRACES_SAMPLER": [*sorted(environment.SAMPLERS), "ALWAYS_ON"],
    "OTEL_TRACES_SAMPLER_ARG": ["0", "1", "0.25"],
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": ["", "0", "100"],
    "PROMETHEUS_GATEWAY": ["gateway:9091", "https://gateway.example/push"],
}


@pytest.mark.parametrize(("name", "text"), cases(GOOD))
def test_a_good_variable_is_taken(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, text)
    every = environment.LOGGING + environment.MASKING + environment.TRACING + environment.PUSHING
    assert settings.environment_problems(every) == []


@pytest.mark.parametrize(
    ("keywords", "told"),
    [
        ({"service_name": ""}, "service_name is '': write the service's name"),
        ({"service_name": "  "}, "service_name is '  ': write"),
        ({"service_name": 5}, "service_name is 5: write"),
        ({"env": ""}, "env is '': write"),
        ({"level": "LOUD"}, "level is 'LOUD': write DEBUG, INFO, WARNING, ERROR or CRITICAL"),
        ({"level": True}, "level is True: write"),
        ({"level": 2.5}, "level is 2.5: write"),
        ({"log_dir": 5}, "log_dir is 5: write a folder's path"),
        ({"log_stdout": "no"}, "log_stdout is 'no': write True or False"),
        ({"mask": "yes"}, "mask is 'yes': write True or False"),
        ({"mask_phones": 1}, "mask_phones is 1: write True or False"),
    ],
)
def test_a_bad_keyword_of_logging_is_named(keywords: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingError, match=f"^{re.escape(told)}"):
        setup_logging(**keywords)


@pytest.mark.parametrize(
    ("keywords", "told"),
    [
        ({"service_name": ""}, "service_name is '': write the service's name"),
        ({"endpoint": "collector:4318"}, "endpoint is 'collector:4318': write a URL"),
        ({"exporter": "otlp"}, "exporter is 'otlp': give an OpenTelemetry SpanExporter"),
        ({"mask": 0}, "mask is 0: write True or False"),
        ({"shutdown_timeout": -1}, "shutdown_timeout is -1: write a number of seconds"),
        ({"shutdown_timeout": float("inf")}, "shutdown_timeout is inf: write a number of seconds"),
    ],
)
def test_a_bad_keyword_of_tracing_is_named(keywords: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingError, match=f"^{re.escape(told)}"):
        setup_tracing(**keywords)


@pytest.mark.parametrize(
    ("keywords", "told"),
    [
        ({"exclude": "/ping"}, "exclude is '/ping': write a list of paths"),
        ({"exclude": ["ping"]}, "exclude is ['ping']: write a list of paths"),
        ({"exclude": 5}, "exclude is 5: write a list of paths"),
        ({"metrics_path": "metrics"}, "metrics_path is 'metrics': write a path that begins with a slash, or None"),
        ({"health_path": 5}, "health_path is 5: write a path"),
        ({"status_page": "status"}, "status_page is 'status': write True, or a path"),
        ({"log_level": "LOUD"}, "log_level is 'LOUD': write"),
        ({"service_name": ""}, "service_name is '': write"),
    ],
)
def test_a_bad_keyword_of_set_up_is_named_before_anything_is_set_up(keywords: dict[str, Any], told: str) -> None:
    app = FastAPI()
    with pytest.raises(SettingError, match=f"^{re.escape(told)}"):
        setup_monitoring(app, **keywords)
    assert not is_set_up()
    assert not hasattr(app, "_signalfire_monitoring")


def test_one_error_tells_all_problems_of_logs_traces_and_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "sometimes")
    with pytest.raises(SettingError) as raised:
        setup_monitoring(FastAPI(), exclude=["ping"])
    assert [row.split(" is ")[0].strip() for row in str(raised.value).splitlines()[1:]] == [
        "LOG_LEVEL",
        "OTEL_TRACES_SAMPLER",
        "exclude",
    ]
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    monkeypatch.delenv("LOG_LEVEL")
    setup_monitoring(FastAPI(), exclude=["/ping"], registry=CollectorRegistry(), metrics_path=None)


def test_all_problems_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    monkeypatch.setenv("LOG_KEEP_DAYS", "month")
    with pytest.raises(SettingError) as raised:
        setup_logging("", log_stdout="no")  # type: ignore[arg-type]
    assert str(raised.value).splitlines() == [
        "4 settings cannot be used:",
        "  service_name is '': write the service's name, or leave it out",
        "  LOG_LEVEL is 'LOUD': write DEBUG, INFO, WARNING, ERROR or CRITICAL",
        "  LOG_KEEP_DAYS is 'month': write a whole number of days from 1 to 36500, for example 30",
        "  log_stdout is 'no': write True or False",
    ]


def test_a_value_that_holds_a_secret_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "otlp://joe:hunter2@collector")
    with pytest.raises(SettingError) as raised:
        setup_tracing("shop", endpoint="otlp://joe:hunter2@collector")
    assert "hunter2" not in str(raised.value)
    assert "hunter2" not in settings.problem("api_key", "hunter2", "write another")


def test_bad_settings_are_no_matter_when_all_is_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALFIRE_DISABLED", "true")
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "sometimes")
    setup_logging("")
    setup_tracing("")


@given(st.text())
def test_no_text_breaks_a_check(text: str) -> None:
    for known in environment.SWITCHES + environment.LOGGING + environment.TRACING + environment.PUSHING:
        assert known.valid(text) in {True, False}
        settings.problem(known.name, text, known.advice)


# --- the page ---


def documented(heading: str) -> set[str]:
    """The names in the first column of the tables under a heading."""
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"^\| `([^`]+)`", section, re.MULTILINE))


def test_every_environment_variable_in_the_code_is_on_the_page() -> None:
    known = {
        known.name
        for part in (environment.SWITCHES, environment.IDENTITY, environment.LOGGING, environment.MASKING)
        for known in part
    } | {known.name for known in environment.TRACING + environment.PUSHING}
    source = ROOT / "instrumentation/python/src/signalfire"
    named = {
        name
        for path in source.rglob("*.py")
        for name in re.findall(r'"((?:SIGNALFIRE|OTEL|LOG|LOKI|PROMETHEUS|JAEGER)_[A-Z_]+)"', path.read_text())
    }
    assert known <= named
    assert documented("Environment variables") == named


@pytest.mark.parametrize(
    "function", [setup_monitoring, setup_logging, setup_tracing, push_metrics], ids=lambda f: f.__name__
)
def test_every_keyword_of_set_up_is_on_the_page(function: Callable[..., Any]) -> None:
    assert documented(f"Keywords of `{function.__name__}`") == set(inspect.signature(function).parameters)
