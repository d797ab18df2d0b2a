"""What every request passes: the check of Host and Origin, security headers, and the viewer's own metrics."""

import logging
import re
import time

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from grafana.viewer.server.config import is_ip_address

log = logging.getLogger(__name__)

# Nothing but JSON and text leaves the API; a page sets its own, wider policy.
STRICT_POLICY = "default-src 'none'; frame-ancestors 'none'"
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# The first part of a path is enough to tell the kinds of request apart, and cannot grow without bound.
ROUTES = frozenset(
    {"api", "assets", "build", "d", "trace", "traces", "logs", "alerts", "explore", "runbooks", "metrics"}
)


class Metrics:
    """The viewer's own metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "viewer_http_requests", "Requests answered, by kind.", ["route", "status"], registry=self.registry
        )
        self.duration = Histogram(
            "viewer_http_request_duration_seconds",
            "Time to answer, by kind.",
            ["route"],
            buckets=(0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=self.registry,
        )
        self.upstream_errors = Counter(
            "viewer_upstream_errors",
            "Requests to a server that failed, by reason.",
            ["datasource", "reason"],
            registry=self.registry,
        )


class Guard:
    """Plain ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, allowed_hosts: frozenset[str], metrics: Metrics) -> None:
        self.app = app
        self.allowed_hosts = allowed_hosts
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        first = scope["path"].split("/", 2)[1] if scope["path"].startswith("/") else ""
        route = first if first in ROUTES else "page"
        started = time.perf_counter()
        status = 0

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Content-Security-Policy", STRICT_POLICY)
            await send(message)

        app = self._refusal(Headers(scope=scope)) or self.app
        try:
            await app(scope, receive, send_guarded)
        except Exception:
            log.exception("%s %s failed", scope["method"], scope["path"])
            if status:  # too late for another answer: the server cuts this one off
                raise
            failed = JSONResponse({"error": "the viewer failed: its log says why"}, status_code=500)
            await failed(scope, receive, send_guarded)
        finally:
            self.metrics.requests.labels(route, str(status)).inc()
            self.metrics.duration.labels(route).observe(time.perf_counter() - started)

    def _refusal(self, headers: Headers) -> JSONResponse | None:
        """The answer to a request that is not served, or None."""
        host = headers.get("host", "")
        address = _HOST.fullmatch(host)
        if address is None:
            return JSONResponse({"error": f"the header Host holds no address: {host!r}"}, status_code=400)
        reason = self._foreign(host, (address["ipv6"] or address["name"]).lower(), headers)
        return JSONResponse({"error": reason}, status_code=403) if reason else None

    def _foreign(self, host: str, name: str, headers: Headers) -> str | None:
        """Why this request, which another site may have made a browser send, is not answered; or None.

        A foreign page can make a browser resolve its own name to this address (DNS rebinding); the browser then sends
        that name in Host. An address or a name we were told of can't be such a name.
        """
        if not (is_ip_address(name) or name == "localhost" or name in self.allowed_hosts):
            return f"the host {host!r} is not served here: use the address, or add {name!r} to allowed_hosts"
        origin = headers.get("origin")
        # Compared as it is: an origin that is no address is not ours either.
        if origin is not None and origin.partition("://")[2].lower() != host.lower():
            return f"requests from the origin {origin!r} are not answered"
        if headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
            return "requests from another site are not answered"
        return None


# A name or an IPv4 address, or an IPv6 address in brackets, and a port.
_HOST = re.compile(r"(?:(?P<name>[\w.~%!$&'()*+,;=-]*)|\[(?P<ipv6>[0-9A-Fa-f:.]+)\])(?::[0-9]{0,5})?", re.ASCII)
