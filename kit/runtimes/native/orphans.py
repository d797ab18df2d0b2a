"""Find every process that belongs to a stack, however it was orphaned: each carries the state folder's name."""

import psutil

from kit.paths import State

MARK = "SIGNALFIRE_STATE"


def find(state: State) -> list[psutil.Process]:
    """Processes of this stack, supervisord included."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == str(state.folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.Error, OSError):
            continue  # another user's, or just gone
    return found


def end(processes: list[psutil.Process], patience: float = 10) -> None:
    """Ask them to end, then make them."""
    for process in processes:
        _signal(process, kill=False)
    _, alive = psutil.wait_procs(processes, timeout=patience)
    for process in alive:
        _signal(process, kill=True)
    psutil.wait_procs(alive, timeout=patience)


def _signal(process: psutil.Process, kill: bool) -> None:
    try:
        process.kill() if kill else process.terminate()
    except psutil.NoSuchProcess:
        return
