"""Resident memory of a running stack, process by process."""

from __future__ import annotations

from pathlib import Path

import psutil


def resident_megabytes(state: Path) -> dict[str, float]:
    """RSS in MB (10^6 bytes) of supervisord and of each process below it, by its supervisor's name for it.

    state: the stack's .signalfire folder.
    """
    supervisor = psutil.Process(int((state / "run" / "supervisord.pid").read_text()))
    return {
        _name(process, supervisor): process.memory_info().rss / 1e6
        for process in [supervisor, *supervisor.children(recursive=True)]
    }


def _name(process: psutil.Process, supervisor: psutil.Process) -> str:
    if process == supervisor:
        return "supervisord"
    words = process.cmdline()
    module = words[words.index("-m") + 1] if "-m" in words else Path(words[0]).name
    return "dashboards" if module == "grafana.viewer.server" else module
