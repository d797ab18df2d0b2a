"""The jsonnet itself: lines that fit beside each other on a screen. Its form is jsonnetfmt's, in `make lint`."""

import subprocess

import pytest

from kit.paths import ROOT

_LONGEST = 120
_FILES = subprocess.run(
    ["git", "ls-files", "*.jsonnet", "*.libsonnet"], cwd=ROOT, capture_output=True, text=True, check=True
).stdout.split()

# Lines of a text that is generated as it stands there: how many of each file.
_AS_GENERATED = {"grafana/dashboards/overview.libsonnet": 1}


def test_there_is_jsonnet() -> None:
    assert "mixin.libsonnet" in _FILES


@pytest.mark.parametrize("file", _FILES)
def test_no_line_is_too_long(file: str) -> None:
    lines = (ROOT / file).read_text().splitlines()
    too_long = [number for number, line in enumerate(lines, start=1) if len(line) > _LONGEST]
    assert len(too_long) == _AS_GENERATED.get(file, 0), f"{file}: lines {too_long}"
