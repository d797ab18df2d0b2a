"""A newcomer's clone: the shipped files untouched but for ports, and the commands of the pages as they stand there."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kit.paths import ROOT
from kit.settings.ports import Ports
from tests.newcomer import pages
from tests.support import http

USUAL = Ports().model_dump()
_SECONDS = 1500  # the first time it builds what is missing
# What a test run has and a newcomer has not.
_NOT_A_NEWCOMERS = ("SIGNALFIRE_CONFIG", "VIRTUAL_ENV", "PYTHONPATH", "MAKE", "MFLAGS", "ARGS", "OTEL_", "PYTEST_")

SECRETS = {"DESK_WEBHOOK": "http://127.0.0.1:9/"}
"""The variables that examples name; whoever follows one has set them."""


@dataclass(frozen=True)
class Newcomer:
    """folder: the clone. ports: its own, for this machine may be using the usual ones. logs: stands in for /var/log."""

    folder: Path
    runtime: str
    ports: Mapping[str, int]
    logs: Path

    def write_settings(self, text: str) -> None:
        """Makes this the clone's signalfire.yaml, with what it names of this machine in places of the test's own."""
        (self.folder / "signalfire.yaml").write_text(with_ports(self.own(text), self.ports), encoding="utf-8")

    def own(self, text: str) -> str:
        """A page's text with the ports and log folders of this clone in place of the usual ones."""
        for name, usual in USUAL.items():
            text = re.sub(rf"(?<=127\.0\.0\.1:){usual}\b", str(self.ports[name]), text)
        return text.replace("127.0.0.1:8080", f"127.0.0.1:{self.service_port}").replace("/var/log", str(self.logs))

    @property
    def service_port(self) -> int:
        """Where the newcomer's own service listens, 8080 in the pages."""
        return self.ports["service"]

    def run(
        self, command: str, *, page: Path = pages.README, filled: str = "", env: Mapping[str, str] | None = None
    ) -> str:
        """Runs a command that the page shows; all that it prints. `filled`: the same with its placeholder filled in.

        Fails with what was printed where the command fails, and where no page shows it.
        """
        assert command in pages.commands(page), f"{page.name} does not show `{command}`"
        done = self.shell(filled or self.own(command), env)
        assert done.returncode == 0, f"`{command}` ended with {done.returncode}\n{done.stdout}"
        return done.stdout

    def shell(self, command: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """env: added to the newcomer's environment."""
        return subprocess.run(
            command,
            shell=True,
            cwd=self.folder,
            env={**self.environment(), **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
            check=False,
        )

    def environment(self) -> dict[str, str]:
        """A newcomer's: with an engine under Compose, without one natively, so that `make up` chooses by itself."""
        kept = SECRETS | {name: value for name, value in os.environ.items() if not name.startswith(_NOT_A_NEWCOMERS)}
        if self.runtime == "native":
            kept.pop("DOCKER_HOST", None)
            if Path("/var/run/docker.sock").is_socket():
                kept["RUNTIME"] = "native"
        return kept

    def url(self, name: str) -> str:
        """The address of a port of signalfire.yaml, such as `prometheus`."""
        return f"http://127.0.0.1:{self.ports[name]}"

    def query(self, promql: str, **parameters: float) -> list[dict[str, Any]]:
        """The result of an instant query."""
        answer = http.get_json(f"{self.url('prometheus')}/api/v1/query", query=promql, **parameters)
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result

    def states(self) -> dict[str, str]:
        """What `make status` says of each process."""
        rows: list[dict[str, Any]] = json.loads(self.shell(".venv/bin/python -m scripts status --json").stdout)
        return {row["name"]: row["state"] for row in rows}

    def leave_nothing(self) -> None:
        if (self.folder / ".venv").is_dir():
            done = self.shell("make clean", {"YES": "1"})
            assert done.returncode == 0, done.stdout


def cloned(folder: Path, runtime: str, ports: Mapping[str, int]) -> Newcomer:
    """A clone of what is committed."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder / "signalfire")], check=True)
    logs = folder / "log"
    logs.mkdir()
    newcomer = Newcomer(folder / "signalfire", runtime, ports, logs)
    newcomer.write_settings(pages.SHIPPED.read_text(encoding="utf-8"))
    return newcomer


def with_ports(text: str, ports: Mapping[str, int]) -> str:
    """The settings with every port moved: one that is written where it stands, the others below it."""
    if not re.search(r"^ports:", text, re.MULTILINE):
        text += "\nports:\n"
    missing = []
    for name, usual in USUAL.items():
        text, count = re.subn(rf"^( +{name}:) {usual}$", rf"\1 {ports[name]}", text, flags=re.MULTILINE)
        if not count:
            missing.append(f"   {name}: {ports[name]}\n")
    return text + "".join(missing)
