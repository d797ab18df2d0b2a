"""The status page and its JSON as a function from a request to an answer, for any kind of server."""

import hmac
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import orjson

from signalfire import settings
from signalfire._internal.switch_interval import short_switch_interval
from signalfire.errors import recent_errors
from signalfire.health import Report
from signalfire.prometheus.internal_errors import internal_error
from signalfire.status import html, sections
from signalfire.status.baseline import Baseline
from signalfire.status.history import History, Point, point_of
from signalfire.status.readings import Reading
from signalfire.status.sources import Source

DEFAULT_PATH = "/status"
TOKEN, TOKEN_FILE = "SIGNALFIRE_STATUS_TOKEN", "SIGNALFIRE_STATUS_TOKEN_FILE"
JSON = "application/json"
MAX_ROWS = 10  # of each table in the summary; the detailed answer has all

_READS = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server sends; to a HEAD request `body` is empty, and the Content-Length is that of a GET."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class StatusPage:
    """The page at `path` and its JSON below it.

    `answer` may take tens of milliseconds: call it in a thread. `start` begins to collect the last minutes' course,
    which the first answer does too; `stop` ends it. `health` is the newest report, set by whoever runs the checks:
    without one the page shows what `service_health` says. Raises SettingError for a path that is not one.
    """

    def __init__(
        self, source: Source, *, service: str | None = None, env: str | None = None, path: str = DEFAULT_PATH
    ) -> None:
        if not path.startswith("/") or path.endswith("/") or any(c in path for c in "?#{} "):
            raise settings.SettingError(
                f"status_page is {path!r}, which is no path: write True for {DEFAULT_PATH}, or a path such as "
                f'"{DEFAULT_PATH}" that starts with a slash and does not end in one'
            )
        self.path = path
        self.health: Report | None = None
        self._source = source
        self._service, self._env = service, env
        self._history = History(source)
        self._baseline = Baseline()
        self._json: dict[str, Callable[[Moment], Any]] = {
            f"{path}/metrics": self.summary,
            f"{path}/metrics/detailed": detailed,
            f"{path}/errors": lambda moment: {"since": moment.since, "errors": moment.errors()},
            f"{path}/cache": lambda moment: {"since": moment.since, **sections.caches(moment.counted)},
            f"{path}/rate-limit": lambda moment: {"since": moment.since, **sections.rate_limits(moment.counted)},
        }

    @property
    def paths(self) -> tuple[str, ...]:
        """All that it answers at, whatever the method."""
        return (self.path, *self._json, self._reset_path)

    def start(self) -> None:
        self._history.start()

    def stop(self) -> None:
        self._history.stop()

    def answer(self, method: str, path: str, headers: Mapping[str, str]) -> Answer:
        """Answers a request for one of `paths`; the headers' names are in lower case. Never raises."""
        try:
            with short_switch_interval():
                answer = self._answer(method, path, headers)
        except Exception as error:  # noqa: BLE001 - the page must not break the application
            internal_error("status", error)
            answer = problem(500, "the page could not be made; the application's log says why")
        if method == "HEAD":
            return Answer(answer.status, answer.headers, b"")
        return answer

    def summary(self, moment: "Moment") -> dict[str, Any]:
        """Everything that the page shows, as data."""
        counted, now = moment.counted, moment.reading
        health = sections.health(now, self.health, self._source.targets())
        return {
            "service": self._service or ", ".join(components(now)) or "unknown service",
            "env": self._env,
            "version": settings.service_version() if self._service else None,
            "at": sections.timestamp(now.at),
            "uptime_seconds": None if now.started is None else max(0.0, now.at - now.started),
            "since": moment.since,
            "targets": [
                {
                    "url": target.url,
                    "reachable": target.unreachable_since is None,
                    "unreachable_since": target.unreachable_since and sections.timestamp(target.unreachable_since),
                    "error": target.error,
                }
                for target in self._source.targets()
            ],
            "health": health,
            "requests": sections.requests(counted),
            "recent": sections.recent_requests(moment.points, point_of(now)),
            "cache": sections.caches(counted),
            "errors": moment.errors(),
            "memory": sections.memory(now),
            "spend": sections.spend(counted),
            "rate_limit": sections.rate_limits(counted),
            "endpoints": sections.endpoints(counted)[:MAX_ROWS],
            "models": sections.models(counted)[:MAX_ROWS],
            "agents": sections.agents(counted)[:MAX_ROWS],
            "operations": sections.operations(counted)[:MAX_ROWS],
            "history": sections.history(moment.points),
        }

    # Inside.

    @property
    def _reset_path(self) -> str:
        return f"{self.path}/reset"

    def _answer(self, method: str, path: str, headers: Mapping[str, str]) -> Answer:
        if path == self._reset_path:
            return self._answer_reset(headers) if method == "POST" else not_allowed("POST")
        if method not in _READS:
            return not_allowed(", ".join(_READS))
        self.start()
        if path != self.path:
            return answer_json(self._json[path](self._moment()))
        summary = self.summary(self._moment())
        if wants_json(headers.get("accept", "")):
            return answer_json({"sections": html.sections(summary)}, ("Vary", "Accept"))
        body = html.document(summary).encode()
        own = [("Vary", "Accept"), ("Content-Security-Policy", html.CONTENT_SECURITY_POLICY)]
        return Answer(200, common_headers("text/html; charset=utf-8", body) + own, body)

    def _moment(self) -> "Moment":
        reading, baseline = self._history.now(), self._baseline.get()
        return Moment(reading, reading.since(baseline), baseline, self._history.points())

    def _answer_reset(self, headers: Mapping[str, str]) -> Answer:
        expected, why_not = configured_token()
        if not expected:
            return problem(403, why_not)
        scheme, _, given = headers.get("authorization", "").partition(" ")
        same = hmac.compare_digest(given.strip().encode("utf-8", "replace"), expected.encode())
        if scheme.lower() != "bearer" or not same:
            return problem(401, "wrong or missing token: send Authorization: Bearer …", ("WWW-Authenticate", "Bearer"))
        self._baseline.set(self._source.read())
        return answer_json({"reset": True, "since": sections.timestamp(time.time())})


