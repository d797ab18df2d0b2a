"""docs/licences.md names whatever we use, and the licence that its package names."""

import json
import re
import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from kit.paths import ROOT

PAGE = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
PROGRAMS, PYTHON, NODE = re.split(r"^## .*$", PAGE, flags=re.MULTILINE)[1:]
_CELL = r"\| ([^|]+) "
_PACKAGE = re.compile(rf"^{_CELL}{_CELL}{_CELL}\|$", re.MULTILINE)
_REQUIREMENT = re.compile(r"^([A-Za-z][\w.-]*)", re.MULTILINE)

# Where their metadata names none, or not in the words of SPDX; and what is installed for tests/frameworks alone.
BY_HAND = {"crewai", "gojsonnet", "litellm", "loguru", "markdown-it-py", "starlette-exporter", "supervisor"}
# Grafana's and Loki's program is what is under the AGPL; these modules of the same company have other licences.
AGPL_MODULES = re.compile(r"github\.com/grafana/(?:grafana|loki(?!/pkg/push\b)|mimir|tempo|pyroscope(?!-go))\b")


def packages(table: str) -> dict[str, tuple[str, str]]:
    """By name: the licence, and what it is for. The first row is the head."""
    return {name: (licence, used_for) for name, licence, used_for in _PACKAGE.findall(table)[1:]}


def canonical(name: str) -> str:
    """The same for every spelling of a Python package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def required(file: Path) -> set[str]:
    return {canonical(name) for name in _REQUIREMENT.findall(file.read_text())}


def required_by_the_library() -> set[str]:
    project = tomllib.loads((ROOT / "instrumentation/python/pyproject.toml").read_text())["project"]
    extras: dict[str, list[str]] = project["optional-dependencies"]
    named = "\n".join([*project["dependencies"], *(line for lines in extras.values() for line in lines)])
    return {canonical(name) for name in _REQUIREMENT.findall(named)} - {"signalfire"}


def viewer(file: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((ROOT / "grafana/viewer" / file).read_text())
    return read


def users(name: str, by_user: dict[str, Iterable[str]]) -> str:
    return ", ".join(user for user, named in by_user.items() if name in named)


def test_every_program_that_is_built_has_a_row() -> None:
    built = [file.parent for file in (*ROOT.glob("servers/*/build.toml"), *ROOT.glob("compose/*/build.toml"))]
    assert len(built) > 7
    assert [folder for folder in built if f"(../{folder.relative_to(ROOT)}/go.mod)" not in PROGRAMS] == []


def test_every_image_that_is_pulled_has_a_row() -> None:
    listed = (ROOT / "compose/images.txt").read_text().splitlines()
    images = [line.rpartition(":")[0] for line in listed if line and not line.startswith("#")]
    # The images of these servers are built from servers/, too; our own are of what the other rows name.
    servers = {folder.name for folder in (ROOT / "servers").iterdir()}
    others = [
        image
        for image in images
        if not image.startswith("signalfire/") and image.rpartition("/")[2].replace("-", "_") not in servers
    ]
    assert "grafana/grafana" in others
    assert [image for image in others if f"`{image}`" not in PROGRAMS] == []


def test_every_python_package_that_we_name_has_a_row() -> None:
    by_user: dict[str, Iterable[str]] = {
        "library": required_by_the_library(),
        "stack": required(ROOT / "requirements.in"),
        "tests": required(ROOT / "requirements-dev.in"),
        "frameworks": required(ROOT / "tests/frameworks/requirements.in"),
    }
    named = sorted(set().union(*by_user.values()))
    assert {name: used_for for name, (_, used_for) in packages(PYTHON).items()} == {
        name: users(name, by_user) for name in named
    }


@pytest.mark.parametrize("name", sorted(set(packages(PYTHON)) - BY_HAND))
def test_the_licence_of_a_python_package_is_what_its_metadata_names(name: str) -> None:
    told = metadata.metadata(name)
    assert packages(PYTHON)[name][0] == (told["License-Expression"] or told["License"])


def test_nothing_that_runs_with_the_stack_is_under_the_gpl() -> None:
    installed = {canonical(each.metadata["Name"]): each for each in metadata.distributions()}
    found = [installed[name] for name in required(ROOT / "requirements.txt") if name in installed]
    assert len(found) > 60
    assert [each.metadata["Name"] for each in found if "GPL" in _told(each)] == []


def _told(distribution: metadata.Distribution) -> str:
    told = distribution.metadata
    texts = [told["License-Expression"], (told["License"] or "")[:100], *(told.get_all("Classifier") or ())]
    return " ".join(text for text in texts if text)


def test_every_node_package_that_we_name_has_a_row_with_the_licence_in_the_lock_file() -> None:
    wanted, locked = viewer("package.json"), viewer("package-lock.json")["packages"]
    rows = {
        name: (locked[f"node_modules/{name}"]["license"], used_for)
        for group, used_for in (("dependencies", "page"), ("devDependencies", "tests"))
        for name in wanted[group]
    }
    assert packages(NODE) == rows


def test_the_page_names_every_licence_of_the_lock_file() -> None:
    locked = {place: package for place, package in viewer("package-lock.json")["packages"].items() if place}
    [sentence] = re.findall(r"^All that .*\Z", NODE, re.MULTILINE | re.DOTALL)
    choices = [re.split(r" OR |[()]", package.get("license", "")) for package in locked.values()]
    assert [names for names in choices if any(names) and not any(name and name in sentence for name in names)] == []
    without = [place.removeprefix("node_modules/") for place, package in locked.items() if "license" not in package]
    assert [name for name in without if f"`{name}`" not in sentence] == []


@pytest.mark.parametrize("folder", sorted(file.parent.name for file in ROOT.glob("servers/*/go.mod")))
def test_no_program_but_loki_has_a_module_under_the_agpl(folder: str) -> None:
    named = set(AGPL_MODULES.findall((ROOT / "servers" / folder / "go.mod").read_text()))
    assert bool(named) == (folder == "loki")


def test_loki_is_compiled_as_it_is_published() -> None:
    folder = ROOT / "servers/loki"
    assert {file.name for file in folder.iterdir()} == {"build.toml", "go.mod", "go.sum"}
    replaced = re.findall(r"^\s*(\S+)(?: v\S+)? => ", (folder / "go.mod").read_text(), re.MULTILINE)
    assert [module for module in replaced if module.startswith("github.com/grafana/loki")] == []
