"""What the WSGI protocol allows, called as a server would."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from signalfire import setup_monitoring
from signalfire.context import correlation

from tests.unit.library.helpers import Lines, value
from tests.unit.library.http.wsgi_apps import (
    StartResponse,
    endpoints,
    get,
    plain_app,
)


def call(app: Any, **environ: Any) -> tuple[Any, list[Any]]:
    """The body, and what start_response was called with."""
    started: list[Any] = []

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], object]:
        started.append((status, dict(headers)))
        return sent.append

    sent: list[bytes] = []
    return app({"REQUEST_METHOD": "GET", "PATH_INFO": "/", **environ}, start_response), started


def test_a_generator_that_starts_late_and_the_older_write(registry: CollectorRegistry) -> None:
    def app(environ: Any, start_response: StartResponse) -> Iterator[bytes]:
        write = start_response("201 Created", [])
        write(b"ab")
        yield b"cde"

    body, started = call(setup_monitoring(app, is_wsgi=True, registry=registry))
    assert started == []
    assert b"".join(body) == b"cde"
    body.close()
    assert started[0][0] == "201 Created"
    assert endpoints(registry) == {("unmatched", "GET", "201"): 1}
    assert value(registry, "http_response_size_bytes_sum", method="GET", endpoint="unmatched") == 5


def test_a_body_of_one_chunk_can_be_counted(registry: CollectorRegistry) -> None:
    body, _ = call(setup_monitoring(plain_app(), is_wsgi=True, registry=registry))
    assert len(body) == 1
    (response,) = get(setup_monitoring(plain_app(), is_wsgi=True, registry=registry), "/")
    assert response.headers["content-length"] == "2"


@pytest.mark.parametrize(
    ("method", "status", "length", "expected"),
    [
        ("HEAD", "200 OK", None, "200"),
        ("GET", "304 Not Modified", None, "304"),
        ("GET", "200 OK", "3", "200"),
        ("GET", "200 OK", "4", "499"),
        ("GET", "200 OK", None, "499"),
    ],
)
def test_an_early_close_is_a_499_unless_everything_was_sent(
    registry: CollectorRegistry, method: str, status: str, length: str | None, expected: str
) -> None:
    def app(environ: Any, start_response: StartResponse) -> Any:
        start_response(status, [("Content-Length", length)] if length else [])
        return iter([b"abc", b"d"])

    body, _ = call(setup_monitoring(app, is_wsgi=True, registry=registry), REQUEST_METHOD=method)
    next(body)
    body.close()
    body.close()
    assert endpoints(registry) == {("unmatched", method, expected): 1}


def test_a_last_chunk_that_could_not_be_sent_is_a_499(registry: CollectorRegistry) -> None:
    def app(environ: Any, start_response: StartResponse) -> Any:
        start_response("200 OK", [("Content-Length", "3")])
        return iter([b"abc"])

    body, _ = call(setup_monitoring(app, is_wsgi=True, registry=registry))
    next(body)
    with contextlib.suppress(BrokenPipeError):
        try:
            raise BrokenPipeError  # of the server's, as it writes
        finally:
            body.close()
    assert endpoints(registry) == {("unmatched", "GET", "499"): 1}


def test_a_body_that_the_server_forgets_is_a_499_and_leaves_nothing_behind(registry: CollectorRegistry) -> None:
    body, _ = call(setup_monitoring(plain_app(), is_wsgi=True, registry=registry), PATH_INFO="/stream/endless")
    next(body)
    assert correlation.current_correlation_id() is None
    del body
    assert endpoints(registry) == {("unmatched", "GET", "499"): 1}
    assert value(registry, "http_requests_in_progress", method="GET") == 0


def test_an_application_that_never_starts_a_response_is_a_500(registry: CollectorRegistry) -> None:
    body, _ = call(setup_monitoring(lambda *_: [b"x"], is_wsgi=True, registry=registry))
    assert list(body) == [b"x"]
    body.close()
    assert endpoints(registry) == {("unmatched", "GET", "500"): 1}


def test_an_error_in_close_is_told(registry: CollectorRegistry, lines: Lines) -> None:
    class Page:
        def __iter__(self) -> Iterator[bytes]:
            return iter([b"x"])

        def close(self) -> None:
            raise OSError("disk full")

    def app(environ: Any, start_response: StartResponse) -> Any:
        start_response("200 OK", [])
        return Page()

    body, _ = call(setup_monitoring(app, is_wsgi=True, registry=registry))
    assert list(body) == [b"x"]
    with pytest.raises(OSError, match="disk full"):
        body.close()
    assert endpoints(registry) == {("unmatched", "GET", "200"): 1}
    assert lines.of("failed after the response")[0]["exception_message"] == "disk full"
