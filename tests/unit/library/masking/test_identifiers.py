"""Identifiers are no secrets: masking changes none. `make bench-library` tries a million of each kind."""

import json

import pytest
from signalfire.masking import text as masking

from kit.benchmarks.library.identifiers import KINDS, identifiers

COUNT = 3000


@pytest.mark.parametrize("kind", KINDS)
def test_no_identifier_is_changed(kind: str) -> None:
    changed = [found for found in identifiers(kind, COUNT) if masking.mask_text(found) != found]
    assert changed == []


@pytest.mark.parametrize("kind", KINDS)
def test_nor_in_a_field_or_in_a_list_of_them(kind: str) -> None:
    some = list(identifiers(kind, 300, seed=1))
    assert masking.mask({"id": some, "of": dict.fromkeys(some, 1)}) == {"id": some, "of": dict.fromkeys(some, 1)}
    assert masking.mask_text(json.dumps(some[:100])) == json.dumps(some[:100])


def test_the_kinds_are_the_usual_ones() -> None:
    assert len(KINDS) >= 40
    assert [*identifiers("nanoids", 3)] == [*identifiers("nanoids", 3)]


@pytest.mark.parametrize(
    "text",
    [
        "c6b789ef-8136-4acc-bf88-af5933736dcc",
        "4049da66c1965acdf504363250695627b0a9e32e",
        "ratio=0.4111111111111111",
        "4.111111111111111e-05",
        "4111111111111111.5",
        "a4111111111111111",
        "4111111111111111f",
        "evt_4111111111111111",
        "00-0af7651916cd43dd8448eb211c80319c-4111111111111111-01",
        "4532015112830366123",
        "4006381333931",
        "c6b789ef-4111-1111-1111-1111deadbeef",
    ],
)
def test_a_number_that_does_not_stand_alone_is_no_card(text: str) -> None:
    assert masking.mask_text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111111",
        "card:4111111111111111.",
        "pan=4111-1111-1111-1111",
        "3782 822463 10005",
        "to%3D4111111111111111",
        "4111%201111%201111%201111",
        "card 4532015112830366123"[:21],
        "UnionPay card 6205500000000000004",
        "6205 5000 0000 0000 004",
        "visa_4111111111111111",
    ],
)
def test_one_that_does_is(text: str) -> None:
    assert "[MASKED:card]" in masking.mask_text(text)
