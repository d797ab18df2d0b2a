"""Nothing that a page shows goes unseen: what is not read as an example is never tried."""

import re
from pathlib import Path

import pytest

from tests.newcomer import pages

# Commands stand in console, after a `$`, or in bash.
KINDS = {"console", "bash", "yaml", "python", "diff", "json", "jsonnet", "nginx", "text", "toml"}
# What is no part of signalfire.yaml: the catalogue of metrics, what Kubernetes reads.
OTHER_YAML = {"docs/adding.md": {"coupons_redeemed_total"}, "docs/mixin.md": {"endpoints"}}


def _name(page: Path) -> str:
    return page.name


@pytest.mark.parametrize("page", pages.PAGES, ids=_name)
def test_every_block_of_a_page_is_read(page: Path) -> None:
    assert len(pages.fences(page)) == 2 * len(pages.kinds(page))
    assert set(pages.kinds(page)) <= KINDS


def test_every_block_of_yaml_is_tried_or_known_to_be_something_else() -> None:
    """A section whose name is misspelt would else count as something else."""
    tried = {example.place for example in pages.settings_of_pages()}
    others = [example for example in pages.yaml_of_pages() if example.place not in tried]
    assert {example.place.partition(":")[0]: set(example.sections) for example in others} == OTHER_YAML


def test_every_comment_of_the_shipped_settings_that_is_an_example_is_tried() -> None:
    lines = pages.SHIPPED.read_text(encoding="utf-8").splitlines()
    examples = [line for line in lines if re.match(r"# *(- |\w+: *(\S|$))", line) and not line.endswith((".", ","))]
    left = [line for line in examples if line in pages.everything_switched_on().splitlines()]
    assert left == []
