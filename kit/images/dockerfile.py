"""Reads a Dockerfile as far as needed to send an engine no more than one image takes."""

from __future__ import annotations

import re
from collections.abc import Iterator

_FROM = re.compile(r"^FROM\s+(?P<base>\S+)(?:\s+AS\s+(?P<name>\S+))?", re.IGNORECASE)
_COPY_FROM = re.compile(r"^COPY\s+--from=(\S+)", re.MULTILINE)
_COPY = re.compile(r"^COPY\s+(?!--from=)(?:--\S+\s+)*(?P<words>.+)$", re.MULTILINE)
_ARGUMENT = re.compile(r"^ARG\s+(?P<name>\w+)(?:=(?P<default>\S+))?", re.MULTILINE)
_BASE_ARGUMENT = re.compile(r"^FROM\s+\$\{(\w+)\}", re.MULTILINE)


def only(text: str, target: str) -> str:
    """The Dockerfile without the stages that `target` does not need.

    The classic builder would otherwise run every stage above it, and the content of `target` would change with theirs.
    """
    head, *stages = list(_stages(text))
    by_name = {_name(stage): stage for stage in stages}
    needed: set[str] = set()
    waiting = [target]
    while waiting:
        name = waiting.pop()
        if name in by_name and name not in needed:
            needed.add(name)
            waiting += _needs(by_name[name])
    return head + "".join(stage for stage in stages if _name(stage) in needed)


def has_stage(text: str, name: str) -> bool:
    return any(_name(stage) == name for stage in list(_stages(text))[1:])


def with_stage(text: str, name: str, stage: str) -> str:
    """The Dockerfile with the stage `name` replaced by the text `stage`, which has a FROM … AS line of its own."""
    head, *stages = list(_stages(text))
    return head + "".join(f"{stage}\n" if _name(one) == name else one for one in stages)


def copied(text: str) -> list[str]:
    """What its COPY lines take from the build context, in their order, each once."""
    words = [match["words"].split()[:-1] for match in _COPY.finditer(_joined(text))]
    return list(dict.fromkeys(word for line in words for word in line))


def arguments(text: str) -> dict[str, str]:
    """Its build arguments that have a default."""
    return {match["name"]: match["default"] for match in _ARGUMENT.finditer(text) if match["default"]}


def base_arguments(text: str) -> list[str]:
    """The arguments that name its base images, each once."""
    return list(dict.fromkeys(_BASE_ARGUMENT.findall(text)))


def _stages(text: str) -> Iterator[str]:
    """What stands above the first FROM, then each stage. A comment above a FROM belongs to that stage."""
    part: list[str] = []
    comments: list[str] = []
    for line in text.splitlines(keepends=True):
        if line.startswith("#"):
            comments.append(line)
            continue
        if _FROM.match(line):
            yield "".join(part)
            part = []
        part += [*comments, line]
        comments = []
    yield "".join(part + comments)


def _from(stage: str) -> re.Match[str]:
    return next(match for line in stage.splitlines() if (match := _FROM.match(line)))


def _name(stage: str) -> str:
    return str(_from(stage)["name"])


def _needs(stage: str) -> list[str]:
    return [_from(stage)["base"], *_COPY_FROM.findall(stage)]


def _joined(text: str) -> str:
    return text.replace("\\\n", " ")
