"""ASGI: its types, and what is watched of one request that comes over it.

The clock stops at the last body message, so that background tasks are left out, and the route is read only then: the
application's own routing has found it by that time.
"""

import inspect
import os
import sys
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from signalfire.context import correlation
from signalfire.http.event_loops import runs_asyncio
from signalfire.http.exchange import Exchange, Recorder
from signalfire.http.failures import note_answered
from signalfire.http.litestar import is_litestar
from signalfire.http.series import Series
from signalfire.http.templates import UNMATCHED, Templates, matched_path
from signalfire.prometheus.catalogue import Metrics
from signalfire.prometheus.internal_errors import internal_error

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_MAX_ROUTES = 1000
_MAX_AHEAD = 4  # messages that are read ahead of the application
SLOW = 0.05  # seconds after which it is worth asking whether the client is still there

_REQUEST_ID = correlation.HEADER.lower().encode()
_CONTENT_LENGTH = b"content-length"
_TRANSFER_ENCODING = b"transfer-encoding"
_BODIES = frozenset({"http.response.body", "http.response.pathsend", "http.response.zerocopysend"})


class AsgiRecorder(Recorder):
    """What the exchanges of one ASGI application share."""

    def __init__(self, metrics: Metrics, routes: Sequence[Any]) -> None:
        super().__init__(metrics)
        self.templates = Templates(routes)
        # By the route's id(); the route is kept so that its id stays its own.
        self.known_routes: dict[tuple[int, str, int], tuple[Any, Series]] = {}
        own = {_REQUEST_ID, _CONTENT_LENGTH, _TRANSFER_ENCODING}
        self.wanted_headers = frozenset(own | {field.encode() for field in self.carrier_fields})


