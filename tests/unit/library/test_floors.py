"""Who may import whom in the library."""

from pathlib import Path

import pytest

from tests.support.floors import violations

LIBRARY = Path(__file__).resolve().parents[3] / "instrumentation/python/src/signalfire"

FLOORS = (
    "_internal",
    "masking",
    "settings",
    "prometheus",
    "context",
    "errors",
    "tracing",
    "logs",
    "health",
    "status",
    "operations",
    "http",
    "llm",
    "providers",
    "agents",
    "databases",
    "integrations",
    "costs",
    "monitoring",
    "workers",
    "agent_monitoring",
    "cli",
    "__init__",
    "__main__",
)
"""From the lowest to the highest: each imports only from those before itself."""


def test_every_part_of_the_library_imports_only_from_the_floors_below() -> None:
    assert violations(LIBRARY, "signalfire", FLOORS) == []


def test_the_top_level_has_packages_and_little_else() -> None:
    modules = {file.stem for file in LIBRARY.glob("*.py")}
    assert modules == {"__init__", "__main__", "cli", "monitoring", "settings", "errors"}


@pytest.mark.parametrize(
    "line",
    [
        "from shop.top import x",
        "from shop import top",
        "import shop.top",
        "from ..top import x",
        "from .. import top",
        "def later():\n    from shop.top import x",
    ],
)
def test_an_import_from_a_floor_above_is_found(tmp_path: Path, line: str) -> None:
    (tmp_path / "low").mkdir()
    for name in ("__init__", "top", "low/__init__"):
        (tmp_path / f"{name}.py").touch()
    assert violations(tmp_path, "shop", ["low", "top", "__init__"]) == []
    (tmp_path / "low/module.py").write_text(line)
    (found,) = violations(tmp_path, "shop", ["low", "top", "__init__"])
    assert found.startswith("low/module.py:")
    assert found.endswith("in low imports top, which is above it")


def test_a_part_that_the_list_lacks_and_one_that_is_gone_are_found(tmp_path: Path) -> None:
    (tmp_path / "new.py").touch()
    assert violations(tmp_path, "shop", ["old"]) == [
        "new is not in the list of floors",
        "old is in the list of floors but not in shop",
    ]


def test_what_the_package_itself_defines_is_above_its_parts(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").write_text("answer = 42")
    (tmp_path / "low.py").write_text("from shop import answer")
    assert violations(tmp_path, "shop", ["low", "__init__"]) == ["low.py:1 in low imports __init__, which is above it"]
