"""The virtualenv of tests/frameworks: agent frameworks whose requirements contradict those of everything else here.

It lies in the cache of builds, one folder for each content of its requirements, and is made once. Changed tests need no
new one: they import this repository's own packages from where they are.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from kit.build.cache import cache_folder, complete_or_absent, digest_of, exclusive
from kit.machine.system_packages import MissingPackageError
from kit.paths import ROOT

_TESTS = ROOT / "tests" / "frameworks"
_REQUIREMENTS = _TESTS / "requirements.txt"


def command() -> tuple[str, ...]:
    """What runs the tests, once `ensure` has made their environment."""
    # No conftest.py above their folder: it imports packages that this environment has not.
    return (
        str(_environment() / "bin" / "python"),
        "-m",
        "pytest",
        "-W",
        "ignore::DeprecationWarning",
        f"--confcutdir={_TESTS}",
        str(_TESTS),
    )


def ensure() -> None:
    """Makes the environment where it is missing, which downloads about half a gigabyte.

    Raises MissingPackageError with the end of what pip said.
    """
    folder = _environment()
    with exclusive(folder, lambda: False):
        if folder.exists():
            return
        print("Setting up the packages of tests/frameworks (once) …", flush=True)
        with complete_or_absent(folder) as scratch:
            _run([sys.executable, "-m", "venv", str(scratch)])
            pip = (str(scratch / "bin" / "python"), "-m", "pip", "--disable-pip-version-check")
            _run([*pip, "install", "--quiet", "--no-compile", "--require-hashes", "-r", str(_REQUIREMENTS)])


def _environment() -> Path:
    return cache_folder() / "frameworks" / digest_of([_REQUIREMENTS], ROOT, sys.version)


def _run(arguments: list[str]) -> None:
    done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        end = "\n".join(done.stdout.strip().splitlines()[-8:])
        raise MissingPackageError(f"the packages of tests/frameworks could not be installed:\n{end}")
