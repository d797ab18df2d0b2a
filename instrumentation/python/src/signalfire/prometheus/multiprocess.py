"""Several processes of one service: each counts for itself, and whichever is scraped answers for all of them.

This happens where PROMETHEUS_MULTIPROC_DIR is set, in the workers of a Celery application, and where
`start_metrics_server` is told that there are several processes. The numbers then stand in files (see process_group.py),
also those of metrics that the application has made with prometheus_client itself. Exemplars are not kept there.
"""

import atexit
import multiprocessing
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, Summary, values
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.registry import Collector

from signalfire import settings
from signalfire._internal import fork
from signalfire.prometheus.merging import families

if TYPE_CHECKING:
    from signalfire.prometheus.process_group import Group  # needs file locks, which not every system has

INHERITED = "SIGNALFIRE_METRICS_GROUP"
"""Tells processes that are spawned, not forked, where their parent keeps its numbers."""


class _Process:
    """What this process knows about its group. `lock` guards the files; a forked child begins a new generation."""

    group: "Group | None" = None
    service: str | None = None  # None: nobody has told it yet
    failed = False
    generation = 0
    lock = threading.RLock()  # reentrant, because a finalizer or a signal handler may count something meanwhile
    files: ClassVar[dict[str, MmapedDict]] = {}


def shared() -> "Group | None":
    """The group of this process, which it joins now if the environment wants it to; None where it is on its own."""
    if _Process.group is None and (is_wanted() or inherited()):
        join(None)
    return _Process.group


def is_wanted() -> bool:
    """Whether the environment says that processes share their metrics, as it does for prometheus_client."""
    return bool(os.environ.get("PROMETHEUS_MULTIPROC_DIR"))


def inherited() -> Path | None:
    """The folder of the process that spawned this one as its worker."""
    folder = os.environ.get(INHERITED)
    return Path(folder) if folder and multiprocessing.parent_process() is not None else None


def join(service: str | None, *, as_parent: bool = False) -> bool:
    """Counts together with the other processes of that service from now on. False where that is not possible.

    Processes belong together which have the same service and were started by the same process. With `as_parent` it is
    this process that starts the others. May be called again; another service's name makes it another group's member.
    """
    if settings.disabled() or _Process.failed:
        return False
    if _Process.group is not None and (service is None or service == _Process.service):
        return True
    try:
        enter(service, as_parent=as_parent)
    except (ImportError, OSError) as error:
        _Process.failed = True
        settings.warn_once(f"metrics cannot be shared with other processes, so each shows its own alone: {error}")
        return False
    return True


def enter(service: str | None, *, as_parent: bool) -> None:
    from signalfire.prometheus import process_group

    early = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]) if is_wanted() else None
    base = early or process_group.private_base()
    parents = inherited()
    owner = os.getpid() if as_parent else os.getppid()
    folder = base / process_group.folder_name(service or settings.identity().service, owner)
    if parents is not None and not as_parent and (service is None or parents.name.startswith(_start_of(folder))):
        folder = parents
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    process_group.remove_abandoned(base, early)
    group = process_group.Group(folder, early)
    is_worker = multiprocessing.parent_process() is not None or process_group.was_forked(os.getpid())
    # A worker may find nobody alive though its siblings have counted; any other process then finds an earlier run.
    group.enter(fresh=not is_worker)
    with _Process.lock:
        before, _Process.group, _Process.service = _Process.group, group, service
        _Process.files = {}
        _Process.generation += 1
    if before is not None:
        before.leave()
    os.environ[INHERITED] = str(folder)
    if as_parent:
        atexit.register(remove, group, os.getpid())
    in_memory = not getattr(values.ValueClass, "_multiprocess", False)
    values.ValueClass = SharedValue
    if in_memory:
        move_to_files(REGISTRY, with_counts=not is_worker)


def _start_of(folder: Path) -> str:
    """The folder's name without the process that it belongs to."""
    return f"{folder.name.rsplit('.', 1)[0]}."