@dataclass(frozen=True, slots=True)
class Moment:
    """What one answer is made from: `counted` is the reading counted since the last reset."""

    reading: Reading
    counted: Reading
    baseline: Reading | None
    points: list[Point]

    @property
    def since(self) -> str | None:
        """When the page was reset, as a timestamp; None where it never was."""
        return None if self.baseline is None else sections.timestamp(self.baseline.at)

    def errors(self) -> list[dict[str, Any]]:
        return sections.errors(self.counted, recent_errors(), self.baseline.at if self.baseline else None)


def detailed(moment: Moment) -> dict[str, Any]:
    """Every endpoint, model, agent, tool, database and operation."""
    counted = moment.counted
    return {
        "since": moment.since,
        "endpoints": sections.endpoints(counted),
        "models": sections.models(counted),
        "agents": sections.agents(counted),
        "tools": sections.tools(counted),
        "databases": sections.databases(counted),
        "operations": sections.operations(counted),
    }


def components(reading: Reading) -> list[str]:
    """The names that the services themselves give in their health."""
    return sorted({component for (component,) in reading.by("service_health", "component")})


def wants_json(accept: str) -> bool:
    """Whether the page asks for its newest content; a browser that opens it asks for HTML."""
    return JSON in accept and "text/html" not in accept


def configured_token() -> tuple[str, str]:
    """The token that a reset needs, read each time so that it can be changed; where there is none, why."""
    token = os.environ.get(TOKEN, "").strip()
    file = os.environ.get(TOKEN_FILE, "").strip()
    if token or not file:
        return token, f"no token is configured: set {TOKEN}, or {TOKEN_FILE} to a file that holds one"
    try:
        return Path(file).read_text().strip(), f"the file that {TOKEN_FILE} names is empty: write a token into it"
    except (OSError, ValueError):
        return "", f"the file that {TOKEN_FILE} names cannot be read: write a token into it that this process may read"


def problem(status: int, message: str, *headers: tuple[str, str]) -> Answer:
    return answer_json({"error": HTTPStatus(status).phrase.lower(), "message": message}, *headers, status=status)


def not_allowed(methods: str) -> Answer:
    return problem(405, f"only {methods} is answered here", ("Allow", methods))


def answer_json(value: Any, *headers: tuple[str, str], status: int = 200) -> Answer:
    body = orjson.dumps(value)
    return Answer(status, common_headers(JSON, body) + list(headers), body)


def common_headers(content_type: str, body: bytes) -> list[tuple[str, str]]:
    return [
        ("Content-Type", content_type),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
    ]
