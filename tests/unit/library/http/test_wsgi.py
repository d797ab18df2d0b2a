"""The WSGI middleware around real Flask, Django and plain applications, behind real servers."""

import contextlib
import re
import time
from pathlib import Path
from typing import Any
from wsgiref.util import FileWrapper

import flask
import httpx
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from prometheus_client import CollectorRegistry
from signalfire import HealthChecker, setup_monitoring
from signalfire.http.frameworks import readable
from signalfire.http.wsgi import WsgiExchange
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from tests.unit.library.helpers import Lines, series, value, wait_until
from tests.unit.library.http import wsgi_apps
from tests.unit.library.http.wsgi_apps import (
    KINDS,
    PARENT,
    TRACE,
    TRACEPARENT,
    StartResponse,
    configure_django,
    endpoints,
    flask_app,
    get,
    leave,
    plain_app,
    served,
    watched,
)

# --- route templates ---


def test_flasks_blueprints_refusals_and_redirects(registry: CollectorRegistry) -> None:
    app = flask_app()
    setup_monitoring(app, registry=registry)
    get(app, "/shops/a/items/1", "/shops/b/items/2", "/slash/x", "/static/none.css")
    get(app, "/shops/a/items/1", method="DELETE")
    get(app, *(f"/{number}" for number in range(20)))
    assert endpoints(registry) == {
        ("/shops/<shop>/items/<int:item>", "GET", "200"): 2,
        ("/shops/<shop>/items/<int:item>", "DELETE", "405"): 1,
        ("/slash/<thing>/", "GET", "308"): 1,
        ("/static/<path:filename>", "GET", "404"): 1,
        ("unmatched", "GET", "404"): 20,
    }


def test_djangos_includes_refusals_and_redirects(registry: CollectorRegistry) -> None:
    app = watched("django", registry)
    get(app, "/shops/a/items/1", "/shops/b/items/2", "/slash/x", "/old/x")
    get(app, "/shops/a/items/1", method="DELETE")
    get(app, "/shops/a/items/1", "/nothing", headers={"X-Outsider": "yes"})
    get(app, *(f"/{number}" for number in range(20)))
    assert endpoints(registry) == {
        ("/shops/<str:shop>/items/<int:item>", "GET", "200"): 2,
        ("/shops/<str:shop>/items/<int:item>", "DELETE", "405"): 1,
        ("/shops/<str:shop>/items/<int:item>", "GET", "401"): 1,
        ("/slash/<thing>/", "GET", "301"): 1,
        ("/old/<thing>", "GET", "200"): 1,
        ("unmatched", "GET", "401"): 1,
        ("unmatched", "GET", "404"): 20,
    }


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        ("", "/"),
        ("shops/<int:shop>/", "/shops/<int:shop>/"),
        (r"^articles/(?P<year>[0-9]{4})/$", "/articles/<year>/"),
        (r"shops/<int:shop>/^x/([0-9]+)$", "/shops/<int:shop>/x/<var>"),
    ],
)
def test_a_route_of_djangos_as_a_path(route: str, expected: str) -> None:
    configure_django()
    assert readable(route) == expected


def test_mounted_applications_keep_the_mounts_path(registry: CollectorRegistry) -> None:
    mounts = DispatcherMiddleware(flask_app(), {"/admin": flask_app(), "/legacy": plain_app()})
    app = setup_monitoring(mounts, is_wsgi=True, registry=registry)
    get(app, "/shops/a/items/1", "/admin/shops/a/items/1", "/admin/nothing", "/legacy/a", "/legacy/b", "/nothing")
    assert endpoints(registry) == {
        ("/shops/<shop>/items/<int:item>", "GET", "200"): 1,
        ("/admin/shops/<shop>/items/<int:item>", "GET", "200"): 1,
        ("/admin/{path}", "GET", "404"): 1,
        ("/legacy/{path}", "GET", "200"): 2,
        ("unmatched", "GET", "404"): 1,
    }


@pytest.mark.parametrize("kind", ["flask", "django"])
def test_the_servers_own_prefix_is_no_part_of_the_endpoint(registry: CollectorRegistry, kind: str) -> None:
    app = watched(kind, registry)

    def below(environ: Any, start_response: StartResponse) -> Any:
        return app({**environ, "SCRIPT_NAME": "/api"}, start_response)

    get(below, "/shops/a/items/1", "/nothing")
    assert {endpoint.replace("str:", "") for endpoint, *_ in endpoints(registry)} == {
        "/shops/<shop>/items/<int:item>",
        "unmatched",
    }


