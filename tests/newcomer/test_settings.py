"""Every example of settings, in the shipped file's comments and on the pages, comes up when it is copied."""

import re

import pytest

from tests.newcomer import pages
from tests.newcomer.clone import Newcomer
from tests.newcomer.pages import Example

COMMENTED = list(pages.commented_settings())
# As PagerDuty makes them.
INTEGRATION_KEY = "0123456789abcdef0123456789abcdef"
ON_PAGES = list(pages.settings_of_pages())


def place(example: Example) -> str:
    return example.place


def comes_up(newcomer: Newcomer, settings: str) -> None:
    for setting, name in re.findall(r"(\w+_file): ([\w/.-]+)", settings):
        secret = newcomer.folder / name
        secret.parent.mkdir(exist_ok=True)
        secret.write_text(INTEGRATION_KEY if setting == "routing_key_file" else "http://127.0.0.1:9/\n")
    newcomer.write_settings(settings)
    newcomer.run("make up")
    assert set(newcomer.states().values()) == {"ready"}


@pytest.mark.parametrize("example", COMMENTED, ids=place)
def test_a_commented_example_comes_up(newcomer: Newcomer, example: Example) -> None:
    comes_up(newcomer, example.text)


@pytest.mark.parametrize("example", ON_PAGES, ids=place)
def test_an_example_of_a_page_comes_up(newcomer: Newcomer, example: Example) -> None:
    comes_up(newcomer, pages.shipped_with(example.text))


def test_all_commented_examples_come_up_at_once(newcomer: Newcomer) -> None:
    comes_up(newcomer, pages.everything_switched_on())
