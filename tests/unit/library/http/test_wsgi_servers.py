"""Django over ASGI, the examples of the pages, and gunicorn."""

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry
from signalfire import setup_monitoring

from tests.support.ports import free_port
from tests.unit.library.helpers import Collector, Lines, series, serving, wait_until
from tests.unit.library.http.wsgi_apps import (
    configure_django,
    endpoints,
    get,
    leave,
)

# --- Django over ASGI ---


def test_django_over_asgi(registry: CollectorRegistry, lines: Lines, spans: InMemorySpanExporter) -> None:
    configure_django()
    from django.core.asgi import get_asgi_application  # type: ignore[import-untyped]

    handle = setup_monitoring(get_asgi_application(), service_name="shop", registry=registry)

    async def with_lifespan(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await handle(scope, receive, send)
            return
        for event in ("startup", "shutdown"):  # Django knows none
            await receive()
            await send({"type": f"lifespan.{event}.complete"})

    with (
        serving(with_lifespan) as address,
        suppress_instrumentation(),
        httpx.Client(base_url=address) as client,
    ):
        ok = client.get("/shops/a/items/1", headers={"X-Request-ID": "order-1"})
        failed = client.get("/fail/1")
        client.get("/nothing")
        client.get("/slash/x")
        assert client.get("/metrics").status_code == 200
    assert (ok.headers["x-request-id"], failed.status_code) == ("order-1", 500)
    assert lines.of("inside")[0]["correlation_id"] == "order-1"
    assert endpoints(registry) == {
        ("/shops/<str:shop>/items/<int:item>", "GET", "200"): 1,
        ("/fail/<thing>", "GET", "500"): 1,
        ("/slash/<thing>/", "GET", "301"): 1,
        ("unmatched", "GET", "404"): 1,
    }
    assert series(registry, "http_exceptions_total") == {("/fail/<thing>", "LookupError"): 1}
    assert lines.raw.count("Traceback") == 1
    assert "GET /shops/<str:shop>/items/<int:item>" in {span.name for span in spans.get_finished_spans()}


# --- the pages ---


def page_code(name: str) -> str:
    """The first example of a page, which is a whole module."""
    page = Path(__file__).resolve().parents[4] / "docs/library" / name
    return page.read_text().split("```python\n")[1].split("```")[0]


@pytest.mark.parametrize(
    ("page", "name", "path", "endpoint"),
    [
        ("flask.md", "app", "/shops/a/items/4711", "/shops/<shop>/items/<int:item>"),
        ("django.md", "application", "/shops/a/items/4711", "/shops/<str:shop>/items/<int:item>"),
    ],
)
def test_the_example_of_the_page(
    lines: Lines, monkeypatch: pytest.MonkeyPatch, page: str, name: str, path: str, endpoint: str
) -> None:
    configure_django()
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "")
    module: dict[str, Any] = {"__name__": "shop"}
    exec(page_code(page), module)
    response, health, metrics = get(module[name], path, "/health", "/metrics")
    assert (response.status_code, health.json()["service"]) == (200, "shop")
    assert f'http_requests_total{{endpoint="{endpoint}",method="GET",status="200"}}' in metrics.text
    assert lines.of("request completed")[-1]["correlation_id"] == response.headers["x-request-id"]


# --- gunicorn ---

GUNICORN_APP = """
    import time
    import flask
    from signalfire import setup_monitoring, get_logger

    app = flask.Flask("shop")

    @app.get("/items/<item>")
    def item(item):
        get_logger("shop").info("inside", item=item)
        return item

    @app.get("/endless")
    def endless():
        def chunks():
            while True:
                yield b"x" * 1000
                time.sleep(0.01)
        return flask.Response(chunks())

    def failing(environ, start_response):
        raise LookupError("no such thing")

    setup_monitoring(app, service_name="shop")
    plain = setup_monitoring(failing, is_wsgi=True)

    def application(environ, start_response):
        return (plain if environ["PATH_INFO"] == "/fail" else app)(environ, start_response)
"""


@contextlib.contextmanager
def gunicorn(folder: Path, collector: Collector, *options: str) -> Iterator[tuple[str, Path]]:
    (folder / "shop_wsgi.py").write_text(textwrap.dedent(GUNICORN_APP))
    port, output = free_port(), folder / "stdout"
    environment = {name: text for name, text in os.environ.items() if name != "OTEL_TRACES_EXPORTER"}
    environment |= {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.address, "OTEL_BSP_SCHEDULE_DELAY": "60000"}
    command = [sys.executable, "-m", "gunicorn", "--chdir", str(folder), "-b", f"127.0.0.1:{port}", *options]
    with output.open("w") as stdout:
        process = subprocess.Popen([*command, "shop_wsgi"], stdout=stdout, stderr=subprocess.STDOUT, env=environment)
        try:
            address = f"http://127.0.0.1:{port}"
            wait_until(lambda: answers(f"{address}/health/live"))
            yield address, output
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("options", [(), ("--threads", "2")], ids=["sync", "gthread"])
def test_behind_gunicorn(tmp_path: Path, collector: Collector, options: tuple[str, ...]) -> None:
    with gunicorn(tmp_path, collector, *options) as (address, output):
        response = httpx.get(f"{address}/items/7", headers={"X-Request-ID": "order-1"})
        assert (response.text, response.headers["x-request-id"]) == ("7", "order-1")
        assert httpx.get(f"{address}/fail").status_code == 500
        leave(address, "/endless")
        metrics = wait_until(lambda: "499" in (text := httpx.get(f"{address}/metrics").text) and text)
    assert 'http_requests_total{endpoint="/items/<item>",method="GET",status="200"} 1.0' in metrics
    assert 'http_requests_total{endpoint="unmatched",method="GET",status="500"} 1.0' in metrics
    assert 'http_requests_total{endpoint="/endless",method="GET",status="499"} 1.0' in metrics
    assert 'http_exceptions_total{endpoint="unmatched",exception_type="LookupError"} 1.0' in metrics
    log = output.read_text()
    assert log.count('"message":"inside"') == 1
    assert log.count('"correlation_id":"order-1"') == 2
    assert log.count("Traceback") == 1
    assert {span.name for span in collector.spans} == {"GET /items/<item>", "GET", "GET /endless"}
