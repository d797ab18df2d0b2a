"""What runs beside what with `pytest --dist loadgroup`, and in which order.

By the tests' names alone: pytest-xdist's own groups are lost with pytest 9.2.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# All that look at a running stack with the demo. The dashboards last, for their sums over days begin after minutes.
_SHARED_STACK = (
    "tests/stack/test_crashes.py",
    "tests/stack/test_demo.py",
    "tests/browser/test_dashboards.py",
    "tests/browser/test_accessibility.py",
    "tests/stack/test_rules.py",
)
# In a process and on a stack of their own, or the others would be waited for.
_SECOND_STACK = (
    "tests/browser/test_widths.py",
    "tests/browser/test_explore.py",
    "tests/browser/test_keyboard.py",
    "tests/browser/test_alerts.py",
    "tests/browser/test_logs.py",
    "tests/browser/test_starting.py",
    "tests/stack/test_runbooks.py",
    "tests/stack/test_silences.py",
)
# Files whose tests have servers of their own, each.
_APART = (
    "tests/stack/test_first_start.py",
    "tests/stack/test_retention.py",
    "tests/stack/test_exporters.py",
    "tests/stack/test_alertmanager.py",
)
# The longest begin first, so that none of them is left for the end.
_LONGEST = (
    "tests/stack/test_first_start.py",
    "tests/stack/test_commands.py",
    "tests/stack/test_upgrade.py",
    "tests/stack/test_backup.py",
    "tests/stack/test_durability.py",
    "tests/stack/test_instrumentations.py",
    "tests/stack/test_outage.py",
    "tests/stack/test_refused.py",
    "tests/stack/test_retention.py",
    "tests/config/test_generated_settings.py",
    "tests/stack/test_notifications.py",
)
# A newcomer of each runtime follows the pages from top to bottom, another one tries the settings: each has a clone.
_NEWCOMER = "tests/newcomer/"
_ORDER = (*_SHARED_STACK, *_SECOND_STACK, *_LONGEST)


class SideBySide(LoadScopeScheduling):  # type: ignore[misc]
    """Tests of a group run in one process, in their order: those of a file, which share its servers."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file in _SHARED_STACK:
            return "the shared stack"
        if file in _SECOND_STACK:
            return "the second stack"
        if file.startswith(_NEWCOMER):
            return f"{file} {nodeid.partition('[')[2].partition('-')[0].rstrip(']')}"
        return nodeid if file in _APART else file


def must_share(item: pytest.Item) -> bool:
    """Whether it looks at a running stack, and would start another one where it stands."""
    file = item.nodeid.partition("::")[0]
    looks = file.startswith(("tests/stack/", "tests/browser/")) and "stack" in getattr(item, "fixturenames", ())
    return looks and file not in (*_SHARED_STACK, *_SECOND_STACK)


def place(item: pytest.Item) -> tuple[int, int]:
    """Tests that look at the same dashboard in the same way come together: its page is drawn once."""
    parameters: dict[str, Any] = item.callspec.params if hasattr(item, "callspec") else {}
    look = parameters.get("drawn")
    file = "tests/browser/test_dashboards.py" if look else item.nodeid.partition("::")[0]
    return _ORDER.index(file) if file in _ORDER else len(_ORDER), look.order if look else -1