# --- outcomes ---


@pytest.mark.parametrize("kind", ["flask", "django"])
def test_sizes_and_requests_in_progress(registry: CollectorRegistry, kind: str) -> None:
    app = watched(kind, registry)
    seen: list[float] = []

    def count(environ: Any, start_response: StartResponse) -> Any:
        body = app(environ, start_response)
        seen.append(value(registry, "http_requests_in_progress", method="POST"))
        return body

    (response,) = get(count, "/echo", method="POST", content=b"x" * 100)
    labels = {"method": "POST", "endpoint": "/echo"}
    assert response.content == b"x" * 100
    assert value(registry, "http_request_size_bytes_sum", **labels) == 100
    assert value(registry, "http_response_size_bytes_sum", **labels) == 100
    assert value(registry, "http_request_duration_seconds_count", **labels) == 1
    assert seen == [1]
    assert value(registry, "http_requests_in_progress", method="POST") == 0


def test_an_exception_is_told_once_with_its_stack_trace(
    registry: CollectorRegistry, lines: Lines, spans: InMemorySpanExporter, kind: str
) -> None:
    (response,) = get(watched(kind, registry), "/fail/1")
    endpoint = "unmatched" if kind == "plain" else "/fail/<thing>"
    assert response.status_code == 500
    assert endpoints(registry) == {(endpoint, "GET", "500"): 1}
    assert series(registry, "http_exceptions_total") == {(endpoint, "LookupError"): 1}
    (row,) = [row for row in lines.all if "stacktrace" in row]
    assert (row["level"], row["message"], row["status"]) == ("error", "request failed", 500)
    assert lines.raw.count("Traceback") == 1
    assert "hunter2" not in lines.raw
    assert kind == "plain" or row["correlation_id"] == response.headers["x-request-id"]
    (span,) = spans.get_finished_spans()
    assert span.attributes is not None
    assert span.attributes["error.type"] == "LookupError"
    assert "hunter2" not in span.to_json()


def test_an_exception_that_flask_raises_again_is_told_once(registry: CollectorRegistry, lines: Lines) -> None:
    app = flask_app()
    app.config["PROPAGATE_EXCEPTIONS"] = True
    setup_monitoring(app, registry=registry)
    assert get(app, "/fail/1")[0].status_code == 500
    assert series(registry, "http_exceptions_total") == {("/fail/<thing>", "LookupError"): 1}
    assert lines.raw.count("Traceback") == 1


def test_an_unhandled_exception_that_is_answered_kindly_is_told_all_the_same(
    registry: CollectorRegistry, lines: Lines
) -> None:
    app = flask_app()
    app.register_error_handler(500, lambda _: ("never mind", 200))
    setup_monitoring(app, registry=registry)
    assert get(app, "/fail/1")[0].text == "never mind"
    assert endpoints(registry) == {("/fail/<thing>", "GET", "200"): 1}
    assert series(registry, "http_exceptions_total") == {("/fail/<thing>", "LookupError"): 1}
    assert lines.raw.count("Traceback") == 1


def test_a_failure_of_an_excluded_path_is_still_logged_by_the_framework(
    registry: CollectorRegistry, lines: Lines
) -> None:
    get(watched("flask", registry, exclude=["/fail/1"]), "/fail/1")
    get(watched("django", registry, exclude=["/fail/1"]), "/fail/1")
    assert endpoints(registry) == {}
    assert [row["logger"] for row in lines.all if "stacktrace" in row] == ["shop", "django.request"]


def test_a_stream_is_measured_to_its_last_byte_and_keeps_its_ids(
    registry: CollectorRegistry, lines: Lines, spans: InMemorySpanExporter, kind: str
) -> None:
    (response,) = get(watched(kind, registry), "/stream/whole")
    endpoint = "unmatched" if kind == "plain" else "/stream/<kind>"
    labels = {"method": "GET", "endpoint": endpoint}
    assert response.content == b"x" * 3000
    assert value(registry, "http_response_size_bytes_sum", **labels) == 3000
    (completed,) = lines.of("request completed")
    assert {(row["correlation_id"], row["trace_id"]) for row in lines.of("chunk")} == {
        (response.headers["x-request-id"], completed["trace_id"])
    }


def test_a_failure_in_mid_stream_is_no_success(registry: CollectorRegistry, lines: Lines, kind: str) -> None:
    with contextlib.suppress(httpx.RemoteProtocolError):
        get(watched(kind, registry), "/stream/broken")
    endpoint = "unmatched" if kind == "plain" else "/stream/<kind>"
    assert endpoints(registry) == {(endpoint, "GET", "500"): 1}
    assert series(registry, "http_exceptions_total") == {(endpoint, "RuntimeError"): 1}
    assert lines.raw.count("Traceback") == 1
    assert "hunter2" not in lines.raw


