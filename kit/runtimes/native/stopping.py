"""Take the stack down in order, and see that really nothing is left."""

from collections.abc import Callable

from scripts.native import leftovers
from scripts.native.supervisor import Supervisor
from scripts.paths import State
from scripts.render.servers import BY_NAME

# Who sends goes before who receives: what they still hold reaches the stores.
_COLLECTOR_WAVE = {"collector", "dashboards"}


def stop_stack(state: State, supervisor: Supervisor, say: Callable[[str], None]) -> int:
    """Stop every process of this stack. Returns how many there were; the data stays."""
    names = [name for name, process in supervisor.processes().items() if not process.idle]
    waves = (
        [name for name in names if name not in BY_NAME],
        [name for name in names if name in _COLLECTOR_WAVE],
        [name for name in names if name in BY_NAME and name not in _COLLECTOR_WAVE],
    )
    for wave in waves:
        if wave:
            say(f"Stopping {', '.join(wave)} …")
            supervisor.stop(wave)
    supervisor.shutdown()
    left = leftovers.find(state)
    leftovers.end(left)
    supervisor.socket.unlink(missing_ok=True)
    return len(names) + len(left)
