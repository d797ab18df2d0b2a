"""The read-only way to the servers: an allow-list of methods and paths, limits, and errors that name the server."""

import asyncio
import re
from collections.abc import Callable
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final
from urllib.parse import quote

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from grafana.viewer.server.config import Datasource
from grafana.viewer.server.guard import Metrics

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 30.0
LARGEST_QUERY = 32 * 1024  # bytes of a query string or of a form
LARGEST_ANSWER = 24 * 1024 * 1024  # bytes, as they come over the wire
MOST_AT_ONCE = 24  # requests under way to all servers together

_READ: Final = frozenset({"GET"})
_QUERY: Final = frozenset({"GET", "POST"})  # a form, for queries too long for an address

_LABEL = r"[A-Za-z_][A-Za-z0-9_.]*"
_SEGMENT = r"(?!\.{1,2}(?:/|$))[^/]+"
# What a dashboard needs to read, and nothing that changes a server, lists its files or shows its configuration.
ALLOWED: Final[dict[str, list[tuple[frozenset[str], re.Pattern[str]]]]] = {
    "prometheus": [
        (_QUERY, re.compile(r"api/v1/(query|query_range|query_exemplars|series|labels)")),
        (_READ, re.compile(rf"api/v1/label/{_LABEL}/values")),
        (_READ, re.compile(r"api/v1/(metadata|rules|alerts|targets|status/buildinfo)")),
    ],
    "loki": [
        (
            _READ,
            re.compile(r"loki/api/v1/(query|query_range|labels|series|index/volume|index/volume_range|index/stats)"),
        ),
        (_READ, re.compile(rf"loki/api/v1/label/{_LABEL}/values")),
    ],
    "jaeger": [
        (_READ, re.compile(r"api/(services|operations|traces)")),
        (_READ, re.compile(rf"api/services/{_SEGMENT}/operations")),
        (_READ, re.compile(r"api/traces/[0-9a-fA-F]{1,32}")),
    ],
    "alertmanager": [
        (_READ, re.compile(r"api/v2/(alerts|alerts/groups|silences|status)")),
    ],
}


def is_allowed(kind: str, method: str, path: str) -> bool:
    """Whether a server of this kind may be asked for this path (decoded, without a leading slash)."""
    return any(method in methods and pattern.fullmatch(path) for methods, pattern in ALLOWED[kind])