def test_a_client_that_leaves_is_a_499(registry: CollectorRegistry, kind: str) -> None:
    with served(watched(kind, registry)) as address:
        leave(address, "/stream/endless")
        wait_until(lambda: endpoints(registry))
    endpoint = "unmatched" if kind == "plain" else "/stream/<kind>"
    assert endpoints(registry) == {(endpoint, "GET", "499"): 1}
    assert series(registry, "http_exceptions_total") == {}
    assert value(registry, "http_requests_in_progress", method="GET") == 0


def test_files_are_sent_by_the_server_itself(registry: CollectorRegistry, kind: str) -> None:
    app = watched(kind, registry)
    bodies: list[Any] = []

    def look(environ: Any, start_response: StartResponse) -> Any:
        bodies.append(app(environ, start_response))
        return bodies[0]

    (response,) = get(look, "/file")
    assert response.content == Path(wsgi_apps.__file__).read_bytes()
    assert type(bodies[0]) is FileWrapper
    assert list(endpoints(registry).values()) == [1]
    if kind != "plain":
        assert value(registry, "http_response_size_bytes_sum", method="GET", endpoint="/file") == len(response.content)


# --- correlation id, trace and log line ---


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Request-ID": "order-4711"}, "order-4711"),
        ({"traceparent": TRACEPARENT}, TRACE),
        ({"X-Request-ID": "password=hunter2"}, None),
        ({"X-Request-ID": 'a"},{"level":"error'}, None),
        ({}, None),
    ],
)
def test_the_correlation_id(
    registry: CollectorRegistry, lines: Lines, kind: str, headers: dict[str, str], expected: str | None
) -> None:
    (response,) = get(watched(kind, registry), "/shops/a/items/1", headers=headers)
    identifier = response.headers["x-request-id"]
    assert identifier == expected or (expected is None and re.fullmatch("[0-9a-f]{32}", identifier))
    assert lines.of("inside")[0]["correlation_id"] == identifier
    [told] = lines.of("request completed")
    assert told["correlation_id"] == identifier


def test_an_id_that_the_application_returns_itself_is_kept(registry: CollectorRegistry) -> None:
    app = flask.Flask("shop")
    app.get("/")(lambda: ("", {"X-Request-ID": "mine"}))
    setup_monitoring(app, registry=registry)
    assert get(app, "/")[0].headers.get_list("x-request-id") == ["mine"]


def test_one_server_span_with_the_callers_trace_and_one_line(
    registry: CollectorRegistry, lines: Lines, spans: InMemorySpanExporter, kind: str
) -> None:
    get(watched(kind, registry), "/shops/joe@example.com/items/1", headers={"traceparent": TRACEPARENT})
    (span,) = spans.get_finished_spans()
    endpoint = {"flask": "/shops/<shop>/items/<int:item>", "django": "/shops/<str:shop>/items/<int:item>"}.get(kind)
    assert span.kind is SpanKind.SERVER
    assert span.name == (f"GET {endpoint}" if endpoint else "GET")
    assert span.parent is not None
    assert f"{span.context.trace_id:032x}/{span.parent.span_id:016x}" == f"{TRACE}/{PARENT}"
    (row,) = lines.of("request completed")
    assert row.pop("duration_seconds") >= 0
    row.pop("timestamp")
    assert row == {
        "level": "info",
        "message": "request completed",
        "method": "GET",
        "endpoint": endpoint or "unmatched",
        "path": "/shops/[MASKED:email]/items/1",
        "status": 200,
        "correlation_id": TRACE,
        "logger": "signalfire.http",
        "service": "shop",
        "env": "test",
        "trace_id": TRACE,
        "span_id": f"{span.context.span_id:016x}",
    }


def test_a_path_is_logged_as_the_client_wrote_it(registry: CollectorRegistry, lines: Lines) -> None:
    get(watched("plain", registry), "/grüße")
    assert lines.of("request completed")[0]["path"] == "/grüße"


