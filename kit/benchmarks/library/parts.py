"""The parts of the benchmark. Each gives its rows; `say` tells what is being measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from kit.benchmarks.library.applications import FLOOR, VARIANTS
from kit.benchmarks.library.rows import Row, Rows
from kit.benchmarks.library.serving import Server, serving
from kit.benchmarks.library.sink import away, hanging, taking

Say = Callable[[str], None]

METRICS_ONLY, METRICS_PEER = "signalfire, metrics only", "prometheus-fastapi-instrumentator"
EVERYTHING, EVERYTHING_PEER = "signalfire", "opentelemetry-instrumentation-fastapi"
_MANY_ROUTES = "51"
_BREATH_SECONDS = 1
SHUTDOWN_SECONDS = 5.0
_GROWTH_WINDOW = 60.0


def requests(rounds: int, say: Say) -> list[Row]:
    """Added to a request of the bare application, in this process' time: no network, no server."""
    rows = Rows("a request", "µs")
    with taking() as collector:
        for number in range(rounds):
            for routes in ("1", _MANY_ROUTES):
                added = {
                    variant: _requests(variant, routes, collector, rows, say, f"round {number + 1} of {rounds}")
                    for variant in VARIANTS
                    if variant != "bare"
                }
                suffix = f", {routes} routes" if routes != "1" else ""
                rows.add(
                    f"{METRICS_ONLY} / {METRICS_PEER}{suffix}",
                    added[METRICS_ONLY] / added[METRICS_PEER],
                    target=0.25,
                    unit="ratio",
                )
                rows.add(
                    f"{EVERYTHING} / {EVERYTHING_PEER}{suffix}",
                    added[EVERYTHING] / added[EVERYTHING_PEER],
                    target=0.5,
                    unit="ratio",
                )
    return rows.all()


def _requests(variant: str, routes: str, collector: str, rows: Rows, say: Say, when: str) -> float:
    say(f"{variant}, {routes} route(s), {when}")
    found = _measured("requests", variant, routes, collector=collector)
    suffix = f", {routes} routes" if routes != "1" else ""
    rows.add(f"bare{suffix}", found["bare"])
    target = 10.0 if variant == METRICS_ONLY and not suffix else None
    rows.add(f"added by {variant}{suffix}", found["added"], target)
    return found["added"]


def lines(rounds: int, say: Say) -> list[Row]:
    rows = Rows("a log line", "µs")
    for number in range(rounds):
        say(f"log lines, round {number + 1} of {rounds}")
        found = _measured("lines")
        rows.add("structlog and orjson, nothing masked", found["theirs"])
        rows.add("signalfire, masking, nothing to mask", found["ours"])
        rows.add("signalfire / structlog and orjson", found["ours"] / found["theirs"], 1.25, "ratio")
    return rows.all()


def identifiers(count: int, say: Say) -> list[Row]:
    """How many of `count` random identifiers of each kind masking changes: none may be."""
    rows = Rows(f"of {count:,} identifiers of a kind, changed by masking", "identifiers")
    say(f"identifiers, {count:,} of a kind")
    for kind, changed in _masking("identifiers", str(count)).items():
        rows.add(kind, changed, target=0)
    return rows.all()


def worst_lines(rounds: int, say: Say) -> list[Row]:
    """Lines of the greatest length that is masked, made to keep a pattern busy."""
    rows = Rows("masking a line of 16,384 characters", "ms")
    for number in range(rounds):
        say(f"the worst lines, round {number + 1} of {rounds}")
        for name, milliseconds in _masking("lines").items():
            rows.add(name, milliseconds, target=60)
    return rows.all()


def _masking(*arguments: str) -> dict[str, float]:
    command = [sys.executable, "-m", "kit.benchmarks.library.masking", *arguments]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def calls(rounds: int, say: Say) -> list[Row]:
    rows = Rows("track_ai_call", "µs")
    for number in range(rounds):
        say(f"model calls, round {number + 1} of {rounds}")
        found = _measured("calls")
        rows.add("without price", found["unpriced"], 10.0)
        rows.add("with price", found["priced"], 60.0)
    return rows.all()


def scrapes(rounds: int, say: Say) -> list[Row]:
    rows = Rows("a scrape of 2,000 series", "ms")
    for number in range(rounds):
        say(f"scrapes, round {number + 1} of {rounds}")
        found = _measured("scrape")
        rows.add("longest wait of a request", found["delay"], 5.0)
        rows.add("longest wait beside a thread that only counts", found["floor"])
        rows.add("rendering", found["took"])
    return rows.all()


