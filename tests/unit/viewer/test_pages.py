"""The page, its headers, the dashboards, the runbooks, and who may ask for them."""

import base64
import hashlib
import json
import re
from pathlib import Path

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from grafana.viewer.server.app import Viewer
from grafana.viewer.server.config import Config
from tests.support.viewer import raw, raw_with_headers, serving

HTML = {"Accept": "text/html"}


@pytest.mark.parametrize(
    "path",
    ["/", "/dashboards", "/d/one", "/d/one/a-slug", "/trace/abc", "/traces", "/logs", "/alerts", "/explore?panes={}"],
)
def test_every_page_is_the_built_one(viewer: str, path: str) -> None:
    answer = httpx.get(viewer + path, headers=HTML)
    assert answer.status_code == 200
    assert "<div id=root>" in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_the_policy_lets_in_nothing_foreign(viewer: str) -> None:
    first, second = httpx.get(viewer), httpx.get(viewer)
    policy = first.headers["content-security-policy"]
    nonce = re.search(r"'nonce-([^']+)'", policy)
    assert nonce
    assert f'content="{nonce[1]}"' in first.text
    assert nonce[1] not in second.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "connect-src 'self'" in policy
    assert "'unsafe-inline'" not in policy.replace("style-src-attr 'unsafe-inline'", "")
    for header in ("x-content-type-options", "referrer-policy", "x-frame-options"):
        assert header in first.headers


@pytest.mark.parametrize(
    ("path", "dashboards"),
    [
        ("/", ["/api/dashboards/uid/one"]),
        ("/d/one", ["/api/dashboards/uid/one"]),
        ("/d/one/a-slug", ["/api/dashboards/uid/one"]),
        ("/logs", []),
    ],
)
def test_what_a_page_asks_for_first_is_fetched_beside_its_scripts(
    viewer: str, path: str, dashboards: list[str]
) -> None:
    link = httpx.get(viewer + path, headers=HTML).headers["link"]
    paths = re.findall(r"<([^>]+)>; rel=preload; as=fetch; crossorigin=anonymous", link)
    assert paths == ["/api/settings", *dashboards]
    assert [httpx.get(viewer + preloaded).status_code for preloaded in paths] == [200] * len(paths)


def test_files_are_kept_as_long_as_their_name_says(viewer: str) -> None:
    hashed = httpx.get(f"{viewer}/assets/app-1234.js", headers={"Accept-Encoding": "identity"})
    assert hashed.text == "export {}"
    assert "immutable" in hashed.headers["cache-control"]
    assert hashed.headers["content-type"].startswith("text/javascript")
    assert "immutable" not in httpx.get(f"{viewer}/favicon.svg").headers["cache-control"]


