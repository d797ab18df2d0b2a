"""Durations: one parser in Python and one in jsonnet, which say the same of every text."""

import json

import pytest
import rjsonnet
from hypothesis import example, given
from hypothesis import strategies as st

from kit.paths import ROOT
from kit.settings.durations import milliseconds, seconds

UNITS = ("y", "w", "d", "h", "m", "s", "ms")
PARTS = st.lists(st.tuples(st.integers(0, 400), st.sampled_from(UNITS)), max_size=7)
# Durations, what is nearly one, and anything else.
TEXTS = st.one_of(
    PARTS.map(lambda parts: "".join(f"{number}{unit}" for number, unit in parts)),
    PARTS.map(
        lambda parts: "".join(f"{number}{unit}" for number, unit in sorted(parts, key=lambda p: UNITS.index(p[1])))
    ),
    st.text(alphabet="0123456789ywdhms. -+", max_size=8),
    st.text(max_size=5),
)


def in_python(text: str) -> int | None:
    try:
        return milliseconds(text)
    except ValueError:
        return None


def in_jsonnet(texts: list[str]) -> list[int | None]:
    """Each by itself: one that is no duration ends the evaluation."""
    found: list[int | None] = []
    for text in texts:
        snippet = f"(import 'prometheus/lib/duration.libsonnet').milliseconds({json.dumps(text)})"
        try:
            found.append(json.loads(rjsonnet.evaluate_snippet("test", snippet, jpathdir=[str(ROOT)])))
        except RuntimeError as error:
            if "is not a duration" not in str(error):
                raise
            found.append(None)
    return found


@given(text=TEXTS)
@example(text="1h30m")
@example(text="٣s")  # a digit, but not one of these
@example(text="5s\n")
@example(text="")
def test_python_and_jsonnet_agree_on_every_text(text: str) -> None:
    assert in_jsonnet([text]) == [in_python(text)]


@pytest.mark.parametrize(
    ("text", "length"),
    [("5s", 5), ("1m30s", 90), ("100ms", 0.1), ("1h", 3600), ("1y", 31_536_000), ("2w3d", 1_468_800), ("0s", 0)],
)
def test_a_duration_is_so_long(text: str, length: float) -> None:
    assert seconds(text) == length
