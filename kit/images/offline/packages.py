"""A program of this machine's Debian, taken out of its package together with the libraries that it needs."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from kit.build.cache import cache_folder, complete_or_absent
from kit.images.errors import ImageError


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    """Debian's, such as 1.45.0-2+b4."""

    @property
    def release(self) -> str:
        """Upstream's part of the version."""
        return self.version.rpartition("-")[0].rpartition(":")[2]

    def unpacked(self, program: str) -> Path:
        """A root file system with `/<program>` and its libraries. The package is not installed. Raises ImageError."""
        folder = cache_folder() / "packages" / f"{self.name}-{self.version}"
        if folder.is_dir():
            return folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        with complete_or_absent(folder) as root, tempfile.TemporaryDirectory(prefix="signalfire-") as scratch:
            said(["apt-get", "download", "-qq", f"{self.name}={self.version}"], Path(scratch))
            [archive] = Path(scratch).glob("*.deb")
            said(["dpkg-deb", "--extract", archive.name, "."], Path(scratch))
            binary = Path(scratch) / "usr" / "bin" / self.name
            shutil.copy(binary, root / program)
            for library in _libraries(binary):
                target = root / library.relative_to("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(library, target)
        return folder


def candidate(name: str) -> Package | None:
    """The version that apt would install, None where there is no apt or no such package."""
    if shutil.which("apt-cache") is None:
        return None
    policy = subprocess.run(["apt-cache", "policy", name], capture_output=True, text=True, check=False).stdout
    match = re.search(r"Candidate: (\S+)", policy)
    return Package(name, match.group(1)) if match and match.group(1) != "(none)" else None


def said(command: list[str], folder: Path) -> str:
    """What the command prints. Raises ImageError."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ImageError(
            f"`{' '.join(command)}` failed: {(done.stderr or done.stdout).strip()}\n"
            "Check that `sudo apt-get update` works, and run the same command again."
        )
    return done.stdout


def _libraries(binary: Path) -> list[Path]:
    """Where the loader finds them; none for a static program."""
    listed = subprocess.run(["ldd", str(binary)], capture_output=True, text=True, check=False)
    return [Path(path) for path in re.findall(r"(/\S+)", listed.stdout)] if listed.returncode == 0 else []