def remove(group: "Group", owner: int) -> None:
    """At the end of the process that started the others."""
    if os.getpid() == owner:
        group.remove()


class SharedValue:
    """prometheus_client's value of one sample, in this process' file. Where that cannot be had, in memory alone."""

    _multiprocess = True

    def __init__(
        self,
        typ: str,
        metric_name: str,
        name: str,
        labelnames: list[str],
        labelvalues: list[str],
        help_text: str,
        multiprocess_mode: str = "",
        **_: Any,
    ) -> None:
        self._kind = f"gauge_{multiprocess_mode}" if typ == "gauge" else typ
        self._key = mmap_key(metric_name, name, labelnames, labelvalues, help_text)
        self._generation = -1
        with _Process.lock:
            self._attach()

    def inc(self, amount: float) -> None:
        with _Process.lock:
            if self._generation != _Process.generation:
                self._attach()
            self._value += amount
            self._write(0.0)

    def set(self, value: float, timestamp: float | None = None) -> None:
        with _Process.lock:
            if self._generation != _Process.generation:
                self._attach()
            self._value = value
            self._write(timestamp or 0.0)

    def get(self) -> float:
        with _Process.lock:
            if self._generation != _Process.generation:
                self._attach()
            return self._value

    def set_exemplar(self, exemplar: object) -> None:
        """There is no room for exemplars in the files."""

    def get_exemplar(self) -> None:
        return None

    def _attach(self) -> None:
        """Finds the value's place in the file of this process, which is another one after a fork."""
        self._generation = _Process.generation
        self._value = 0.0
        self._file: MmapedDict | None = None
        try:
            self._file = file_of(self._kind)
            self._value, _ = self._file.read_value(self._key)  # type: ignore[no-untyped-call]
        except Exception as error:  # noqa: BLE001 - counting an internal error would need this very lock
            settings.warn_once(f"some metrics of this process cannot be shared with others: {error}")

    def _write(self, timestamp: float) -> None:
        if self._file is not None:
            self._file.write_value(self._key, self._value, timestamp)  # type: ignore[no-untyped-call]


def file_of(kind: str) -> MmapedDict:
    group = _Process.group
    assert group is not None
    if group.member is None:  # just forked
        group.enter()
    if kind not in _Process.files:
        _Process.files[kind] = group.open(kind)
    return _Process.files[kind]


def move_to_files(registry: CollectorRegistry, *, with_counts: bool) -> None:
    """Lets metrics that were made before this process joined a group count in its files too.

    Gauges keep their values, and so do counters `with_counts`: what a forked worker finds there its parent has counted.
    """
    for collector in list(registry._collector_to_names):
        if isinstance(collector, Counter | Gauge | Histogram | Summary):
            for metric in (collector, *getattr(collector, "_metrics", {}).values()):
                move_metric(metric, with_counts=with_counts)


def move_metric(metric: Counter | Gauge | Histogram | Summary, *, with_counts: bool) -> None:
    in_files = getattr(metric, "in_files", None)
    if in_files is not None and metric._is_observable():  # type: ignore[no-untyped-call]
        metric.leave_sources()  # type: ignore[union-attr]
    value = getattr(metric, "_value", None)
    reached = getattr(metric, "total", 0.0) if value is None else value.get()
    if in_files is not None:
        metric.__class__ = in_files
    if not metric._is_observable():  # type: ignore[no-untyped-call]
        return
    metric._metric_init()
    if isinstance(metric, Gauge):
        metric.set(reached)
    elif isinstance(metric, Counter) and with_counts:
        metric.inc(reached)


class SharedMetrics(Collector):
    """What all processes of a group have counted."""

    def __init__(self, group: "Group") -> None:
        self._group = group

    def collect(self) -> Iterator[Metric]:
        return families(self._group.read())


def _after_fork() -> None:
    _Process.lock = threading.RLock()
    _Process.files = {}
    _Process.generation += 1
    if _Process.group is not None:
        _Process.group.after_fork()


fork.after_in_child(_after_fork)
