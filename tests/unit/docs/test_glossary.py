"""docs/glossary.md is in the order in which one looks a word up, and says of each where it lives."""

import re

from kit.paths import ROOT

PAGE = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
LIBRARY = ROOT / "instrumentation/python/src/signalfire"
_ROW = re.compile(r"^\| (?P<word>[^|]+?) \| (?P<meaning>[^|]+?) \| (?P<where>[^|]*?) \|$", re.MULTILINE)
_NAME = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)


def rows() -> list[re.Match[str]]:
    _head, *found = _ROW.finditer(PAGE)
    return found


def test_words_stand_in_their_order_and_once() -> None:
    words = [row["word"].lower() for row in rows()]
    assert len(words) > 40
    assert words == sorted(set(words))


def test_each_word_says_where_it_lives() -> None:
    assert [row["word"] for row in rows() if "](" not in row["where"]] == []


def test_a_meaning_is_a_sentence_or_a_few() -> None:
    assert [row["word"] for row in rows() if not re.fullmatch(r"[A-Z`].*\.", row["meaning"])] == []


def test_names_of_the_code_are_in_the_code() -> None:
    names = _NAME.findall(PAGE)
    assert names == sorted(set(names))
    assert names
    code = "\n".join(file.read_text(encoding="utf-8") for file in LIBRARY.rglob("*.py"))
    # What is no function is a word of messages and comments.
    assert [name for name in names if name != "invalid" and f"def {name}(" not in code] == []
