"""Real servers from the repository's own templates, on free ports and in a folder of their own: for tests that need
other settings than the whole stack has, or must stop and kill one server without a supervisor starting it again."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx

from kit import processes
from kit.build import binary
from kit.paths import State
from kit.render.addresses_for_templates import native
from kit.render.files import write_folder
from kit.render.template import Rendered, evaluate
from kit.runtimes.native import orphans
from kit.settings import Settings
from tests.support import http
from tests.support.http import get
from tests.support.patience import PATIENCE_SECONDS
from tests.support.running import free_ports

_SECONDS_BETWEEN_LOOKS = 0.1


class Servers:
    """Some of the stack's servers, started and stopped by name."""

    def __init__(self, folder: Path, settings: dict[str, Any] | None = None) -> None:
        self.settings = Settings.model_validate({"demo": {"enabled": False}, **(settings or {}), "ports": free_ports()})
        self.state = State(folder)
        self.runtime = native(self.settings, self.state, demo=[], page=folder)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def url(self, port: str) -> str:
        """The address of one of the settings' ports, such as "loki" or "otlp_http"."""
        return f"http://127.0.0.1:{getattr(self.settings.ports, port)}"

    def render(self, name: str) -> Rendered:
        settings = self.settings.model_dump(mode="json", by_alias=True)
        return evaluate(processes.named(name).template, settings, self.runtime)

    def start(
        self, *names: str, adjust: Callable[[dict[str, str]], None] = lambda _: None, options: Sequence[str] = ()
    ) -> None:
        """Render, start, and wait until each answers. `adjust` may change the files before they are written.

        They start together. `options`: to be added to the command line.
        """
        ready = {name: self._launch(name, adjust, options) for name in names}
        for name, url in ready.items():
            self._wait_ready(name, url)

    def _launch(self, name: str, adjust: Callable[[dict[str, str]], None], options: Sequence[str]) -> str:
        """The address that answers once it is ready."""
        rendered = self.render(name)
        adjust(rendered.files)
        write_folder(self.state.config / name, rendered.files)
        (self.state.data / name).mkdir(parents=True, exist_ok=True)
        self.state.logs.mkdir(parents=True, exist_ok=True)
        with (self.state.logs / f"{name}.log").open("ab") as log:
            command = [str(binary(name)), *rendered.args, *options]
            env = os.environ | rendered.env | {orphans.MARK: str(self.state.folder)}
            self._processes[name] = subprocess.Popen(command, env=env, stdout=log, stderr=log)
        return rendered.ready

    def _wait_ready(self, name: str, url: str) -> None:
        def answers() -> bool:
            if self._processes[name].poll() is not None:
                raise AssertionError(f"{name} ended at its start:\n{self.log(name)[-3000:]}")
            return get(url).status_code == 200

        eventually(answers, f"{name} answers at {url}")

    def log(self, name: str) -> str:
        return (self.state.logs / f"{name}.log").read_text(errors="replace")

    def kill(self, name: str) -> None:
        """As a crash would: SIGKILL."""
        self._processes[name].kill()
        self._processes[name].wait()

    def reload(self, name: str) -> None:
        """As after a changed setting: the process stays and reads its files again."""
        self._processes[name].send_signal(signal.SIGHUP)

    def runs(self, name: str) -> bool:
        return self._processes[name].poll() is None

    def stop(self, *names: str) -> None:
        for name in names or self._processes:
            self._processes[name].terminate()
        for name in names or self._processes:
            self._processes[name].wait(PATIENCE_SECONDS)

    def close(self) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait()


def eventually(holds: Callable[[], object], what: str, patience: float = PATIENCE_SECONDS) -> None:
    """Wait until it holds. Raises AssertionError with what was waited for."""
    deadline = time.monotonic() + patience
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {patience:.0f} s: {what}")
        time.sleep(_SECONDS_BETWEEN_LOOKS)


def lines_in_loki(loki: str, query: str, start: float) -> list[dict[str, Any]]:
    """Every line of the query since `start` (seconds since 1970), oldest first: {"line", "time", **labels}."""
    found: list[dict[str, Any]] = []
    begin, end, page = int(start * 1e9), int((time.time() + 3600) * 1e9), 5000
    while True:
        answer = get(
            f"{loki}/loki/api/v1/query_range", query=query, start=begin, end=end, limit=page, direction="forward"
        )
        answer.raise_for_status()
        streams = answer.json()["data"]["result"]
        batch = [
            {**stream["stream"], "time": int(moment), "line": line}
            for stream in streams
            for moment, line, *_ in stream["values"]
        ]
        batch.sort(key=lambda entry: entry["time"])
        found += batch
        if len(batch) < page:
            return found
        begin = batch[-1]["time"] + 1


def trace_in_jaeger(jaeger: str, trace_id: str) -> list[dict[str, Any]]:
    """The trace's spans as Jaeger shows them; none if it has no such trace."""
    answer = get(f"{jaeger}/api/traces/{trace_id}")
    if answer.status_code != 200:
        return []
    return [span for trace in answer.json()["data"] for span in trace["spans"]]


def attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    """Attributes as OTLP's JSON wants them."""
    return [{"key": key, "value": _value(value)} for key, value in values.items()]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(item) for item in value]}}
    return {"stringValue": value}


def span(
    trace_id: str, span_id: str, values: dict[str, Any] | None = None, *, seconds: float = 0.01, error: bool = False
) -> dict[str, Any]:
    """A span that ends now, with attributes."""
    end = time.time_ns()
    return {
        "traceId": trace_id,
        "spanId": span_id,
        "name": "work",
        "kind": 2,
        "startTimeUnixNano": str(end - int(seconds * 1e9)),
        "endTimeUnixNano": str(end),
        "attributes": attributes(values or {}),
        "status": {"code": 2} if error else {},
    }


def send_spans(otlp: str, spans: list[dict[str, Any]], service: str, client: httpx.Client = http.client) -> bool:
    """True if the collector has acknowledged them all."""
    resource = {"attributes": attributes({"service.name": service})}
    body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}
    return _send(f"{otlp}/v1/traces", body, client)


def record(line: str, severity: int = 9, **values: Any) -> dict[str, Any]:
    """A log record of now."""
    return {
        "timeUnixNano": str(time.time_ns()),
        "severityNumber": severity,
        "body": {"stringValue": line},
        "attributes": attributes(values),
    }


def send_logs(otlp: str, records: list[dict[str, Any]], service: str, client: httpx.Client = http.client) -> bool:
    """True if the collector has acknowledged them all."""
    resource = {"attributes": attributes({"service.name": service})}
    body = {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": records}]}]}
    return _send(f"{otlp}/v1/logs", body, client)


def _send(url: str, body: dict[str, Any], client: httpx.Client) -> bool:
    try:
        answer = client.post(url, content=json.dumps(body), headers={"Content-Type": "application/json"})
    except httpx.TransportError:
        return False
    return answer.status_code == 200
