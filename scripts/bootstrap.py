"""Makes the virtualenv that every command runs in. Standard library only; does nothing when it is already right.

python3 scripts/bootstrap.py          what `make up` needs
python3 scripts/bootstrap.py --dev    what the tests and linters need beside it
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
OLDEST_PYTHON = (3, 11)
IMPORT_PATHS = [ROOT, ROOT / "instrumentation" / "python" / "src"]


def main() -> int:
    dev = "--dev" in sys.argv[1:]
    if sys.version_info < OLDEST_PYTHON:
        return _fail(
            f"Python {sys.version.split()[0]} is too old: Signalfire needs {_dotted(OLDEST_PYTHON)} or later. "
            "Install it and run `make PYTHON=/path/to/python3.11 …`."
        )
    requirements = [ROOT / "requirements.txt"] + ([ROOT / "requirements-dev.txt"] if dev else [])
    if _is_fresh(requirements):
        return 0
    began = time.monotonic()
    bundle = _unpacked_bundle()
    print("Setting up the Python packages (once) …", flush=True)
    with nullcontext() if bundle else _compiling_meanwhile():
        error = _make_virtualenv() or _install(requirements, bundle)
    if error:
        return _fail(error)
    _write_import_paths()
    for file in requirements:
        _stamp(file).write_text(_digest(file))
    print(f"Python packages ready in {time.monotonic() - began:.0f} s", flush=True)
    return 0


def _unpacked_bundle() -> Path | None:
    """What `make bundle` packed on another machine, where BUNDLE names it: then nothing is downloaded or compiled."""
    if not os.environ.get("BUNDLE"):
        return None
    sys.path.insert(0, str(ROOT))
    from kit.build.cache import cache_folder
    from kit.bundles.unpacking import BundleError, unpacked

    try:
        folder = unpacked(Path(os.environ["BUNDLE"]))
    except BundleError as error:
        sys.exit(_fail(str(error)))
    program = cache_folder() / "bin" / "docker-compose"
    program.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(folder / "docker-compose", program)
    return folder


def _is_fresh(requirements: list[Path]) -> bool:
    if not (VENV / "bin" / "python").exists():
        return False
    return all(_stamp(file).exists() and _stamp(file).read_text() == _digest(file) for file in requirements)


def _stamp(requirements: Path) -> Path:
    return VENV / f".{requirements.name}.installed"


def _digest(requirements: Path) -> str:
    return hashlib.sha256(requirements.read_bytes() + sys.version.encode() + str(ROOT).encode()).hexdigest()


def _make_virtualenv() -> str | None:
    if (VENV / "bin" / "python").exists() and _runs([str(VENV / "bin" / "python"), "-c", ""]):
        return None
    shutil.rmtree(VENV, ignore_errors=True)
    command = [sys.executable, "-m", "venv", str(VENV)]
    if _own_pip_serves():
        command.append("--without-pip")
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode == 0:
        return None
    shutil.rmtree(VENV, ignore_errors=True)
    return (
        f"python3 -m venv failed: {(made.stdout + made.stderr).strip()}\n"
        "On Debian and Ubuntu the module is a package of its own: apt-get install python3-venv."
    )


def _own_pip_serves() -> bool:
    """Whether this Python's own pip can install into another one (22.3 and later): a second copy would cost seconds."""
    return _runs([sys.executable, "-m", "pip", "--python", sys.executable, "--version"])


@contextmanager
def _compiling_meanwhile() -> Iterator[None]:
    """Installing packages is mostly waiting: beside it the compiler begins with what the first dashboard waits for.

    What it has not finished then, it finds in its cache when `make up` goes on with it.
    """
    sys.path.insert(0, str(ROOT))
    # Not at the top of the file: an older Python, which `main` refuses politely, could not read it.
    from kit.build import BuildQueue, all_artifacts
    from kit.build.errors import MissingToolError

    try:
        building = BuildQueue([all_artifacts()["prometheus"]], lambda _: None)
    except MissingToolError:  # `make up` says so, and what to do
        yield
        return
    try:
        yield
    finally:
        building.stop()


def _runs(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _install(requirements: list[Path], bundle: Path | None) -> str | None:
    python = str(VENV / "bin" / "python")
    has_pip = _runs([python, "-c", "import pip"])
    command = [python, "-m", "pip"] if has_pip else [sys.executable, "-m", "pip", "--python", python]
    # Compiled when first imported: most of what the packages bring is never used.
    command += ["--disable-pip-version-check", "install", "--quiet", "--no-compile", "--require-hashes"]
    if bundle:
        command += ["--no-index", "--find-links", str(bundle / "wheels")]
    for file in requirements:
        command += ["-r", str(file)]
    installed = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if installed.returncode == 0:
        return None
    end = "\n".join(installed.stdout.strip().splitlines()[-8:])
    return (
        f"pip could not install the packages of {', '.join(file.name for file in requirements)}:\n{end}\n"
        "If a download failed, check the network connection or pip's index setting and run the same command again."
    )


def _write_import_paths() -> None:
    """Makes this repository's own packages importable from whichever folder a process is started in."""
    site_packages = next((VENV / "lib").glob("python3.*/site-packages"))
    (site_packages / "signalfire.pth").write_text("".join(f"{path}{os.linesep}" for path in IMPORT_PATHS))


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _fail(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
