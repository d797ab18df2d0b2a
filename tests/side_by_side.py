"""What runs beside what with `pytest --dist loadgroup`, and in which order.

By the tests' names alone: pytest-xdist's own groups are lost with pytest 9.2.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# All that look at the one running stack. The dashboards last, for their sums over days begin after minutes.
_SHARED_STACK = (
    "tests/stack/test_crashes.py",
    "tests/stack/test_demo.py",
    "tests/browser/test_dashboards.py",
    "tests/browser/test_accessibility.py",
    "tests/stack/test_rules.py",
)
# A file with servers for all its tests: the longest begin first, so that none of them is left for the end.
_WITH_SERVERS = (
    "tests/stack/test_commands.py",
    "tests/stack/test_upgrade.py",
    "tests/stack/test_backup.py",
    "tests/stack/test_durability.py",
    "tests/stack/test_instrumentations.py",
    "tests/stack/test_outage.py",
    "tests/stack/test_notifications.py",
    "tests/stack/test_collector.py",
    "tests/stack/test_library.py",
    "tests/stack/test_sampling.py",
    "tests/browser/test_mail.py",
    "tests/browser/test_runbooks.py",
)
# Tests with servers of their own, each.
_SINGLE = "tests/stack/test_retention.py"
# Each file has its stack of containers.
_COMPOSE = "tests/compose/"
# The newcomer of each runtime has a clone, and follows the pages from top to bottom.
_NEWCOMER = "tests/newcomer/"
_ORDER = (*_SHARED_STACK, *_WITH_SERVERS[:6], _SINGLE, *_WITH_SERVERS[6:])


class SideBySide(LoadScopeScheduling):  # type: ignore[misc]
    """Tests of a group run in one process, in their order; each other test by itself."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file in _SHARED_STACK:
            return "the shared stack"
        if file.startswith(_NEWCOMER):
            return f"{_NEWCOMER}{nodeid.partition('[')[2].partition('-')[0].rstrip(']')}"
        return file if file in _WITH_SERVERS or file.startswith(_COMPOSE) else nodeid


def place(item: pytest.Item) -> tuple[int, int]:
    """Tests that look at the same dashboard in the same way come together: its page is drawn once."""
    parameters: dict[str, Any] = item.callspec.params if hasattr(item, "callspec") else {}
    look = parameters.get("drawn")
    file = "tests/browser/test_dashboards.py" if look else item.nodeid.partition("::")[0]
    return _ORDER.index(file) if file in _ORDER else len(_ORDER), look.order if look else -1
