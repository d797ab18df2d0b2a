"""What the pages at the top and in docs/ and the shipped signalfire.yaml show: commands, and settings to copy."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kit.paths import ROOT
from kit.settings import Settings

README = ROOT / "README.md"
SHIPPED = ROOT / "signalfire.yaml"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]

_BLOCK = re.compile(r"^( *)```(?P<kind>\w+)\n(?P<text>.*?)^\1```", re.DOTALL | re.MULTILINE)
_PROMPT = "$ "
_REMARK = re.compile(r"\s{2,}#.*")
_IN_A_SENTENCE = re.compile(r"`((?:make|pip install) [^`]+)`")
_COMMENTED_ENTRY = re.compile(r"^#( {2,}\S.*)$")
_COMMENTED_SECTION = re.compile(r"^# (\w+:)\s+#")
_SECTION = re.compile(r"^(\w+):")


@dataclass(frozen=True)
class Example:
    """Settings that a page shows. `place`: the page and the line where they begin."""

    place: str
    text: str

    @property
    def sections(self) -> dict[str, Any]:
        read: dict[str, Any] = yaml.safe_load(self.text)
        return read


def commands(page: Path) -> set[str]:
    """Every command that the page shows, without the remark behind it."""
    text = page.read_text(encoding="utf-8")
    lines = [line.strip() for shown in _blocks(text, "console") for line in shown.splitlines()]
    prompted = [line.removeprefix(_PROMPT) for line in lines if line.startswith(_PROMPT)]
    alone = [line for shown in _blocks(text, "bash") for line in shown.splitlines()]
    return {_REMARK.sub("", line) for line in (*prompted, *alone)} | set(_IN_A_SENTENCE.findall(text))


def block(page: Path, kind: str, number: int = 0) -> str:
    """The text of the page's block of this kind, without the indentation of the list in which it stands."""
    return list(_blocks(page.read_text(encoding="utf-8"), kind))[number]


def _blocks(text: str, kind: str) -> Iterator[str]:
    return (_unindented(match) for match in _BLOCK.finditer(text) if match["kind"] == kind)


def _unindented(match: re.Match[str]) -> str:
    return "".join(line.removeprefix(match[1]) for line in match["text"].splitlines(keepends=True))


def shipped_with(sections: str) -> str:
    """The shipped settings with a page's sections in place of their own."""
    together = yaml.safe_load(SHIPPED.read_text(encoding="utf-8")) | yaml.safe_load(sections)
    return yaml.safe_dump(together, sort_keys=False)


def settings_of_pages() -> Iterator[Example]:
    """The blocks of YAML that are sections of signalfire.yaml."""
    return (example for example in yaml_of_pages() if set(example.sections) <= set(Settings.model_fields))


def yaml_of_pages() -> Iterator[Example]:
    """All blocks of YAML."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in _BLOCK.finditer(text):
            if match["kind"] == "yaml":
                line = text[: match.start()].count("\n") + 1
                yield Example(f"{page.relative_to(ROOT)}:{line}", _unindented(match))


def kinds(page: Path) -> list[str]:
    """The kind of each block of the page."""
    return [match["kind"] for match in _BLOCK.finditer(page.read_text(encoding="utf-8"))]


def fences(page: Path) -> list[str]:
    """The lines with which any reader of Markdown begins or ends a block."""
    return re.findall(r"^[\s>]*(?:```|~~~).*", page.read_text(encoding="utf-8"), re.MULTILINE)


def commented_settings() -> Iterator[Example]:
    """The shipped signalfire.yaml with one commented example after another switched on, as by a newcomer's editor.

    Entries that belong together, such as the lines of one target, are switched on at once.
    """
    lines = SHIPPED.read_text(encoding="utf-8").splitlines(keepends=True)
    for numbers in _groups(lines):
        chosen = [_uncommented(line) if index in numbers else line for index, line in enumerate(lines)]
        section = next(match[1] for line in reversed(chosen[: max(numbers) + 1]) if (match := _SECTION.match(line)))
        yield Example(f"signalfire.yaml:{min(numbers) + 1}, {section}", "".join(chosen))


def everything_switched_on() -> str:
    """The shipped signalfire.yaml with every commented example switched on."""
    lines = SHIPPED.read_text(encoding="utf-8").splitlines(keepends=True)
    chosen = {index for numbers in _groups(lines) for index in numbers}
    return "".join(_uncommented(line) if index in chosen else line for index, line in enumerate(lines))


def _groups(lines: list[str]) -> Iterator[set[int]]:
    """The lines of each commented example: an entry of a list or mapping, or a whole section."""
    group: set[int] = set()
    in_section = False
    for index, line in enumerate([*lines, ""]):
        begins_section = bool(_COMMENTED_SECTION.match(line))
        entry = _COMMENTED_ENTRY.match(line)
        continues = entry is not None and (in_section or entry[1].startswith("    "))
        if group and not continues:
            yield group
            group, in_section = set(), False
        if begins_section or entry:
            group.add(index)
            in_section = in_section or begins_section


def _uncommented(line: str) -> str:
    if _COMMENTED_SECTION.match(line):
        return line.removeprefix("# ")
    return line.removeprefix("#")
