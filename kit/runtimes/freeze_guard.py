"""Lets frozen processes run again should the command that froze them be killed.

`python -m kit.runtimes.freeze_guard pids 12 13`, or `… containers <id>`: waits until its standard input ends, which it
also does when the process at its other end dies.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from kit.paths import ROOT


@contextmanager
def guarded(kind: str, names: Sequence[str]) -> Iterator[None]:
    """For the block; at its end the guard goes without having done anything."""
    guard = subprocess.Popen(
        [sys.executable, "-m", "kit.runtimes.freeze_guard", kind, *names],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        start_new_session=True,  # a Ctrl-C is not for it
    )
    try:
        yield
    finally:
        guard.kill()
        guard.wait()


def continue_processes(pids: Sequence[str]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGCONT)


def resume_containers(identities: Sequence[str]) -> None:
    from docker.errors import NotFound

    from kit.backups.places import FreezeError
    from kit.runtimes.compose import engine
    from kit.runtimes.compose.pausing import resume

    client = engine.connect()
    for identity in identities:
        with suppress(NotFound):
            try:
                resume(client.containers.get(identity))
            except FreezeError as error:  # the others shall run on all the same
                print(error, file=sys.stderr)


KINDS: dict[str, Callable[[Sequence[str]], None]] = {"pids": continue_processes, "containers": resume_containers}

if __name__ == "__main__":
    sys.stdin.read()
    KINDS[sys.argv[1]](sys.argv[2:])
