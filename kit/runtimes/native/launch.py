"""Turns into one process of the stack: supervisor runs `python launch.py <program file>` for each.

The program file says what to run, so a changed command line needs no change of supervisor's own configuration. On Linux
the kernel is asked to kill the process when supervisor dies, however it died: nothing of the stack outlives it.
Standard library only and no package import, because it runs at every start of every process.
"""

import ctypes
import json
import os
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def main() -> None:
    file = Path(sys.argv[1])
    program = json.loads(file.read_text(encoding="utf-8"))
    _die_with_supervisor(int((file.parent.parent / "supervisord.pid").read_text(encoding="utf-8")))
    started = file.parent.parent / "started" / file.name
    _note(started, {key: program[key] for key in ("start_digest", "files_digest")} | {"pid": os.getpid()})
    os.chdir(program["cwd"])
    os.execve(program["argv"][0], program["argv"], {**os.environ, **program["env"]})  # noqa: S606


def _die_with_supervisor(supervisor: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != supervisor:  # it died before the kernel knew our wish
        sys.exit("supervisor is gone")


def _note(file: Path, content: dict[str, object]) -> None:
    """What this process was started with: `make up` compares it with what it should be."""
    file.parent.mkdir(mode=0o700, exist_ok=True)
    temporary = file.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps(content), encoding="utf-8")
    temporary.replace(file)


if __name__ == "__main__":
    main()
