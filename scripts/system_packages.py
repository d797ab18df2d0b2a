"""Installs the few system packages that tests need, where the system lets us."""

from __future__ import annotations

import os
import shutil
import subprocess


class MissingPackageError(Exception):
    """A program is missing and could not be installed."""


def ensure(program: str) -> None:
    """Makes sure that `program`, which Debian packages under its own name, is on the PATH.

    Installs it where that needs no password. Raises MissingPackageError with what to do.
    """
    if shutil.which(program):
        return
    command = _apt_get()
    if command is None:
        raise MissingPackageError(
            f"{program} is missing and only apt-get as root could be used to install it from here. "
            f"Install it (`sudo apt-get install {program}`) and run the tests again."
        )
    print(f"Installing {program} (once) …", flush=True)
    for arguments in (("update", "-qq"), ("install", "-qq", "--yes", "--no-install-recommends", program)):
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


def _apt_get() -> list[str] | None:
    if not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:
        return ["apt-get"]
    has_sudo = (
        shutil.which("sudo")
        and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    )
    return ["sudo", "-n", "apt-get"] if has_sudo else None
