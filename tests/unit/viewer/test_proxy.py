"""What reaches the servers through the viewer, and what does not."""

import time

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grafana.viewer.server.proxy import ALLOWED, LARGEST_QUERY, is_allowed
from tests.support.viewer import Upstream, raw

PROXY = "/api/datasources/proxy/uid"

ANSWERED = [
    ("prometheus", "GET", "api/v1/query?query=up"),
    ("prometheus", "POST", "api/v1/query_range"),
    ("prometheus", "GET", "api/v1/query_exemplars?query=up&start=1&end=2"),
    ("prometheus", "GET", "api/v1/series?match[]=up"),
    ("prometheus", "GET", "api/v1/labels"),
    ("prometheus", "GET", "api/v1/label/__name__/values"),
    ("prometheus", "GET", "api/v1/metadata"),
    ("prometheus", "GET", "api/v1/rules"),
    ("prometheus", "GET", "api/v1/alerts"),
    ("prometheus", "GET", "api/v1/targets"),
    ("prometheus", "GET", "api/v1/status/buildinfo"),
    ("loki", "GET", "loki/api/v1/query_range?query={a=%22b%22}"),
    ("loki", "GET", "loki/api/v1/label/service_name/values"),
    ("loki", "GET", "loki/api/v1/index/volume?query={}"),
    ("jaeger", "GET", "api/services"),
    ("jaeger", "GET", "api/services/ad-api/operations"),
    ("jaeger", "GET", "api/traces?service=ad-api"),
    ("jaeger", "GET", "api/traces/0123456789abcdef0123456789abcdef"),
    ("alertmanager", "GET", "api/v2/alerts"),
    ("alertmanager", "GET", "api/v2/silences"),
    ("alertmanager", "GET", "api/v2/status"),
]

REFUSED = [
    ("prometheus", "GET", "api/v1/admin/tsdb/snapshot"),
    ("prometheus", "POST", "api/v1/admin/tsdb/delete_series"),
    ("prometheus", "POST", "-/reload"),
    ("prometheus", "GET", "-/quit"),
    ("prometheus", "GET", "api/v1/status/config"),
    ("prometheus", "GET", "api/v1/status/flags"),
    ("prometheus", "GET", "debug/pprof/heap"),
    ("prometheus", "POST", "api/v1/write"),
    ("prometheus", "GET", "api/v1/query/../admin/tsdb/snapshot"),
    ("prometheus", "GET", "api/v1/label/../values"),
    ("prometheus", "GET", "api/v1/query%2f..%2fadmin"),
    ("prometheus", "GET", "api/v1/query/"),
    ("prometheus", "POST", "api/v1/rules"),
    ("loki", "POST", "loki/api/v1/push"),
    ("loki", "POST", "loki/api/v1/delete"),
    ("loki", "GET", "loki/api/v1/tail"),
    ("loki", "GET", "config"),
    ("jaeger", "GET", "api/services/../operations"),
    ("jaeger", "GET", "api/traces/..%2f..%2fmetrics"),
    ("jaeger", "GET", "api/traces/xyz"),
    ("jaeger", "POST", "api/traces"),
    ("alertmanager", "POST", "api/v2/alerts"),
    ("alertmanager", "POST", "api/v2/silences"),
    ("alertmanager", "GET", "-/reload"),
]


@pytest.mark.parametrize(("uid", "method", "path"), ANSWERED)
def test_what_a_dashboard_reads_reaches_the_server(
    viewer: str, upstream: Upstream, uid: str, method: str, path: str
) -> None:
    status, body = raw(viewer, method, f"{PROXY}/{uid}/{path}")
    assert (status, body) == (200, b'{"status":"success"}')
    seen_method, seen_target, _, _ = upstream.requests[0]
    assert (seen_method, seen_target) == (method, f"/{path}")


@pytest.mark.parametrize(("uid", "method", "path"), REFUSED)
def test_everything_else_is_refused(viewer: str, upstream: Upstream, uid: str, method: str, path: str) -> None:
    status, _ = raw(viewer, method, f"{PROXY}/{uid}/{path}")
    assert status in (403, 404)
    assert upstream.requests == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_reading_methods_exist(viewer: str, upstream: Upstream, method: str) -> None:
    status, _ = raw(viewer, method, f"{PROXY}/prometheus/api/v1/query")
    assert status == 405
    assert upstream.requests == []


