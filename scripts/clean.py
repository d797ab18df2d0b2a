"""`make clean`: delete what the stack has written beside signalfire.yaml, after asking."""

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from kit.build.cache import cache_folder
from kit.paths import State
from kit.runtimes import choice
from kit.settings.in_use import state_in_use
from kit.stack.lock import taken_over
from kit.terminal import console


def main(
    yes: Annotated[bool, typer.Option("--yes", envvar="YES", help="Do not ask.")] = False,
) -> None:
    state = state_in_use()
    runtime = choice.in_use(state)
    if not state.folder.is_dir() and not runtime.is_running():
        console.out.print(f"There is nothing to delete: {state.folder} does not exist.", soft_wrap=True)
        return
    state.create()
    _show(state, runtime)
    if not yes and not _agreed():
        console.out.print("Nothing was deleted.")
        raise typer.Exit(1)
    with taken_over(state, lambda pid: console.out.print(f"Ending `make up` (process {pid}) …")):
        runtime.down(console.out.print)
        runtime.delete_data()
        shutil.rmtree(state.folder)
    console.out.print("Deleted.")


def _show(state: State, runtime: choice.Runtime) -> None:
    console.out.print(f"This would delete {state.folder}:", soft_wrap=True)
    for folder in sorted(state.folder.iterdir()):
        if folder == state.data:
            for server in sorted(folder.iterdir()):
                console.out.print(f"  data/{server.name:<16} {console.size(_size(server)):>10}")
        else:
            console.out.print(f"  {folder.name:<21} {console.size(_size(folder)):>10}")
    for name, size in runtime.data_sizes().items():
        console.out.print(f"  {name:<21} {console.size(size):>10}")
    if runtime.is_running():
        console.out.print("The stack runs; it would be stopped first.")
    cache = cache_folder()
    if cache.is_dir():
        console.out.print(f"Not deleted: the built servers in {cache} ({console.size(_size(cache))}).", soft_wrap=True)


def _agreed() -> bool:
    if not sys.stdin.isatty():
        console.err.print("Nobody is there to be asked; YES=1 deletes without asking.")
        return False
    return typer.confirm("Delete it?", default=False)


def _size(path: Path) -> int:
    """Bytes taken on the disk: Jaeger's store is mostly a hole that looks like gigabytes."""
    if not path.is_dir():
        return path.lstat().st_blocks * 512
    total = 0
    for folder, _, files in os.walk(path):
        for file in files:
            try:
                total += (Path(folder) / file).lstat().st_blocks * 512
            except FileNotFoundError:  # a running server has just replaced it
                continue
    return total
