"""Each alert's page in runbooks/: complete, in the order in which it is needed, and true to what there is."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from kit.paths import ROOT
from kit.settings import Settings
from tests.support.known_metrics import labels_by_metric
from tests.unit.mixin.promql import metrics_of

Json = dict[str, Any]
HEADINGS = [
    "What it means",
    "Is it real?",
    "Usual causes",
    "What to do now",
    "Silence it safely",
    "Who to wake",
    "If it is too sensitive",
]
PAGES = sorted((ROOT / "runbooks").glob("*.md"))


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def queries(page: Path) -> list[str]:
    """A block may hold several queries, each after an empty line or a comment."""
    without_comments = [re.sub(r"#.*", "", block) for block in blocks(page, "promql")]
    return [query.strip() for block in without_comments for query in re.split(r"\n\s*\n", block) if query.strip()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_it_has_every_part_in_order(page: Path) -> None:
    assert re.findall(r"^## (.*)$", page.read_text(), re.MULTILINE) == HEADINGS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_its_queries_name_what_exists(page: Path, recording_rules: list[Json]) -> None:
    known = set(labels_by_metric()) | {rule["record"] for rule in recording_rules}
    assert queries(page), "it has no query to run"
    assert {metric for query in queries(page) for metric in metrics_of(query)} <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_its_settings_can_be_put_into_signalfire_yaml(page: Path) -> None:
    assert blocks(page, "yaml"), "it does not say how to change the alert"
    for block in blocks(page, "yaml"):
        Settings.model_validate(yaml.safe_load(block))