def test_exemplars_of_sampled_requests(registry: CollectorRegistry, spans: InMemorySpanExporter) -> None:
    app = watched("flask", registry)
    get(app, "/shops/a/items/1", headers={"traceparent": TRACEPARENT})
    (response,) = get(app, "/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})
    assert [row for row in response.text.splitlines() if " # {" in row and f'trace_id="{TRACE}"' in row]


# --- /metrics and /health ---


def test_metrics_and_health_are_answered_and_not_watched(registry: CollectorRegistry, kind: str) -> None:
    checker = HealthChecker()
    state = {"database": True}
    app = watched(kind, registry, health=checker)
    checker.register("database", lambda: state["database"])
    text, ready, live = get(app, "/metrics", "/health", "/health/live")
    (head,) = get(app, "/metrics", method="HEAD")
    assert text.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'service_health{check="database",component="shop"} 1.0' in text.text
    assert (head.status_code, head.content) == (200, b"")
    assert (ready.status_code, ready.json()["status"]) == (200, "healthy")
    assert live.json() == {"status": "healthy", "service": "shop"}
    state["database"] = False
    time.sleep(1.1)
    assert get(app, "/health/ready")[0].status_code == 503
    assert endpoints(registry) == {}


def test_a_scrape_waits_for_no_check_that_is_slow(registry: CollectorRegistry) -> None:
    checker = HealthChecker()
    checker.register("slow", lambda: time.sleep(1.5))
    assert get(watched("plain", registry, health=checker), "/metrics")[0].elapsed.total_seconds() < 1.4


def test_an_applications_own_health_page_stays(registry: CollectorRegistry) -> None:
    app = flask.Flask("shop")
    setup_monitoring(app, registry=registry)
    app.get("/health")(lambda: {"mine": "yes"})  # registered later, as blueprints often are
    own, live = get(app, "/health", "/health/live")
    assert own.json() == {"mine": "yes"}
    assert live.json()["status"] == "healthy"


def test_paths_can_be_moved_switched_off_and_excluded(registry: CollectorRegistry) -> None:
    app = watched("flask", registry, metrics_path="/internal/metrics", health_path=None, exclude=["/slash/noise/"])
    metrics, health, noise = get(app, "/internal/metrics", "/health", "/slash/noise/")
    assert (metrics.status_code, health.status_code, noise.status_code) == (200, 404, 200)
    assert "x-request-id" not in noise.headers
    assert get(app, "/internal/metrics", method="POST")[0].status_code == 404  # the application's
    assert endpoints(registry) == {("unmatched", "GET", "404"): 1, ("unmatched", "POST", "404"): 1}


def test_the_status_page(registry: CollectorRegistry) -> None:
    page, numbers = get(watched("flask", registry, status_page=True), "/status", "/status/metrics")
    assert page.headers["content-type"].startswith("text/html")
    assert numbers.json()["service"] == "shop"


# --- staying out of the way ---


def test_setting_up_twice_changes_nothing(registry: CollectorRegistry, kind: str) -> None:
    app = KINDS[kind]()
    handle = setup_monitoring(app, is_wsgi=True, registry=registry)
    assert setup_monitoring(app, registry=registry) is handle
    assert setup_monitoring(handle) is handle
    get(handle, "/shops/a/items/1")
    assert list(endpoints(registry).values()) == [1]


def test_a_watched_application_inside_of_another_counts_once(registry: CollectorRegistry) -> None:
    inner = flask_app()
    setup_monitoring(inner, registry=registry)
    outer = DispatcherMiddleware(plain_app(), {"/sub": inner})
    get(setup_monitoring(outer, is_wsgi=True, registry=registry), "/sub/shops/a/items/1")
    assert endpoints(registry) == {("/sub/shops/<shop>/items/<int:item>", "GET", "200"): 1}


def test_the_kill_switch_leaves_the_application_as_it_is(
    registry: CollectorRegistry, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNALFIRE_DISABLED", "1")
    (response,) = get(watched(kind, registry), "/shops/a/items/1")
    assert response.status_code == 200
    assert "x-request-id" not in response.headers
    assert endpoints(registry) == {}


@pytest.mark.parametrize("broken", ["begin", "finish", "end", "_starts", "endpoint"])
def test_an_error_of_the_library_does_not_reach_the_client(
    registry: CollectorRegistry,
    monkeypatch: pytest.MonkeyPatch,
    broken: str,
    expected_internal_errors: list[int],
) -> None:
    def fail(*_: Any) -> None:
        raise ValueError("a bug")

    app = watched("flask", registry)
    monkeypatch.setattr(WsgiExchange, broken, fail)
    responses = get(app, "/echo", "/echo", method="POST", content=b"ok")
    assert [(response.status_code, response.text) for response in responses] == [(200, "ok")] * 2
    expected_internal_errors.append(2)
