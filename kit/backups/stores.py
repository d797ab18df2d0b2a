"""The stores that a backup holds: what of each is copied, who writes it, and where it lies."""

from dataclasses import dataclass, field

from kit import processes
from kit.backups.copier import Choice

NOBODY = 65534
SIGNALFIRE = 10001
GRAFANA = 472


@dataclass(frozen=True)
class Store:
    name: str
    """Of the store, of its folder in the state folder, and of its volume under Compose."""
    writers: tuple[str, ...]
    """The processes that have to stand still while the second pass is copied."""
    owner: int
    """The user inside the containers who owns the volume's files."""
    choice: Choice = field(default_factory=Choice)


# Beside what only says that a process runs, two things are left out: Prometheus' list of the queries that run just now,
# and the index beside SQLite's write-ahead log, which SQLite makes anew from the log.
STORES = (
    Store("prometheus", ("prometheus",), NOBODY, Choice(skip=("lock", "queries.active"))),
    Store("alertmanager", ("alertmanager",), NOBODY),
    Store("loki", ("loki",), SIGNALFIRE),
    Store(
        "jaeger",
        ("jaeger",),
        SIGNALFIRE,
        Choice(skip=("*/LOCK",), mapped=("*.mem", "*.vlog", "*/DISCARD")),
    ),
    Store("grafana", ("grafana",), GRAFANA, Choice(skip=("plugins", "*.db-shm"))),
    # Also where it is switched off: its database may still be there.
    Store("demo", tuple(process.name for process in processes.demo()), SIGNALFIRE, Choice(skip=("*.db-shm",))),
)
