"""What the system tells of this process."""

import time
from pathlib import Path

from signalfire.status.readings import Memory

STARTED = time.time()
"""When this was imported, which is while the process sets itself up."""


def own_memory() -> Memory:
    """Resident bytes now and at most so far, from Linux' /proc; nothing elsewhere."""
    try:
        text = Path("/proc/self/status").read_text()
    except OSError:
        return Memory()
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return Memory(kilobytes(fields.get("VmRSS")), kilobytes(fields.get("VmHWM")))


def kilobytes(field: str | None) -> float | None:
    """`93120 kB` in bytes."""
    return None if field is None else float(field.split()[0]) * 1024
