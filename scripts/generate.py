"""`make generate`: write the generated files anew; with --check, only see whether they are what they should be."""

import importlib
import pkgutil
from pathlib import Path
from typing import Annotated

import typer

from kit import generators
from kit.paths import ROOT
from kit.render.files import replace
from kit.terminal import console


def main(check: Annotated[bool, typer.Option("--check", help="Write nothing; fail on a difference.")] = False) -> None:
    files = generated()
    stale = [path for path, content in files.items() if _content(ROOT / path) != content]
    orphans = _orphans(set(files))
    if check:
        if stale or orphans:
            listed = [f"  {path}" for path in stale] + [
                f"  {path} (no generator makes it any more)" for path in orphans
            ]
            raise console.fail(
                "\n".join(["these files differ from what their sources give:", *listed, "Run `make generate`."])
            )
        console.out.print(f"{len(files)} generated files are up to date.")
        return
    for path in stale:
        replace(ROOT / path, files[path].encode(), mode=0o644)
        console.out.print(f"wrote {path}")
    for path in orphans:
        (ROOT / path).unlink()
        console.out.print(f"removed {path}: no generator makes it any more")
    console.out.print(f"{len(files)} generated files, {len(stale)} of them changed.")


def generated() -> dict[Path, str]:
    """Every generated file, by its path in the repository."""
    files: dict[Path, str] = {}
    for module in sorted(pkgutil.iter_modules(generators.__path__), key=lambda module: module.name):
        made = importlib.import_module(f"kit.generators.{module.name}").generate(ROOT)
        for path, content in made.items():
            if path in files:
                raise console.fail(f"two generators write {path}; the second is kit/generators/{module.name}.py")
            files[path] = content
    return files


def _content(path: Path) -> str | None:
    return (ROOT / path).read_text(encoding="utf-8") if path.is_file() else None


def _orphans(made: set[Path]) -> list[Path]:
    """Files in a folder called `generated` that nothing generates."""
    folders = {path.parent for path in made if path.parent.name == "generated"}
    found = {file.relative_to(ROOT) for folder in folders for file in (ROOT / folder).iterdir() if file.is_file()}
    return sorted(found - made)
