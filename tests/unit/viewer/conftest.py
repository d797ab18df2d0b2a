"""The viewer's server as it really runs, in front of an HTTP server that writes down what reaches it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from grafana.viewer.server.app import Viewer
from grafana.viewer.server.config import Config
from tests.support.viewer import Upstream, make_config, serving


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
