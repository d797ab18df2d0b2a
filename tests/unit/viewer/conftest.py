"""The viewer's server as it really runs, in front of an HTTP server that writes down what reaches it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from grafana.viewer.server.app import Viewer
from grafana.viewer.server.config import Config, Datasource
from tests.unit.viewer.helpers import Upstream, free_port, serving


@pytest.fixture(scope="session")
def _recorder() -> Iterator[Upstream]:
    recorder = Upstream()
    app = Starlette(routes=[Route("/{path:path}", recorder.answer, methods=["GET", "POST", "DELETE", "PUT"])])
    with serving(app) as port:
        recorder.port = port
        yield recorder


@pytest.fixture
def upstream(_recorder: Upstream) -> Upstream:
    """The server behind every data source but `down`; it has not been asked anything yet."""
    _recorder.requests.clear()
    _recorder.left = 0
    return _recorder


@pytest.fixture(scope="session")
def viewer(_recorder: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a viewer that all tests share: for those that only ask."""
    config = make_config(tmp_path_factory.mktemp("viewer"), _recorder.port)
    with serving(Viewer(config).application()) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def config(tmp_path: Path, upstream: Upstream) -> Config:
    """The configuration of `own_viewer`, whose folders a test may change."""
    return make_config(tmp_path, upstream.port)


@pytest.fixture
def own_viewer(config: Config) -> Iterator[str]:
    """The address of a viewer that this test has for itself."""
    with serving(Viewer(config).application()) as port:
        yield f"http://127.0.0.1:{port}"


def make_config(folder: Path, upstream_port: int) -> Config:
    """Two dashboards, a runbook and a page, and data sources that all lead to the same upstream; one is down."""
    dashboards, static, runbooks = (folder / name for name in ("dashboards", "static", "runbooks"))
    for made in (dashboards, static / "assets", runbooks):
        made.mkdir(parents=True)
    (dashboards / "one.json").write_text('{"uid": "one", "title": "Zebra", "tags": ["a"], "panels": []}')
    (dashboards / "two.json").write_text('{"uid": "two", "title": "apple", "panels": [{"id": 1}]}')
    (static / "index.html").write_text('<meta name="csp-nonce" content="%NONCE%"><div id=root></div>')
    (static / "assets" / "app-1234.js").write_text("export {}")
    (static / "assets" / "app-1234.js.gz").write_bytes(b"\x1f\x8bpacked")
    (static / "favicon.svg").write_text("<svg/>")
    (runbooks / "HighErrorRate.md").write_text(
        "# HighErrorRate\n\n<script>alert(1)</script>\n\n[next](Other.md#do) [js](javascript:alert(1))\n\n"
        "| a |\n|---|\n| b |\n"
    )
    (runbooks / "README.md").write_text("about")
    (folder / "secret.md").write_text("secret")
    address = f"http://127.0.0.1:{upstream_port}"
    sources = {kind: Datasource(kind, kind, address, kind) for kind in ("prometheus", "loki", "jaeger", "alertmanager")}
    sources["down"] = Datasource("down", "prometheus", f"http://127.0.0.1:{free_port()}", "Prometheus")
    return Config(
        listen_host="127.0.0.1",
        listen_port=0,
        dashboards=dashboards,
        static=static,
        runbooks=runbooks,
        datasources=sources,
        home="one",
        allowed_hosts=frozenset({"dash.example"}),
    )
