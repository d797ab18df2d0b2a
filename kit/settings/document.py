"""YAML to plain data that remembers the line of every key.

Stricter than YAML itself where YAML surprises people: a key written twice, an anchor merged into a mapping or a second
document is an error instead of silently losing what was written.
"""

from dataclasses import dataclass, field
from typing import Any

import yaml

Location = tuple[str | int, ...]


@dataclass(frozen=True)
class Fault:
    line: int
    message: str
    hint: str


class DocumentError(Exception):
    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(faults[0].message)
        self.faults = faults


@dataclass
class Document:
    """Plain data, and the line on which each key or list entry starts (lines count from 1)."""

    data: dict[str, Any] = field(default_factory=dict)
    lines: dict[Location, int] = field(default_factory=dict)

    def line(self, location: Location) -> int:
        """The line of the location, or of the nearest thing around it that was written."""
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location, 1)


def parse(text: str) -> Document:
    """Read one YAML mapping. Raises DocumentError with every fault found."""
    try:
        loader = yaml.SafeLoader(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        fault = Fault(line, f"an invisible character (U+{error.character:04X})", "type the line anew")
        raise DocumentError([fault]) from None
    try:
        node = loader.get_single_node()
        if node is None:
            return Document()
        if not isinstance(node, yaml.MappingNode):
            raise DocumentError([Fault(_line(node), "the file must hold settings by name", "for example `env: dev`")])
        reader = _Reader(loader)
        data = reader.mapping(node, ())
        if reader.faults:
            raise DocumentError(reader.faults)
        return Document(data, reader.lines)
    except yaml.MarkedYAMLError as error:
        raise DocumentError([_syntax_fault(error)]) from None
    finally:
        loader.dispose()


class _Reader:
    def __init__(self, loader: yaml.SafeLoader) -> None:
        self.loader = loader
        self.lines: dict[Location, int] = {}
        self.faults: list[Fault] = []

    def value(self, node: yaml.Node, location: Location) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, location)
        if isinstance(node, yaml.SequenceNode):
            return self.sequence(node, location)
        try:
            return self.loader.construct_object(node)
        except ValueError as error:
            self.faults.append(Fault(_line(node), f"{node.value!r}: {error}", "put it in quotes if it is text"))
            return None

    def mapping(self, node: yaml.MappingNode, location: Location) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                hint = "write the merged settings out"
                self.faults.append(Fault(_line(key_node), "`<<` (merging of anchors) is not supported", hint))
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                self.faults.append(Fault(_line(key_node), "a setting's name must be text", "write `name: value`"))
                continue
            key = key_node.value
            here = (*location, key)
            if key in result:
                message = f"{dotted(here)} is written twice (first on line {self.lines[here]})"
                self.faults.append(Fault(_line(key_node), message, "keep one of the two"))
                continue
            self.lines[here] = _line(key_node)
            value = self.value(value_node, here)
            result[key] = value
        # A name with nothing after it (often: everything under it is commented out) means the default.
        return {key: value for key, value in result.items() if value is not None}

    def sequence(self, node: yaml.SequenceNode, location: Location) -> list[Any]:
        items = []
        for index, item in enumerate(node.value):
            here = (*location, index)
            self.lines[here] = _line(item)
            items.append(self.value(item, here))
        return items


def dotted(location: Location) -> str:
    """`("targets", 0, "service")` as a person writes it: `targets[0].service`."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _syntax_fault(error: yaml.MarkedYAMLError) -> Fault:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    problem = error.problem or str(error)
    if "'\\t'" in problem:
        return Fault(line, "a tab is used for indentation", "indent with spaces: two for each level")
    if "mapping values are not allowed" in problem:
        return Fault(line, "a second `:` on one line, or wrong indentation", "put a text that has `: ` in it in quotes")
    if "expected a single document" in str(error.context or ""):
        return Fault(line, "a second YAML document starts here", "remove the `---` line: one file holds one document")
    if "expected <block end>" in problem or "could not find expected ':'" in problem:
        hint = "write `name: value`, and indent the settings of one section by the same number of spaces"
        return Fault(line, f"this line does not fit the lines above it ({problem})", hint)
    if "undefined alias" in problem:
        return Fault(line, f"{problem}: `*` starts a reference in YAML", "put the text in quotes")
    context = f" {error.context}" if error.context else ""
    return Fault(line, f"not valid YAML: {problem}{context}", "check quotes, brackets and indentation on this line")
