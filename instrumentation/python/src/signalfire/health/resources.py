"""How much of its CPU, memory and disk a process may still have: of a container's limits where there are any.

Read from /proc and the control groups (https://docs.kernel.org/admin-guide/cgroup-v2.html, and version 1), so only on
Linux; on another system the disk alone is looked at.
"""

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from signalfire.health.results import Finding, Status
from signalfire.settings import SettingError

_SHORTEST_INTERVAL = 0.2  # seconds; in less the CPU's share says nothing


@dataclass(frozen=True, slots=True)
class CpuTime:
    """CPU seconds used so far, of `cores` of which each has one a second."""

    used: float
    cores: float
    at: float


class SystemResources:
    """The check: degraded where a share is above its threshold."""

    def __init__(
        self,
        *,
        cpu: float | None,
        memory: float | None,
        disk: float | None,
        path: str,
        root: Path = Path("/"),
    ) -> None:
        for name, share in (("cpu", cpu), ("memory", memory), ("disk", disk)):
            if share is not None and not 0 < share <= 1:
                raise SettingError(f"{name} is {share!r}: give a share above 0 and up to 1, such as 0.9, or None")
        self._thresholds = {"cpu": cpu, "memory": memory, "disk": disk}
        self._path = path
        self._root = root
        self._cpu_before = cpu_time(root)
        self._cpu_share: float | None = None

    def __call__(self) -> Finding:
        measured = {
            "cpu": self._cpu() if self._thresholds["cpu"] is not None else None,
            "memory": memory_share(self._root) if self._thresholds["memory"] is not None else None,
            "disk": disk_share(self._path) if self._thresholds["disk"] is not None else None,
        }
        shares = {name: share for name, share in measured.items() if share is not None}
        scarce = [name for name, share in shares.items() if share > (self._thresholds[name] or 1)]
        detail = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
        if scarce:
            detail += f"; too much {' and '.join(scarce)} in use"
        return Finding(Status.DEGRADED if scarce else Status.HEALTHY, detail)

    def _cpu(self) -> float | None:
        """The mean share since the last call; the one before where that was just now."""
        before, now = self._cpu_before, cpu_time(self._root)
        if before is None or now is None:
            return None
        elapsed = now.at - before.at
        if elapsed >= _SHORTEST_INTERVAL:
            self._cpu_before = now
            self._cpu_share = min(max((now.used - before.used) / (elapsed * now.cores), 0.0), 1.0)
        return self._cpu_share


def disk_share(path: str) -> float | None:
    """The used share of a disk, as df gives it: what is reserved for root counts as used by nobody."""
    try:
        usage = shutil.disk_usage(path)
    except OSError:
        return None
    offered = usage.used + usage.free
    return usage.used / offered if offered else None


def memory_share(root: Path) -> float | None:
    """The used share of the memory, without what the kernel can give back at once."""
    host = meminfo(root)
    total, available = host.get("MemTotal"), host.get("MemAvailable")
    for folder, names in memory_groups(root):
        limit, used = read_number(folder / names[0]), read_number(folder / names[1])
        if limit and used is not None and (total is None or limit < total):
            counted = read_table(folder / "memory.stat")
            reclaimable = sum(counted.get(name, 0) for name in names[2:])
            return max(used - reclaimable, 0) / limit
    return None if not total or available is None else (total - available) / total


def cpu_time(root: Path) -> CpuTime | None:
    now = time.monotonic()
    return group_cpu_time(root, now) or host_cpu_time(root, now)


def group_cpu_time(root: Path, now: float) -> CpuTime | None:
    """The CPU time of a control group that has a limit."""
    for folder in group_folders(root, ""):
        quota, _, period = read_text(folder / "cpu.max").strip().partition(" ")
        used = read_table(folder / "cpu.stat").get("usage_usec")
        if quota.isdecimal() and period.isdecimal() and int(period) and used is not None:
            return CpuTime(used / 1e6, int(quota) / int(period), now)
    for folder in group_folders(root, "cpu"):
        quota_us, period_us = read_number(folder / "cpu.cfs_quota_us"), read_number(folder / "cpu.cfs_period_us")
        used_ns = next(
            (
                number
                for accounts in group_folders(root, "cpuacct")
                if (number := read_number(accounts / "cpuacct.usage")) is not None
            ),
            None,
        )
        if quota_us and period_us and used_ns is not None:
            return CpuTime(used_ns / 1e9, quota_us / period_us, now)
    return None


def host_cpu_time(root: Path, now: float) -> CpuTime | None:
    first, _, _ = read_text(root / "proc/stat").partition("\n")
    fields = first.split()
    if len(fields) < 8 or fields[0] != "cpu":
        return None
    user, nice, system, _idle, _iowait, irq, softirq = (int(field) for field in fields[1:8])
    return CpuTime((user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK"), os.cpu_count() or 1, now)


def memory_groups(root: Path) -> Iterator[tuple[Path, tuple[str, str, str, str]]]:
    """Folders of control groups with names: the files of limit and use, and the counters of what can be given back.

    That is the cache of files, the one in active use too, as MemAvailable has it: a process that reads or writes much
    fills its limit with it and is short of nothing.
    """
    for folder in group_folders(root, ""):
        yield folder, ("memory.max", "memory.current", "inactive_file", "active_file")
    for folder in group_folders(root, "memory"):
        yield folder, ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file", "total_active_file")


def group_folders(root: Path, controller: str) -> Iterator[Path]:
    """The process' control group, and the mount's top, which is the same seen from inside of a container.

    `controller` is empty for version 2, else that of version 1 ("memory").
    """
    for row in read_text(root / "proc/self/cgroup").splitlines():
        _, _, rest = row.partition(":")
        controllers, _, path = rest.partition(":")
        if controller not in controllers.split(","):
            continue
        mount = root / "sys/fs/cgroup" / controller
        folder = mount / path.lstrip("/")
        yield folder
        if folder != mount:
            yield mount


def meminfo(root: Path) -> dict[str, int]:
    """/proc/meminfo in bytes."""
    rows = (row.partition(":") for row in read_text(root / "proc/meminfo").splitlines())
    return {name: int(value.split()[0]) * 1024 for name, _, value in rows if value.strip().endswith("kB")}


def read_table(path: Path) -> dict[str, int]:
    """A file with a name and a number a line."""
    rows = (row.split() for row in read_text(path).splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdecimal()}


def read_number(path: Path) -> int | None:
    """A file that is one number; None for "max" and -1, which mean none, and where there is no such file."""
    text = read_text(path).strip()
    return int(text) if text.isdecimal() else None


def read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
