"""Who may import whom in the engine."""

import subprocess
from pathlib import Path

from kit.paths import ROOT
from tests.support.floors import violations

FLOORS = (
    "paths",
    "processes",
    "terminal",
    "machine",
    "build",
    "settings",
    "stack",
    "render",
    "images",
    "bundles",
    "verification",
    "backups",
    "runtimes",
    "generators",
    "benchmarks",
    "testing",
    "__init__",
)
"""From the lowest to the highest: each imports only from those before itself."""

SOURCES = {".py", ".ts", ".tsx", ".go", ".jsonnet", ".libsonnet"}


def test_every_part_of_the_engine_imports_only_from_the_floors_below() -> None:
    assert violations(ROOT / "kit", "kit", FLOORS) == []


def test_the_engine_knows_nothing_of_the_commands() -> None:
    commands = [file for file in (ROOT / "kit").rglob("*.py") if "from scripts" in file.read_text()]
    assert commands == []


def test_no_file_is_too_long_to_be_read() -> None:
    """500 lines: of what we write ourselves and is no test."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    sources = [ROOT / name for name in tracked if Path(name).suffix in SOURCES and "tests" not in Path(name).parts]
    assert {file.name: lines for file in sources if (lines := lines_of(file)) > 500} == {}


def lines_of(file: Path) -> int:
    text = file.read_text(encoding="utf-8")
    return 0 if "Generated" in text.partition("\n")[0] else text.count("\n")
