"""Every link that we ship leads somewhere: on pages, in runbooks, on dashboards, in notifications."""

import re
from pathlib import Path
from typing import Any

import pytest

from kit.paths import ROOT
from tests.support.mixin import evaluate
from tests.unit.mixin.links import Destinations, links_in, markdown_pages, urls_in

Json = dict[str, Any]


@pytest.fixture(scope="module")
def destinations(dashboards: dict[str, Json]) -> Destinations:
    variables = {board["uid"]: {one["name"] for one in board["templating"]["list"]} for board in dashboards.values()}
    return Destinations(variables, evaluate("signalfire._config.links.dashboards"))


@pytest.mark.parametrize("page", markdown_pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_links_of_a_page(page: Path, destinations: Destinations) -> None:
    links = links_in(page.read_text())
    assert [f"{link}: {problem}" for link in links if (problem := destinations.problem(link, page))] == []


def test_the_links_of_dashboards(dashboards: dict[str, Json], destinations: Destinations) -> None:
    links = {(board["uid"], url) for board in dashboards.values() for url in urls_in(board)}
    assert [f"{uid}: {url}: {problem}" for uid, url in sorted(links) if (problem := destinations.problem(url))] == []


def test_the_links_of_a_table_are_filled_in_from_its_columns(dashboards: dict[str, Json]) -> None:
    """The cells of a table have no labels."""
    for board in dashboards.values():
        for panel in board["panels"]:
            if panel["type"] == "table":
                renamed = [
                    step["options"]["renameByName"] for step in panel["transformations"] if step["id"] == "organize"
                ]
                columns = {column for names in renamed for column in names.values()}
                urls = " ".join(urls_in(panel))
                assert "__field.labels" not in urls, f"{board['uid']}: {panel['title']}"
                assert set(re.findall(r"\$\{__data\.fields\.(\w+)\}", urls)) <= columns, (
                    f"{board['uid']}: {panel['title']}"
                )


def test_every_dashboard_leads_to_logs_and_traces(dashboards: dict[str, Json]) -> None:
    for board in dashboards.values():
        to_explore = [url for url in urls_in(board) if url.startswith("/explore?")]
        for source in ("loki", "jaeger"):
            assert any(source in url for url in to_explore), f"{board['uid']} leads to nothing in {source}"


def test_the_links_of_alerts(alerts: dict[str, list[Json]], destinations: Destinations) -> None:
    for name, rules in alerts.items():
        for rule in rules:
            annotations = rule["annotations"]
            links = [url for key, url in annotations.items() if key.endswith("_url")]
            assert [f"{url}: {problem}" for url in links if (problem := destinations.problem(url))] == []
            assert annotations["runbook_url"].partition("?")[0].endswith(f"/runbooks/{name}")
            assert "from={{" in annotations["dashboard_url"], "a dashboard would show its own range of time"


@pytest.mark.parametrize(
    ("link", "problem"),
    [
        ("nowhere.md", "no such file"),
        ("../../etc/passwd", "no such file"),
        ("adding.md#a-metric", ""),
        ("adding.md#nothing", "no heading #nothing"),
        ("/d/slo?var-service=shop&from=now-1h&to=now", ""),
        ("/d/nothing", "no such dashboard"),
        ("/d/slo?var-provider=openai", "slo has no var-provider"),
        ("/runbooks/Nothing", "no such runbook"),
        ("/alerts", ""),
        ("/nowhere", "no such page"),
        ("/explore?left=[]", "nothing that Explore understands"),
        (
            '/explore?panes={"a":{"datasource":"tempo","queries":[{"datasource":{"uid":"tempo"}}]}}',
            "no data source tempo",
        ),
        ('/explore?panes={"a":{"datasource":"loki","queries":[{"datasource":{"uid":"loki"}}],"range":{}}}', "no range"),
    ],
)
def test_a_link_that_leads_nowhere_is_found(link: str, problem: str, destinations: Destinations) -> None:
    found = destinations.problem(link, ROOT / "docs" / "adding.md")
    assert problem in found
    assert bool(problem) == bool(found)
