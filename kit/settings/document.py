"""YAML to plain data that remembers the line of every key.

Stricter than YAML itself where YAML surprises people: a key written twice, an anchor merged into a mapping or a second
document is an error instead of silently losing what was written. Whatever the text is, the answer comes soon: its size,
its depth and what its references stand for are bounded.
"""

import unicodedata
from dataclasses import dataclass, field
from typing import Any

import yaml

Location = tuple[str | int, ...]

MAX_BYTES = 256 * 1024
"""Thousands of settings; a second to read at worst."""
_MAX_DEPTH = 32
_MAX_VALUES = 50_000


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
    if len(text) > MAX_BYTES:
        hint = "keep only settings in it, or correct SIGNALFIRE_CONFIG if that names another file"
        raise DocumentError([Fault(1, f"more than {MAX_BYTES // 1024} KiB", hint)])
    try:
        loader = _Loader(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise DocumentError([_invisible(line, chr(error.character))]) from None
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


_PLAIN_COLLECTIONS = (yaml.SafeLoader.DEFAULT_MAPPING_TAG, yaml.SafeLoader.DEFAULT_SEQUENCE_TAG)


class _Loader(yaml.SafeLoader):
    """Stops where sections are nested so deeply that PyYAML, which descends by recursion, would end in an error."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self._depth > _MAX_DEPTH:
            raise DocumentError([_too_deep(_line(parent) if parent else 1)])
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


class _Reader:
    def __init__(self, loader: yaml.SafeLoader) -> None:
        self.loader = loader
        self.lines: dict[Location, int] = {}
        self.faults: list[Fault] = []
        self._values = 0
        self._open: list[yaml.Node] = []
        """The sections and lists around what is being read."""

    def value(self, node: yaml.Node, location: Location) -> Any:
        self._check_bounds(node)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        self._open.append(node)
        try:
            return self._collection(node, location)
        finally:
            self._open.pop()

    def _check_bounds(self, node: yaml.Node) -> None:
        """A reference stands for all that it names: it may make little text endless. Raises DocumentError."""
        self._values += 1
        # What a reference names stands elsewhere: the setting that it is written in is what is wrong.
        line = _line(self._open[0] if self._open else node)
        if any(node is around for around in self._open):
            raise DocumentError([Fault(line, "a reference (`*`) to what it stands in", "write the settings out")])
        if len(self._open) > _MAX_DEPTH:
            raise DocumentError([_too_deep(line)])
        if self._values > _MAX_VALUES:
            found = f"with its references (`*`) the file has more than {_MAX_VALUES} values"
            raise DocumentError([Fault(line, found, "write the settings out, and only those that there are")])

    def _collection(self, node: yaml.Node, location: Location) -> Any:
        if node.tag not in _PLAIN_COLLECTIONS:
            self.faults.append(
                Fault(_line(node), f"a tag ({shortened(node.tag)}), which means nothing here", "remove it")
            )
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, location)
        assert isinstance(node, yaml.SequenceNode)
        return self.sequence(node, location)

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        try:
            value = self.loader.construct_object(node)
        # What a tag such as !!int or !!timestamp does not fit to ends in any of these.
        except (ValueError, LookupError, ArithmeticError, AttributeError, TypeError) as error:
            reason = str(error) if isinstance(error, ValueError) else "not a value of the kind that its tag says"
            self.faults.append(
                Fault(_line(node), f"{shortened(node.value)}: {reason}", "put it in quotes if it is text")
            )
            return None
        if isinstance(value, str):
            self._check_visible(node)
        return value

    def _check_visible(self, node: yaml.ScalarNode) -> None:
        r"""An escape such as "\0" is no character that any file name, address or label has."""
        hidden = next((char for char in node.value if _is_invisible(char)), None)
        if hidden is not None:
            self.faults.append(_invisible(_line(node), hidden))

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
            self._check_visible(key_node)
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
        text += f"[{part}]" if isinstance(part, int) else f".{_short_name(part)}"
    return text.removeprefix(".")


_SHOWN = 60


def shortened(value: Any) -> str:
    """A value as an error shows it: as Python writes it, and its beginning alone where it is long."""
    text = repr(value)
    return text if len(text) <= 2 * _SHOWN else f"{text[:_SHOWN]}…"


def _short_name(name: str) -> str:
    return name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"


def _is_invisible(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t"


def _invisible(line: int, char: str) -> Fault:
    return Fault(line, f"an invisible character (U+{ord(char):04X})", "type the line anew")


def _too_deep(line: int) -> Fault:
    return Fault(line, f"more than {_MAX_DEPTH} levels of sections and lists", "no setting is nested so deeply")


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
