"""Installs the few system packages that tests and images need, where the system lets us."""

from __future__ import annotations

import os
import shutil
import subprocess


class MissingPackageError(Exception):
    """A program is missing and could not be installed."""


def ensure(program: str, package: str = "") -> None:
    """Makes sure that `program` is on the PATH. package: Debian's, where it has another name.

    Installs it where that needs no password. Raises MissingPackageError with what to do.
    """
    package = package or program
    if shutil.which(program):
        return
    if not _can_install():
        raise MissingPackageError(
            f"{program} is missing and only apt-get as root could be used to install it from here. "
            f"Install it (`sudo apt-get install {package}`) and run the command again."
        )
    command = [*as_root(), "apt-get"]
    print(f"Installing {package} (once) …", flush=True)
    for arguments in (("update", "-qq"), ("install", "-qq", "--yes", "--no-install-recommends", package)):
        done = subprocess.run(
            [*command, *arguments],
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise MissingPackageError(f"apt-get {' '.join(arguments)} failed:\n{done.stdout[-2000:]}")


def as_root() -> list[str]:
    """What a command line starts with to be run as root: nothing, or sudo."""
    return [] if os.geteuid() == 0 else ["sudo", "-n"]


def _can_install() -> bool:
    if not shutil.which("apt-get"):
        return False
    if os.geteuid() == 0:
        return True
    sudo = shutil.which("sudo")
    return sudo is not None and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0
