"""Lets Prometheus' own tool open a copy of its store: every block, and the write-ahead log from its beginning."""

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import IO

from kit.backups import copier
from kit.backups.copier import CopyError
from kit.build import artifact_of

_MILLISECONDS = 1000
_RECENT_SECONDS = 600


def promtool() -> Path | None:
    """None where it is not built: a backup does not wait for that."""
    own = os.environ.get("SIGNALFIRE_BIN_DIR")
    if own and (Path(own) / "promtool").exists():
        return Path(own) / "promtool"
    artifact = artifact_of("promtool")
    return artifact.built / "promtool" if artifact.is_built else None


def open_prometheus(tool: Path, tar: IO[bytes], scratch: Path) -> str:
    """What was found, for a person. Raises CopyError where the tool cannot open it."""
    folder = scratch / "opened"
    try:
        copier.unpack(folder, tar)
        copier.swap(folder)
        since = int((time.time() - _RECENT_SECONDS) * _MILLISECONDS)
        # Few samples are wanted, but to find them it reads the whole log.
        command = [
            str(tool),
            "tsdb",
            "dump",
            f"--sandbox-dir-root={scratch}",
            f"--min-time={since}",
            "--match=up",
            str(folder),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CopyError(f"promtool cannot open the copy of prometheus: {done.stderr.strip()}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return f"promtool opens it, {len(done.stdout.splitlines())} samples of `up` in its last minutes"
