"""Where links lead: to files and their headings, to dashboards and the other pages of the viewer."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from grafana.viewer.server.app import PAGES
from kit.paths import ROOT

_BLOCK = re.compile(r"^( *)```.*?^\1```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(?<=\]\()[^)\s]+(?=\))")
_HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
_NOT_IN_AN_ANCHOR = re.compile(r"[^\w\- ]")
_PLACEHOLDER = re.compile(r"\$\{[^}]*\}|\{\{.*?\}\}")
# Parameters that are no variable of the dashboard.
_OF_EVERY_DASHBOARD = {"from", "to"}
_DATA_SOURCES = {"prometheus", "loki", "jaeger", "alertmanager"}


def markdown_pages() -> list[Path]:
    """Those that git knows: folders of installed packages come and go while other tests prepare theirs."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted(page for name in listed.stdout.splitlines() if (page := ROOT / name).exists())


def links_in(markdown: str) -> list[str]:
    """Where its links lead, those in blocks of code left out."""
    return _LINK.findall(_BLOCK.sub("", markdown))


def anchors_in(markdown: str) -> set[str]:
    """Its headings as GitHub writes them in addresses."""
    headings = _HEADING.findall(_BLOCK.sub("", markdown))
    return {_NOT_IN_AN_ANCHOR.sub("", heading.strip().lower()).replace(" ", "-") for heading in headings}


def urls_in(value: Any) -> Iterator[str]:
    """Every `url` within a dashboard, and every link of its texts and descriptions."""
    if isinstance(value, list):
        for item in value:
            yield from urls_in(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "url":
                yield item
            elif isinstance(item, str):
                yield from links_in(item) if key in ("content", "description") else ()
            else:
                yield from urls_in(item)


def filled_in(url: str) -> str:
    """With a word for each placeholder of a dashboard or an alert, and a range for the range of time."""
    return _PLACEHOLDER.sub("x", url.replace("${__url_time_range}", "from=now-1h&to=now"))


@dataclass
class Destinations:
    """What a link may lead to. variables: those of each dashboard, by its uid. home: where the viewer answers."""

    variables: Mapping[str, set[str]]
    home: str

    def problem(self, link: str, page: Path | None = None) -> str:
        """Why a link leads nowhere; nothing where it leads somewhere. page: on which it stands, for relative ones."""
        url = filled_in(link.removeprefix(self.home))
        if " " in url:
            return "a space ends an address"
        if url.startswith("https://"):
            return ""
        if url.startswith("/"):
            return self._in_the_viewer(url)
        return self._beside(url, page) if page else "it leads to no page of ours"

    def _beside(self, url: str, page: Path) -> str:
        file, _, anchor = url.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not target.is_relative_to(ROOT) or not target.exists():
            return "there is no such file"
        return f"there is no heading #{anchor}" if anchor and anchor not in anchors_in(target.read_text()) else ""

    def _in_the_viewer(self, url: str) -> str:
        address = urlsplit(url)
        asked = parse_qs(address.query, keep_blank_values=True)
        match address.path.split("/")[1:]:
            case ["d", uid]:
                return self._on_a_dashboard(uid, set(asked))
            case ["explore"]:
                return _in_explore(asked)
            case ["runbooks", name]:
                return "" if name == "x" or (ROOT / "runbooks" / f"{name}.md").exists() else "there is no such runbook"
        return "" if address.path in PAGES else "the viewer has no such page"

    def _on_a_dashboard(self, uid: str, asked: set[str]) -> str:
        if uid not in self.variables:
            return "there is no such dashboard"
        known = {f"var-{name}" for name in self.variables[uid]} | _OF_EVERY_DASHBOARD
        return f"{uid} has no {', '.join(sorted(asked - known))}" if asked - known else ""


def _in_explore(asked: Mapping[str, list[str]]) -> str:
    try:
        [pane] = json.loads(asked["panes"][0]).values()
        [query] = pane["queries"]
    except (KeyError, ValueError) as error:
        return f"it asks for nothing that Explore understands ({error!r})"
    if pane["datasource"] not in _DATA_SOURCES or query["datasource"]["uid"] != pane["datasource"]:
        return f"there is no data source {pane['datasource']}"
    if not pane["range"].keys() >= {"from", "to"}:
        return "it has no range of time"
    return "" if query.get("expr") or query.get("service") else "it has no query"
