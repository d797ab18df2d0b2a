"""docs/README.md leads to every page of docs/."""

import re
from collections import Counter
from pathlib import Path

from kit.paths import ROOT

DOCS = ROOT / "docs"
INDEX = DOCS / "README.md"
_ROW = re.compile(r"^\| \[(?P<shown>[^\]]+)\]\((?P<page>[^)]+)\) \| (?P<says>.+) \|$", re.MULTILINE)


def rows() -> list[re.Match[str]]:
    return list(_ROW.finditer(INDEX.read_text(encoding="utf-8")))


def pages() -> list[str]:
    return [page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md") if page != INDEX]


def test_every_page_has_one_row() -> None:
    assert Counter(row["page"] for row in rows()) == Counter(pages())


def test_a_row_shows_where_it_leads() -> None:
    assert [row["shown"] for row in rows() if row["shown"] != row["page"]] == []


def test_a_page_is_called_generated_where_its_first_line_says_so() -> None:
    called = {row["page"] for row in rows() if row["says"].endswith("(generated)")}
    assert called == {page for page in pages() if _is_generated(DOCS / page)}


def _is_generated(page: Path) -> bool:
    return page.read_text(encoding="utf-8").startswith("<!-- Generated ")