def test_packed_files_are_handed_out_packed(viewer: str) -> None:
    with httpx.stream("GET", f"{viewer}/assets/app-1234.js", headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["content-type"].startswith("text/javascript")
        assert b"".join(answer.iter_raw()) == b"\x1f\x8bpacked"


@pytest.mark.parametrize(
    "path",
    ["/../secret.md", "/assets/../../secret.md", "/%2e%2e/secret.md", "/assets/..%2f..%2fsecret.md",
     "/runbooks/../secret", "/runbooks/..%2fsecret", "/runbooks/%2e%2e%2fsecret", "//etc/passwd", "/%00",
     "/" + "x" * 5000],
)  # fmt: skip
def test_no_path_leaves_its_folder(viewer: str, path: str) -> None:
    status, body = raw(viewer, "GET", path)
    assert status == 404
    assert b"secret" not in body.replace(b"../secret", b"").replace(b"..%2fsecret", b"")


def test_a_link_out_of_the_folder_is_not_followed(own_viewer: str, config: Config) -> None:
    (config.static / "link.md").symlink_to(config.static.parent / "secret.md")
    assert httpx.get(f"{own_viewer}/link.md").status_code == 404


def test_dashboards_by_title_and_by_uid(viewer: str) -> None:
    assert [one["title"] for one in httpx.get(f"{viewer}/api/dashboards").json()] == ["apple", "Zebra"]
    answer = httpx.get(f"{viewer}/api/dashboards/uid/two").json()
    assert answer["dashboard"]["panels"] == [{"id": 1}]
    assert answer["meta"]["url"] == "/d/two"


def test_a_dashboard_that_is_not_there(viewer: str) -> None:
    answer = httpx.get(f"{viewer}/api/dashboards/uid/three")
    assert answer.status_code == 404
    assert answer.json()["dashboards"] == ["two", "one"]
    assert httpx.get(f"{viewer}/d/three", headers=HTML).status_code == 404


def test_a_changed_folder_shows_at_once_and_a_broken_file_is_named(own_viewer: str, config: Config) -> None:
    assert httpx.get(f"{own_viewer}/api/health").json()["dashboards"] == 2
    (config.dashboards / "three.json").write_text('{"title": "Three", "panels": []}')
    (config.dashboards / "broken.json").write_text("{")
    (config.dashboards / "other.json").write_text("[]")
    health = httpx.get(f"{own_viewer}/api/health")
    assert health.status_code == 200
    assert health.json()["dashboards"] == 3
    assert [problem.split(":")[0] for problem in health.json()["problems"]] == ["broken.json", "other.json"]
    assert httpx.get(f"{own_viewer}/api/dashboards/uid/three").status_code == 200


def test_health_fails_without_a_page(own_viewer: str, config: Config) -> None:
    (config.static / "index.html").unlink()
    health = httpx.get(f"{own_viewer}/api/health")
    assert health.status_code == 503
    assert "index.html" in health.json()["problems"][0]
    page = httpx.get(own_viewer)
    assert page.status_code == 503
    assert "make up" in page.text


def test_settings_tell_no_address(viewer: str) -> None:
    answer = httpx.get(f"{viewer}/api/settings")
    assert {source["uid"] for source in answer.json()["datasources"]} >= {"prometheus", "loki"}
    assert answer.json()["runbooks"] == ["HighErrorRate"]
    assert "http" not in answer.text.replace("http_", "")


def test_a_runbook_is_readable_and_harmless(viewer: str) -> None:
    answer = httpx.get(f"{viewer}/runbooks/HighErrorRate?theme=dark")
    assert answer.status_code == 200
    assert "<h1>HighErrorRate</h1>" in answer.text
    assert "<td>b</td>" in answer.text
    assert 'href="/runbooks/Other#do"' in answer.text
    assert "data-theme=dark" in answer.text
    assert "<script>alert" not in answer.text
    assert 'href="javascript' not in answer.text
    [allowed] = re.findall(r"script-src ([^;]*);", answer.headers["content-security-policy"])
    [script] = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    assert allowed == f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
    assert httpx.get(f"{viewer}/runbooks/HighErrorRate.md").status_code == 200
    assert "data-theme" not in httpx.get(f"{viewer}/runbooks/HighErrorRate?theme=x%20onload").text.split("<style>")[0]


def test_a_missing_runbook_lists_those_there_are(viewer: str) -> None:
    answer = httpx.get(f"{viewer}/runbooks/<b>Nope")
    assert answer.status_code == 404
    assert '<a href="/runbooks/HighErrorRate">HighErrorRate</a><p>&lt;script&gt;' in answer.text
    assert "<b>Nope" not in answer.text
    assert httpx.get(f"{viewer}/runbooks/").status_code == 200
    assert httpx.get(f"{viewer}/runbooks/README").status_code == 200


@pytest.mark.parametrize(
    "host", ["localhost:3000", "127.0.0.1", "[::1]:3000", "192.0.2.7:3000", "dash.example:3000", "DASH.example"]
)
def test_known_hosts_are_answered(viewer: str, host: str) -> None:
    assert raw(viewer, "GET", "/api/health", {"Host": host})[0] == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "dash.example.evil", "127.0.0.1.evil.example", ""]
)
def test_a_name_nobody_told_us_of_is_refused(viewer: str, host: str) -> None:
    status, body = raw(viewer, "GET", "/api/health", {"Host": host})
    assert status == 403
    assert b"allowed_hosts" in body


