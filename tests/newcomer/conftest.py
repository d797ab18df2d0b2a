"""The newcomer's gate: a clean clone, the shipped signalfire.yaml and the pages' own commands, in both runtimes.

The tests of a file follow one another as a newcomer's steps do. Each file and runtime has a clone of its own and may
run beside the others: with `--dist loadgroup` they do.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.newcomer.clone import Newcomer, cloned
from tests.support.ports import free_port
from tests.support.running import free_ports

# What takes longest begins first.
RUNTIMES = ("compose", "native")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents and "newcomer" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.newcomer)
            item.add_marker(pytest.mark.timeout(1800))


@pytest.fixture(scope="session", params=RUNTIMES)
def newcomer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    """Under Compose the suite runs with an engine that answers."""
    folder = tmp_path_factory.mktemp(request.param)
    made = cloned(folder, request.param, free_ports() | {"service": free_port()})
    try:
        yield made
    finally:
        made.leave_nothing()
