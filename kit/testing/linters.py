"""The linters that are not Python packages: each is got where it is missing, then run.

python -m kit.testing.linters jsonnetfmt -i mixin.libsonnet    a program that kit.build makes
python -m kit.testing.linters viewer lint                      a script of the viewer's package.json
python -m kit.testing.linters go vet ./...                     Go, on the collector
"""

import subprocess
import sys
from pathlib import Path

from kit.build import BuildError, binary
from kit.build.errors import MissingToolError
from kit.paths import ROOT
from kit.testing import suites


def command(name: str, *arguments: str) -> tuple[list[str], Path]:
    """What to run, and where. Raises BuildError, MissingToolError or CalledProcessError where it cannot be got."""
    if name == "viewer":
        suites.need_node_modules()
        return ["npm", "run", "--silent", *arguments], suites.VIEWER
    if name == "go":
        suites.need_go()
        return ["go", *arguments], suites.COLLECTOR
    return [str(binary(name)), *arguments], ROOT


def main(*arguments: str) -> int:
    try:
        words, folder = command(*arguments)
    except (BuildError, MissingToolError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    return subprocess.run(words, cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
