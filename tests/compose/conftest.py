"""Every test of this folder needs a Docker engine: `make test-compose` starts one where none answers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compose.running import Containers, write_settings


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.compose)


SECRET_URL = "https://hooks.example.invalid/services/T0SECRET/B1SECRET"


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containers]:
    """The stack with the demo, as `make up` leaves it. Tests share it and leave it healthy."""
    folder = tmp_path_factory.mktemp("compose")
    (folder / "hook").write_text(SECRET_URL)
    receiver = {"name": "chat", "webhook": {"url_file": "hook"}, "severities": ["critical"]}
    stack = write_settings(folder, receivers=[receiver])
    try:
        stack.up()
        yield stack
    finally:
        stack.tear_down()