class AsgiExchange(Exchange):
    """One request and its response over ASGI."""

    __slots__ = ("_headers", "_is_receiving", "_more_to_come", "_pending", "_receive")

    _recorder: AsgiRecorder
    _receive: Receive
    _pending: list[Message]  # read ahead of the application
    _is_receiving: bool  # whether the application waits for a message
    _more_to_come: bool  # of the request's body
    _headers: list[tuple[bytes, bytes]]  # of the response

    @property
    def _scope(self) -> Scope:
        return self._request  # type: ignore[return-value]

    def endpoint(self) -> str:
        scope = self._request
        path = matched_path(scope)
        if path is None or scope.get("root_path", "") != self._mount or is_litestar(scope):
            return self._recorder.templates.find(scope, self._mount, self._status, path)
        return path

    def scheme(self) -> str:
        return self._request.get("scheme", "http")  # type: ignore[no-any-return]

    def path(self) -> str:
        return self._request["path"]  # type: ignore[no-any-return]

    def begin(self, receive: Receive) -> None:
        self._receive, self._pending, self._headers = receive, [], []
        self._is_receiving = self._more_to_come = False
        identifier = None
        carrier: dict[str, str] | None = None
        wanted = self._recorder.wanted_headers
        for name, text in self._request["headers"]:
            if name in wanted:
                if name == _REQUEST_ID:
                    identifier = correlation.well_formed(text.decode("latin-1"))
                elif name == _CONTENT_LENGTH:
                    self._declared_size = int(text) if text.isdigit() and len(text) < 19 else 0
                elif name == _TRANSFER_ENCODING:
                    self._more_to_come = True
                else:
                    carrier = carrier or {}
                    carrier[name.decode()] = text.decode("latin-1")
        self.identify(identifier, carrier)

    # What the application calls.

    async def receive(self) -> Message:
        if self._pending:
            message = self._pending.pop(0)
        else:
            self._is_receiving = True
            try:
                message = await self._receive()
            finally:
                self._is_receiving = False
        try:
            self._saw(message)
            if message["type"] == "http.disconnect" and not self._last_sent:
                self._cut_off = self._cut_off or self._more_to_come or self._received_size < self._declared_size
        except Exception as error:  # noqa: BLE001
            internal_error("http", error)
        return message

    def send(self, message: Message) -> Awaitable[None]:
        if message["type"] != "http.response.start":
            return self._send_body(message)
        try:
            self._status = int(message["status"])
            if self._status >= 500:
                note_answered(self._scope, sys.exc_info()[1])  # most frameworks answer where they have caught it
            self._headers = headers = [*message.get("headers", ())]
            for name, _ in headers:
                if name.lower() == _REQUEST_ID:  # the application has given one itself
                    break
            else:
                if self.correlation_id:  # else an internal error in the beginning
                    headers.append((_REQUEST_ID, self.correlation_id.encode()))
            message = {**message, "headers": headers}  # the application may send its own to others, too
            if perf_counter() - self._began > SLOW:
                self._ask_for_disconnect()
        except Exception as error:  # noqa: BLE001
            internal_error("http", error)
        return self._send(message)  # type: ignore[no-any-return]

    async def _send_body(self, message: Message) -> None:
        if message["type"] in _BODIES:
            try:
                self._sends_body(message)
            except Exception as error:  # noqa: BLE001 - a file that is not there, of which the server will tell
                internal_error("http", error)
        try:
            await self._send(message)
        except OSError:  # how servers of ASGI 2.4 say that the client has left
            self._disconnected, self._last_sent = True, False
            raise
        if self._last_sent and self._seconds is None:
            self._seconds = perf_counter() - self._began
            if self._status < 500:  # else an exception may follow; `end` will know its stack trace
                try:
                    self.finish()
                except Exception as error:  # noqa: BLE001
                    internal_error("http", error)

    def _sends_body(self, message: Message) -> None:
        is_last = not message.get("more_body")
        if is_last and perf_counter() - self._began > SLOW and not self._has_all():
            self._ask_for_disconnect()
        self._last_sent = is_last
        body = message.get("body")
        self._sent_size += len(body or b"") if message["type"] == "http.response.body" else size_of_file(message)

    # Inside.

    def _series(self, status: int) -> Series:
        """As nearly always there is a route that has been seen before, and its own path is the whole template."""
        scope, known = self._request, self._recorder.known_routes
        if "fastapi" in scope or scope.get("root_path", "") != self._mount:
            return super()._series(status)
        route = scope.get("route")
        key = (id(route), self._method, status)
        found = known.get(key)
        if found is not None:
            return found[1]
        series = super()._series(status)
        if len(known) < _MAX_ROUTES and series.endpoint != UNMATCHED and series.endpoint == matched_path(scope):
            known[key] = route, series
        return series

    def _saw(self, message: Message) -> None:
        if message["type"] == "http.request":
            self._received_size += len(message.get("body") or b"")
            self._more_to_come = bool(message.get("more_body"))
        elif message["type"] == "http.disconnect" and not self._last_sent:
            self._disconnected = True

    def _has_all(self) -> bool:
        """Whether the client has got all of the response already, so that it may leave."""
        if self._method == "HEAD" or self._status in (204, 304):
            return True
        return any(name.lower() == _CONTENT_LENGTH and int(size) <= self._sent_size for name, size in self._headers)

    def _ask_for_disconnect(self) -> None:
        """Takes steps of receive() without waiting for it: that a client has left is told at once.

        Some servers tell it behind what the application has not read yet. One that waits for a message is told itself.
        Only asyncio's coroutines may be left in the middle.
        """
        if self._is_receiving or not runs_asyncio():
            return
        while not self._disconnected and len(self._pending) < _MAX_AHEAD:
            waiting = self._receive()
            if not inspect.iscoroutine(waiting):
                return
            try:
                waiting.send(None)
            except StopIteration as told:
                self._pending.append(told.value)
                if told.value["type"] == "http.disconnect":
                    self._disconnected = True
            except Exception as error:  # noqa: BLE001
                internal_error("http", error)
                return
            else:
                waiting.close()
                return


def size_of_file(message: Message) -> int:
    """How many bytes of a file the server sends by itself."""
    if message["type"] == "http.response.pathsend":
        return Path(message["path"]).stat().st_size
    count, file = message.get("count"), message["file"]
    if count is None:
        count = os.fstat(file if isinstance(file, int) else file.fileno()).st_size - (message.get("offset") or 0)
    return int(count)
