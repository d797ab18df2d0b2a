"""Take the stack down in order, and see that really nothing is left."""

from collections.abc import Callable

from kit import processes
from kit.paths import State
from kit.runtimes.native import orphans
from kit.runtimes.native.supervisor import Supervisor

# Who sends goes before who receives: what they still hold reaches the stores.
_COLLECTOR_WAVE = {"collector", "dashboards"}


def stop_stack(state: State, supervisor: Supervisor, say: Callable[[str], None]) -> int:
    """Stop every process of this stack. Returns how many there were; the data stays."""
    names = [name for name, process in supervisor.processes().items() if not process.idle]
    servers = {server.name for server in processes.servers()}
    waves = (
        [name for name in names if name not in servers],
        [name for name in names if name in _COLLECTOR_WAVE],
        [name for name in names if name in servers and name not in _COLLECTOR_WAVE],
    )
    for wave in waves:
        if wave:
            say(f"Stopping {', '.join(wave)} …")
            supervisor.stop(wave)
    supervisor.shutdown()
    left = orphans.find(state)
    orphans.end(left)
    supervisor.socket.unlink(missing_ok=True)
    return len(names) + len(left)
