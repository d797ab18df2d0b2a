"""Each alert's page in runbooks/: complete, in the order in which it is needed, and true to what there is."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from kit.build import binary
from kit.paths import ROOT
from kit.settings import Settings
from scripts.silence import wanted
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
    """Each block is one query, which is copied or run as a whole."""
    return blocks(page, "promql")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_it_has_every_part_in_order(page: Path) -> None:
    assert re.findall(r"^## (.*)$", page.read_text(), re.MULTILINE) == HEADINGS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_its_queries_name_what_exists(page: Path, recording_rules: list[Json]) -> None:
    known = set(labels_by_metric()) | {rule["record"] for rule in recording_rules}
    assert queries(page), "it has no query to run"
    assert {metric for query in queries(page) for metric in metrics_of(query)} <= known


@pytest.mark.promtool
def test_each_block_is_one_query(tmp_path: Path) -> None:
    """By Prometheus' own parser, all at once; a rule's name says where its query stands."""
    rules = [
        {"record": f"{page.stem}:{number}", "expr": query}
        for page in PAGES
        for number, query in enumerate(queries(page), start=1)
    ]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "runbooks", "rules": rules}]}))
    command = [str(binary("promtool")), "check", "rules", "--lint=none", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{len(rules)} rules found" in done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_is_filled_in_has_the_name_of_its_label(page: Path) -> None:
    code = "".join(block for language in ("promql", "logql", "sh") for block in blocks(page, language))
    filled = re.findall(r'([\w]+)(?:=~?|!~|!=)"<(\w+)>"', code)
    of_logs = {("service_name", "service")}  # one name in Prometheus, another one in Loki
    assert [pair for pair in filled if pair[0] != pair[1] and pair not in of_logs] == []
    assert len(filled) == len(re.findall(r"<\w+>", code)), "a value that is not known leaves nothing to run"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_its_silence_is_one_that_can_be_made(page: Path) -> None:
    for line in [line for block in blocks(page, "sh") for line in block.splitlines()]:
        assert line.startswith(f"make silence ALERT={page.stem} ")
        given = dict(word.partition("=")[::2] for word in shlex.split(re.sub(r"<\w+>", "x", line))[2:])
        assert wanted(given["ALERT"], given.get("WHERE", ""), given["FOR"], given["WHY"], "somebody").matchers
        assert "$" not in line, "make would take it for a variable"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_its_settings_can_be_put_into_signalfire_yaml(page: Path) -> None:
    assert blocks(page, "yaml"), "it does not say how to change the alert"
    for block in blocks(page, "yaml"):
        Settings.model_validate(yaml.safe_load(block))