class Proxy:
    def __init__(self, metrics: Metrics, why_missing: Callable[[Datasource], str] = lambda _: "") -> None:
        """why_missing: a sentence about a server that is still being built or started; nothing of others."""
        self.metrics = metrics
        self._why_missing = why_missing
        self._slots = asyncio.Semaphore(MOST_AT_ONCE)
        timeout = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
        # One user's answers must not become another's cookies.
        no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        self._client = httpx.AsyncClient(timeout=timeout, cookies=no_cookies, follow_redirects=False, trust_env=False)

    async def close(self) -> None:
        await self._client.aclose()

    async def forward(self, request: Request, datasource: Datasource, path: str) -> Response:
        """Ask the server and hand its answer on; never more than the path and the query reach it."""
        if not is_allowed(datasource.type, request.method, path):
            allowed = [
                f"{'|'.join(sorted(methods))} {pattern.pattern}" for methods, pattern in ALLOWED[datasource.type]
            ]
            problem = f"{request.method} {path!r} is not among what may be read from {datasource.type}"
            return JSONResponse({"error": problem, "allowed": allowed}, status_code=403)
        form = await read_body(request, LARGEST_QUERY)
        if form is None or len(request.url.query) > LARGEST_QUERY:
            return JSONResponse({"error": f"the query is longer than {LARGEST_QUERY} bytes"}, status_code=413)
        answer = asyncio.ensure_future(self._ask(request, datasource, path, form))
        gone = asyncio.ensure_future(_client_gone(request))
        try:
            await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
        if not answer.done():
            answer.cancel()  # closes the connection: Prometheus and Loki stop evaluating
            return Response(status_code=499)
        return await answer

    async def change(self, method: str, datasource: Datasource, path: str, document: object = None) -> Response:
        """Send a change that the viewer has made itself, never one as a browser sent it, and hand the answer on."""
        try:
            async with self._slots:
                answer = await self._client.request(
                    method, f"{datasource.url}/{quote(path)}", json=document, headers={"Accept-Encoding": "identity"}
                )
        except httpx.HTTPError as error:
            return self._failed(datasource, error)
        return (self._starting(datasource) if answer.status_code >= 500 else None) or _answer(answer, answer.content)

    async def _ask(self, request: Request, datasource: Datasource, path: str, form: bytes) -> Response:
        headers = {"Accept": "application/json", "Accept-Encoding": request.headers.get("accept-encoding", "identity")}
        if form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if datasource.type == "loki":
            # Loki then tells a line's structured metadata from its stream's labels.
            headers["X-Loki-Response-Encoding-Flags"] = "categorize-labels"
        url = f"{datasource.url}/{quote(path)}"
        if request.url.query:
            url += f"?{request.url.query}"
        try:
            async with (
                self._slots,
                self._client.stream(request.method, url, content=form or None, headers=headers) as upstream,
            ):
                body = bytearray()
                async for chunk in upstream.aiter_raw():
                    body += chunk
                    if len(body) > LARGEST_ANSWER:
                        return self._failure(datasource, "too_large", 502, _TOO_LARGE)
                # A server that is not ready yet fails what it is asked.
                starting = self._starting(datasource) if upstream.status_code >= 500 else None
                return starting or _answer(upstream, bytes(body))
        except httpx.HTTPError as error:
            return self._failed(datasource, error)

    def _failed(self, datasource: Datasource, error: httpx.HTTPError) -> Response:
        if isinstance(error, httpx.ConnectError):
            return self._starting(datasource) or self._failure(
                datasource, "down", 502, "cannot be reached: is it running? `make status` shows it"
            )
        if isinstance(error, httpx.TimeoutException):
            return self._failure(datasource, "timeout", 504, f"did not answer within {ANSWER_SECONDS:.0f} s")
        return self._failure(datasource, "broken", 502, f"broke off its answer: {error or type(error).__name__}")

    def _starting(self, datasource: Datasource) -> Response | None:
        """The answer of a server that is still being built or started; None of others."""
        reason = self._why_missing(datasource)
        document = {"error": reason, "datasource": datasource.uid, "reason": "starting"}
        return JSONResponse(document, status_code=503) if reason else None

    def _failure(self, datasource: Datasource, reason: str, status: int, what: str) -> Response:
        self.metrics.upstream_errors.labels(datasource.uid, reason).inc()
        problem = {
            "error": f"{datasource.name} at {datasource.url} {what}",
            "datasource": datasource.uid,
            "url": datasource.url,
            "reason": reason,
        }
        return JSONResponse(problem, status_code=status)


_TOO_LARGE = f"answered with more than {LARGEST_ANSWER // 1024 // 1024} MB: ask for a shorter time or fewer series"


def _answer(upstream: httpx.Response, body: bytes) -> Response:
    """Their status and body with our headers; whatever is not JSON is shown as plain text."""
    given = upstream.headers.get("content-type", "")
    headers = {
        "Content-Type": given if given.startswith("application/json") else "text/plain; charset=utf-8",
        "Cache-Control": "no-store",
        "Vary": "Accept-Encoding",
    }
    if encoding := upstream.headers.get("content-encoding"):
        headers["Content-Encoding"] = encoding
    # A redirect of theirs is not for the page to follow.
    status = upstream.status_code if upstream.status_code < 300 or upstream.status_code >= 400 else 502
    return Response(body, status_code=status, headers=headers)


async def read_body(request: Request, most: int) -> bytes | None:
    """The body of a request; None when it is longer than that."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            return None
    return bytes(body)


async def _client_gone(request: Request) -> None:
    """Returns when the browser has closed the connection. Only once the body has been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