@given(
    kind=st.sampled_from(sorted(ALLOWED)),
    method=st.sampled_from(["GET", "POST"]),
    parts=st.lists(
        st.sampled_from(["api", "v1", "v2", "..", ".", "query", "label", "x", "values", "traces", "", "loki"])
    ),
)
def test_no_allowed_path_climbs(kind: str, method: str, parts: list[str]) -> None:
    path = "/".join(parts)
    if is_allowed(kind, method, path):
        assert not {"..", ".", ""} & set(parts)


def test_nothing_of_the_browser_but_the_query_is_sent_on(viewer: str, upstream: Upstream) -> None:
    headers = {
        "Cookie": "session=1",
        "Authorization": "Bearer x",
        "X-Forwarded-For": "1.2.3.4",
        "X-Scope-OrgID": "other",
    }
    answer = httpx.get(f"{viewer}{PROXY}/prometheus/api/v1/query?query=up", headers=headers)
    sent = upstream.requests[0][2]
    assert not {"cookie", "authorization", "x-forwarded-for", "x-scope-orgid"} & set(sent)
    assert not {"set-cookie", "x-internal"} & set(answer.headers)
    assert answer.headers["cache-control"] == "no-store"


def test_loki_is_asked_to_tell_metadata_from_labels(viewer: str, upstream: Upstream) -> None:
    httpx.get(f"{viewer}{PROXY}/loki/loki/api/v1/labels")
    assert upstream.requests[0][2]["x-loki-response-encoding-flags"] == "categorize-labels"


def test_a_long_query_goes_as_a_form(viewer: str, upstream: Upstream) -> None:
    httpx.post(f"{viewer}{PROXY}/prometheus/api/v1/query", data={"query": "up" * 1000})
    _, _, headers, body = upstream.requests[0]
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert body == b"query=" + b"up" * 1000


def test_an_endless_query_is_refused(viewer: str, upstream: Upstream) -> None:
    answer = httpx.post(f"{viewer}{PROXY}/prometheus/api/v1/query", content=b"q=" + b"x" * LARGEST_QUERY)
    assert answer.status_code == 413
    assert str(LARGEST_QUERY) in answer.json()["error"]
    assert upstream.requests == []


def test_the_servers_own_message_arrives(viewer: str) -> None:
    answer = httpx.get(f"{viewer}{PROXY}/prometheus/api/v1/query?query=wrong(")
    assert answer.status_code == 400
    assert answer.json()["error"] == "parse error"


def test_a_server_that_is_down_is_named(own_viewer: str) -> None:
    answer = httpx.get(f"{own_viewer}{PROXY}/down/api/v1/query?query=up")
    assert answer.status_code == 502
    problem = answer.json()
    assert problem["reason"] == "down"
    assert problem["url"] in problem["error"]
    assert "cannot be reached" in problem["error"]
    metrics = httpx.get(f"{own_viewer}/metrics").text
    assert 'viewer_upstream_errors_total{datasource="down",reason="down"} 1.0' in metrics


def test_an_unknown_data_source_lists_the_known(viewer: str) -> None:
    answer = httpx.get(f"{viewer}{PROXY}/mysql/api/v1/query")
    assert answer.status_code == 404
    assert "prometheus, loki, jaeger, alertmanager" in answer.json()["error"]


def test_markup_of_a_server_stays_text(viewer: str) -> None:
    answer = httpx.get(f"{viewer}{PROXY}/prometheus/api/v1/query?query=html")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_redirect_is_not_followed(viewer: str) -> None:
    answer = httpx.get(f"{viewer}{PROXY}/prometheus/api/v1/query?query=redirect")
    assert answer.status_code == 502
    assert "location" not in answer.headers


def test_an_answer_that_is_too_large_is_given_up(viewer: str) -> None:
    answer = httpx.get(f"{viewer}{PROXY}/prometheus/api/v1/query?query=large", timeout=30)
    assert answer.status_code == 502
    assert answer.json()["reason"] == "too_large"


def test_a_browser_that_leaves_stops_the_query(own_viewer: str, upstream: Upstream) -> None:
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{own_viewer}{PROXY}/prometheus/api/v1/query?query=slow", timeout=0.5)
    deadline = time.monotonic() + 8  # the upstream would answer after 10
    while upstream.left == 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert upstream.left == 1
    assert 'viewer_http_requests_total{route="api",status="499"} 1.0' in httpx.get(f"{own_viewer}/metrics").text
