"""What this machine's Debian or Ubuntu gives to the base images: a small system, a static busybox, certificates."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from kit.images.errors import ImageError
from kit.images.offline import certificates
from kit.images.offline.packages import said
from kit.images.recipes import Watch
from kit.machine import system_packages

_PACKAGES = "python3,python3-venv,ca-certificates"
# What no container needs.
_LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*")
_HOOKS = (
    # Also those that only this machine trusts: packages may be downloaded through a proxy that has its own.
    f"upload {certificates.FILE} {certificates.FILE}",
    # Settings of this machine that must not go out with an image.
    'rm -rf "$1"/etc/apt/apt.conf.d/99mmdebstrap "$1"/etc/apt/sources.list.d "$1"/etc/apt/sources.list',
    r'printf "[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n" > "$1"/etc/pip.conf',
    'chroot "$1" python3 -c "import sys; sys.exit(sys.version_info < (3, 11))"',
)
RECIPE = (_PACKAGES, *_LEFT_OUT, *_HOOKS)
"""What decides the system beside its release."""
SECONDS = 60
"""About how long `bootstrap` takes."""
_TAIL_LINES = 12


def suite() -> str:
    """The code name of this machine's release."""
    with contextlib.suppress(OSError, KeyError):
        if sys.platform == "linux" and shutil.which("apt-get"):
            return platform.freedesktop_os_release()["VERSION_CODENAME"]
    raise ImageError(
        "without a registry the base images are made of this machine's own packages, which only Debian and Ubuntu can "
        "do. Connect the engine to a registry, or make the images on another machine (`make images`) and bring them "
        "over with `docker save` and `docker load`."
    )


@contextlib.contextmanager
def static_busybox() -> Iterator[Path]:
    """busybox without any library. Installed if it is; else taken out of its package, which is not installed."""
    installed = shutil.which("busybox")
    if installed and _is_static(Path(installed)):
        yield Path(installed)
        return
    with tempfile.TemporaryDirectory(prefix="signalfire-") as scratch:
        said(["apt-get", "download", "-qq", "busybox-static"], Path(scratch))
        [package] = Path(scratch).glob("*.deb")
        said(["dpkg-deb", "--extract", package.name, "."], Path(scratch))
        yield next(path for path in Path(scratch).rglob("busybox") if path.parent.name == "bin")


def bootstrap(release: str, tar: Path, watch: Watch) -> None:
    """Writes a minimal system with Python, installed from where this machine installs its packages."""
    try:
        system_packages.ensure("mmdebstrap")
    except system_packages.MissingPackageError as error:
        raise ImageError(str(error)) from None
    options = [f"--dpkgopt=path-exclude={pattern}" for pattern in _LEFT_OUT]
    options += [f"--customize-hook={hook}" for hook in _HOOKS]
    with tempfile.NamedTemporaryFile("w", prefix="signalfire-", suffix=".conf") as apt_settings:
        # Proxies and the like.
        apt_settings.write(said(["apt-config", "dump", "Acquire"], Path("/")))
        apt_settings.flush()
        command = ["mmdebstrap", "--variant=essential", f"--include={_PACKAGES}", f"--aptopt={apt_settings.name}"]
        _run([*command, *options, release, str(tar), *_sources(release)], watch)


def _sources(release: str) -> list[str]:
    """The files that say where this release's packages are; those of other programs' packages do not name it."""
    files = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    found = [str(file) for file in files if file.suffix in {".list", ".sources"} and _names(file, release)]
    if not found:
        raise ImageError(f"no file in /etc/apt names {release}: nothing says where this machine's packages come from")
    return found


def _names(file: Path, release: str) -> bool:
    return file.is_file() and any(
        release in line for line in file.read_text().splitlines() if not line.lstrip().startswith("#")
    )


def _run(command: list[str], watch: Watch) -> None:
    """Ends the command when we are interrupted, and lets it tidy up."""
    said: list[str] = []
    process = subprocess.Popen(
        command,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            said = [*said[-_TAIL_LINES:], line.rstrip()]
            if line.startswith("I: "):
                watch(line.removeprefix("I: ").strip())
        code = process.wait()
    finally:
        if process.poll() is None:
            # All at once, as Ctrl-C would: mmdebstrap itself then waits for the others, and unmounts and removes.
            os.killpg(process.pid, signal.SIGTERM)
            process.communicate()
    if code:
        end = "\n".join(f"    {line}" for line in said)
        raise ImageError(
            f"a base image could not be made of this machine's packages: {command[0]} failed:\n{end}\n"
            "If a download failed, check that `sudo apt-get update` works, and run the same command again."
        )


def _is_static(program: Path) -> bool:
    return subprocess.run(["ldd", str(program)], capture_output=True, check=False).returncode != 0
