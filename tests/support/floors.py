"""The floors of a package: an order of what is in it, in which each part imports only from those below itself."""

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

_THE_PACKAGE_ITSELF = "__init__"


def violations(source: Path, package: str, floors: Sequence[str]) -> list[str]:
    """What breaks the order, one line each: imports that lead up, and parts that the list or the package lacks.

    `source` is the package's folder, `floors` its sub-packages and modules from the lowest to the highest. Imports
    within functions and those for the type checker alone count like any other.
    """
    height = {part: floor for floor, part in enumerate(floors)}
    parts = {_part(source, file) for file in source.rglob("*.py")}
    found = [f"{part} is not in the list of floors" for part in sorted(parts - height.keys())]
    found += [f"{part} is in the list of floors but not in {package}" for part in sorted(height.keys() - parts)]
    for file in sorted(source.rglob("*.py")):
        part = _part(source, file)
        for line, imported in sorted(set(imports(source, package, file))):
            if imported != part and height.get(imported, -1) > height.get(part, len(floors)):
                found.append(f"{file.relative_to(source)}:{line} in {part} imports {imported}, which is above it")
    return found


def imports(source: Path, package: str, file: Path) -> Iterator[tuple[int, str]]:
    """Which parts of the package a file imports, and in which lines."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(source, package, file, node)
            names = [f"{module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            top, _, rest = name.partition(".")
            if top == package:
                yield node.lineno, _existing(source, rest.partition(".")[0])


def _absolute(source: Path, package: str, file: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    path = [package, *file.relative_to(source).parent.parts]
    return ".".join([*path[: len(path) - node.level + 1], *([node.module] if node.module else [])])


def _part(source: Path, file: Path) -> str:
    return file.relative_to(source).with_suffix("").parts[0]


def _existing(source: Path, name: str) -> str:
    """The part of that name; where there is none, it is something that the package itself defines."""
    is_part = (source / name).is_dir() or (source / f"{name}.py").is_file()
    return name if name and is_part else _THE_PACKAGE_ITSELF
