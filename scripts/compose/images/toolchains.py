"""This machine's Go and Node.js, as files to copy into an image."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from scripts.build.artifacts import SERVERS
from scripts.build.errors import MissingToolError
from scripts.compose.images.errors import ImageError

_LEFT_OUT_OF_GO = {"api", "doc", "misc", "test"}
# Part of every Debian and Ubuntu; of these the image must keep its own.
_CORE_LIBRARIES = re.compile(r"^(?:linux-vdso|ld-linux|lib(?:c|m|dl|rt|pthread))\b")
_NEEDED = re.compile(r"^\s*(?P<name>\S+) => (?P<path>/\S+)", re.MULTILINE)
# Debian's own package of Node.js keeps parts of it, and of npm, here.
_DEBIANS_MODULES = Path("/usr/share/nodejs")


def go_version() -> str:
    return _said("go", "env", "GOVERSION").removeprefix("go")


def go_files() -> dict[str, Path]:
    """Where each goes below the folder `go`, and where it is."""
    root = Path(_said("go", "env", "GOROOT"))
    return {f"go/{path.name}": path for path in sorted(root.iterdir()) if path.name not in _LEFT_OUT_OF_GO}


def node_version() -> str:
    return _said("node", "--version").removeprefix("v")


def node_files() -> dict[str, Path]:
    """Where each goes below the folder `node`, which stands for /, and where it is."""
    program = Path(_said("node", "-p", "process.execPath"))
    files = {"node/usr/local/bin/node": program, "node/usr/local/lib/node_modules/npm": _npm()}
    if _DEBIANS_MODULES.is_dir():
        files[f"node{_DEBIANS_MODULES}"] = _DEBIANS_MODULES
    needed = _NEEDED.finditer(subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False).stdout)
    libraries = {match["name"]: Path(match["path"]) for match in needed if not _CORE_LIBRARIES.match(match["name"])}
    return files | {f"node/usr/local/lib/{name}": path for name, path in libraries.items()}


def _npm() -> Path:
    found = shutil.which("npm")
    if found is None:
        raise ImageError(str(MissingToolError("npm", "building the viewer's page")))
    start = Path(found).resolve()
    if start.name != "npm-cli.js":
        raise ImageError(f"{found} is no npm of a Node.js installation but {start}: put the real one on the PATH first")
    return start.parents[1]


def _said(*command: str) -> str:
    """Asked in the collector's folder: there `go` is the version that its go.mod asks for."""
    if shutil.which(command[0]) is None:
        raise ImageError(str(MissingToolError(command[0], "building images without a registry")))
    done = subprocess.run(command, cwd=SERVERS / "collector", capture_output=True, text=True, check=False)
    if done.returncode:
        raise ImageError(f"`{' '.join(command)}` failed: {done.stderr.strip()}")
    return done.stdout.strip()