def load(rounds: int, say: Say, seconds: int = 6) -> list[Row]:
    """wrk with 16 connections against uvicorn with one worker; memory after it."""
    rate = Rows("under load", "requests/s")
    p99 = Rows("99 % of requests under load are answered in", "ms")
    memory = Rows("memory under load", "MB")
    with taking() as collector, tempfile.TemporaryDirectory() as scratch:
        for number in range(rounds):
            resident = {}
            for variant in (name for name in VARIANTS if name != FLOOR):
                say(f"wrk against {variant}, round {number + 1} of {rounds}")
                with serving(variant, collector, Path(scratch) / "output") as server:
                    server.under_load(_BREATH_SECONDS)
                    found = server.under_load(seconds)
                    rate.add(variant, found.requests_per_second)
                    p99.add(variant, found.p99_milliseconds)
                    resident[variant] = server.resident_megabytes()
            for variant, megabytes in resident.items():
                if variant != "bare":
                    target = 65.0 if variant == EVERYTHING else None
                    memory.add(f"above bare, {variant}", megabytes - resident["bare"], target)
    return rate.all() + p99.all() + memory.all()


def outages(rounds: int, say: Say, seconds: int = 6) -> list[Row]:
    """What is lost to a collector that is away, and to one that accepts and never answers."""
    rows = Rows("an outage", "ratio")
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        normal = stack.enter_context(taking())
        broken = {"is away": stack.enter_context(away()), "never answers": stack.enter_context(hanging())}
        servers = {
            state: stack.enter_context(serving(EVERYTHING, address, scratch / state))
            for state, address in ({"is there": normal} | broken).items()
        }
        for server in servers.values():
            server.under_load(_BREATH_SECONDS)
        for number in range(rounds):
            for state in broken:
                say(f"the collector {state}, round {number + 1} of {rounds}")
                rows.add(
                    f"requests/s lost when the collector {state}",
                    _lost(servers["is there"], servers[state], seconds),
                    0.02,
                )
        for state in broken:
            say(f"shutdown when the collector {state}")
            rows.add(
                f"shutdown when the collector {state}",
                servers[state].seconds_to_stop(60),
                SHUTDOWN_SECONDS + _BREATH_SECONDS,
                unit="s",
            )
    return rows.all()


def _lost(normal: Server, broken: Server, seconds: int) -> float:
    """The share of requests a second. One before and one after, so that a machine that slows down is no loss."""
    before = normal.under_load(seconds // 2).requests_per_second
    during = broken.under_load(seconds).requests_per_second
    after = normal.under_load(seconds // 2).requests_per_second
    return 1 - during / ((before + after) / 2)


def endurance(minutes: float, say: Say) -> list[Row]:
    """Memory under load while the collector is of no use: what comes after the first minute is growth."""
    rows = Rows("memory while there is no collector", "MB")
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        broken = {"is away": stack.enter_context(away()), "never answers": stack.enter_context(hanging())}
        servers = {
            state: stack.enter_context(serving(EVERYTHING, address, scratch / state))
            for state, address in broken.items()
        }
        began = time.monotonic()
        settled: dict[str, float] = {}
        while (passed := time.monotonic() - began) < minutes * 60:
            say(f"memory without a collector, {passed:.0f} of {minutes * 60:.0f} s")
            for server in servers.values():
                server.under_load(5)
            if not settled and time.monotonic() - began > min(_GROWTH_WINDOW, minutes * 30):
                settled = {state: server.resident_megabytes() for state, server in servers.items()}
        for state, server in servers.items():
            rows.add(f"after the first minute, the collector {state}", settled[state])
            growth = server.resident_megabytes() - settled[state]
            rows.add(f"growth from there to minute {minutes:g}, the collector {state}", growth, 5.0)
    return rows.all()


def _measured(*arguments: str, collector: str = "http://127.0.0.1:4318") -> dict[str, float]:
    """One measurement in a process of its own. Raises CalledProcessError where it fails."""
    command = [sys.executable, "-m", "kit.benchmarks.library.in_process", *arguments]
    environment = os.environ | {"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "OTEL_TRACES_SAMPLER": "always_on"}
    done = subprocess.run(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(done.stderr.splitlines()[-1])
    return found
