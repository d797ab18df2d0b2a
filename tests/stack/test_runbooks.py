"""Every query of every runbook, as its link asks the real servers through the viewer."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.support.http import get
from tests.support.running import Stack


def run_links(page: str) -> list[tuple[str, str]]:
    """The data source and the query of each link that runs one."""
    addresses = re.findall(r'<a href="(/explore[^"]*)"', page)
    asked = [parse_qs(urlsplit(html.unescape(address)).query) for address in addresses]
    return [(one["datasource"][0], one["query"][0]) for one in asked]


def test_each_query_of_each_runbook_runs_from_its_link(stack: Stack) -> None:
    viewer = stack.url("dashboards")
    failed = []
    for name in get(f"{viewer}/api/settings").json()["runbooks"]:
        for labels in ({}, {"service": 'a"b', "env": "dev"}):
            for source, query in run_links(get(f"{viewer}/runbooks/{name}", **labels).text):
                path = "api/v1/query" if source == "prometheus" else "loki/api/v1/query_range"
                answer = get(f"{viewer}/api/datasources/proxy/uid/{source}/{path}", query=query)
                if answer.status_code != httpx.codes.OK:
                    failed.append(f"{name}: {query}: {answer.text}")
    assert failed == []