def test_requests_of_other_sites_are_refused(viewer: str) -> None:
    own = viewer.removeprefix("http://")
    ask = f"{viewer}/api/dashboards"
    assert httpx.get(ask, headers={"Origin": f"http://{own}"}).status_code == 200
    assert httpx.get(ask, headers={"Origin": "http://evil.example"}).status_code == 403
    assert httpx.get(ask, headers={"Origin": "null"}).status_code == 403
    assert httpx.get(ask, headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}).status_code == 403
    assert httpx.get(viewer, headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}).status_code == 200


MALFORMED = ["[", "[::1", "[]", "[]:3000", "[::1]]", "[nonsense]", "[:1]:80", "[v1.]", "a[b]", "::1]"]
MALFORMED += ["a@127.0.0.1", "127.0.0.1/x", "\xc3\xa9"]


@pytest.mark.parametrize("path", ["/", "/api/health", "/api/datasources/proxy/uid/prometheus/api/v1/query", "/metrics"])
@pytest.mark.parametrize("host", MALFORMED)
def test_a_host_that_is_no_address_is_refused_and_counted(own_viewer: str, host: str, path: str) -> None:
    status, headers, body = raw_with_headers(own_viewer, "GET", path, {"Host": host})
    assert status in (400, 403)
    assert json.loads(body)["error"]
    assert {"x-content-type-options", "x-frame-options", "content-security-policy"} <= headers.keys()
    counted = httpx.get(f"{own_viewer}/metrics").text
    assert re.search(rf'viewer_http_requests_total{{route="\w+",status="{status}"}} 1\.0', counted)
    assert 'status="500"' not in counted


@pytest.mark.parametrize("origin", [*(f"http://{host}" for host in MALFORMED), *MALFORMED, "//[", "http://[::1"])
def test_an_origin_that_is_no_address_is_refused(viewer: str, origin: str) -> None:
    status, headers, body = raw_with_headers(viewer, "GET", "/api/health", {"Origin": origin})
    assert status in (400, 403)
    assert json.loads(body)["error"]
    assert "content-security-policy" in headers


def test_what_fails_within_the_viewer_keeps_its_headers_and_is_counted(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = Viewer(config)
    monkeypatch.setattr(viewer.dashboards, "all", lambda: 1 / 0)
    with serving(viewer.application()) as port:
        answer = httpx.get(f"http://127.0.0.1:{port}/api/dashboards")
        assert answer.status_code == 500
        assert answer.json()["error"]
        assert "content-security-policy" in answer.headers
        counted = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    assert 'viewer_http_requests_total{route="api",status="500"} 1.0' in counted


def test_what_is_not_there_says_what_is(viewer: str) -> None:
    answer = httpx.get(f"{viewer}/api/nope")
    assert answer.status_code == 404
    assert "/api/dashboards" in answer.json()["exists"]
    assert httpx.get(f"{viewer}/nope", headers=HTML).status_code == 404


def test_requests_are_counted_by_kind_alone(own_viewer: str) -> None:
    for path in ("/d/one", "/d/two", "/random/1", "/random/2"):
        httpx.get(own_viewer + path, headers=HTML)
    metrics = httpx.get(f"{own_viewer}/metrics").text
    assert 'viewer_http_requests_total{route="d",status="200"} 2.0' in metrics
    assert 'viewer_http_requests_total{route="page",status="404"} 2.0' in metrics
    assert "random" not in metrics
    assert "_created" not in metrics


def test_the_viewers_metrics_come_as_openmetrics_too(own_viewer: str) -> None:
    httpx.get(own_viewer)
    answer = httpx.get(f"{own_viewer}/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    families = text_string_to_metric_families(answer.text)  # type: ignore[no-untyped-call]
    assert "viewer_http_requests" in {family.name for family in families}
    assert "_created" not in answer.text


def test_the_gallery_is_a_dashboard(own_viewer: str, config: Config) -> None:
    gallery = Path(__file__).parents[3] / "grafana" / "viewer" / "gallery.json"
    (config.dashboards / "gallery.json").write_text(gallery.read_text())
    assert httpx.get(f"{own_viewer}/api/dashboards/uid/gallery").json()["dashboard"]["title"] == "Gallery"
