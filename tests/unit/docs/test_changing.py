"""docs/changing.md: each row's places are there, a change there reaches its tests, and the errands can be followed."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from kit.build.artifacts import programs_of
from kit.paths import ROOT
from kit.testing.changes import EVERYTHING, reached_by
from tests.unit.mixin import test_mixin_adding

PAGE = ROOT / "docs" / "changing.md"


class Row(NamedTuple):
    what: str
    places: list[str]
    tests: list[str]


def rows() -> dict[str, Row]:
    cells = [
        line.strip("| ").split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:2] == "| "
    ]
    return {what: Row(what, _linked(places), _linked(tests)) for what, places, tests, *_ in cells[1:]}


def _linked(cell: str) -> list[str]:
    return [target.removeprefix("../").rstrip("/") for target in re.findall(r"\]\(([^)]+)\)", cell)]


@pytest.mark.parametrize("row", rows().values(), ids=lambda row: row.what)
def test_a_row_leads_to_what_is_there_and_its_tests_are_reached(row: Row) -> None:
    assert row.places
    assert row.tests
    for place in row.places:
        assert (ROOT / place).exists(), place
        files = [place] if (ROOT / place).is_file() else [f"{place}/any"]
        reached = reached_by(files)
        for tests in row.tests:
            assert (ROOT / tests).exists(), tests
            if tests.startswith("tests/"):
                assert "tests" in reached or any(_meet(tests, other) for other in reached - set(EVERYTHING)), tests


def _meet(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


def test_the_example_of_adding_keeps_to_the_places_of_the_page() -> None:
    """Metric, signal, panel and alert: the page that is followed with an example puts each where this one says."""
    page = (ROOT / "docs" / "adding.md").read_text(encoding="utf-8")
    for what in ("a metric of the library", "a signal: what is computed", "a panel", "an alert"):
        [place] = rows()[what].places
        assert f"](../{place}" in page
        assert any(place.startswith(part) for part in test_mixin_adding.PARTS), "it is followed in a copy of its folder"


MASKED = """
from signalfire.masking.text import is_sensitive, mask_text
print(is_sensitive("shop_voucher"), mask_text("the voucher: GIFT2026"))
"""


def test_a_masked_field_is_followed(tmp_path: Path) -> None:
    [place] = rows()["a masked field"].places
    package = tmp_path / "signalfire"
    shutil.copytree(ROOT / "instrumentation/python/src/signalfire", package)
    file = package / Path(place).relative_to("instrumentation/python/src/signalfire")

    def said() -> str:
        environment = os.environ | {"PYTHONPATH": str(tmp_path)}
        command = [sys.executable, "-c", MASKED]
        return subprocess.run(command, env=environment, cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    assert said() == "False the voucher: GIFT2026\n"
    for changed, before, after in (
        (file, '        "secrets",\n', '        "secrets",\n        "voucher",\n'),
        (file.with_name("pairs.py"), "|secret(?!ar)", "|voucher|secret(?!ar)"),
        (file.with_name("signs.py"), 'or ("pw" in lower', 'or "voucher" in lower or ("pw" in lower'),
    ):
        text = changed.read_text()
        assert text.count(before) == 1, before
        changed.write_text(text.replace(before, after))
    assert said() == "True the voucher: [MASKED]\n"


def test_a_servers_version_is_followed(tmp_path: Path) -> None:
    """Another release is another build, and the image's tag is held to it (tests/unit/kit/runtimes/test_parity.py)."""
    assert rows()["a server's version"].places[0] == "servers"
    folder = tmp_path / "loki"
    shutil.copytree(ROOT / "servers" / "loki", folder)
    [before, *_] = programs_of(folder)
    build = folder / "build.toml"
    build.write_text(build.read_text().replace(f'release = "{before.release}"', 'release = "9.9.9"'))
    module = folder / "go.mod"
    module.write_text(re.sub(r"(grafana/loki/v3 )v\S+", r"\1v9.9.9", module.read_text()))
    [after, *_] = programs_of(folder)
    assert after.release == "9.9.9"
    assert after.content != before.content
