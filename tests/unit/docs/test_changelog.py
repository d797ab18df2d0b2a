"""CHANGELOG.md has the form of Keep a Changelog, which people and programs read."""

import re

from kit.paths import ROOT

PAGE = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
GROUPS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
_VERSION = re.compile(r"^## (.*)\n", re.MULTILINE)
_GROUP = re.compile(r"^### (.*)\n", re.MULTILINE)


def test_what_is_not_released_stands_first_and_each_version_with_its_day() -> None:
    unreleased, *released = _VERSION.findall(PAGE)
    assert unreleased == "[Unreleased]"
    assert [title for title in released if not re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", title)] == []


def test_changes_are_grouped_in_the_usual_order() -> None:
    for version in _VERSION.split(PAGE)[2::2]:
        groups = _GROUP.findall(version)
        assert groups == [group for group in GROUPS if group in groups]
