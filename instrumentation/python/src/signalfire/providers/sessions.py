"""Sessions over a WebSocket with the openai client: realtime, and responses: each response of the model is one call.

What is received is looked at before the application gets it, unchanged: `response.done` of a realtime session and
`response.completed` and its kin tell what was used. So does a transcript of what was heard, which another model writes.
Modules with the sessions are patched when the application first uses them: to import them takes a second.

Source: https://platform.openai.com/docs/api-reference/realtime-server-events
"""

import functools
import sys
from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from typing import Any

import orjson

from signalfire import settings
from signalfire.llm.call import AiCall, current_operation
from signalfire.llm.fields import at, first, part, path
from signalfire.llm.names import MAX_NAME
from signalfire.operations.patches import Patches
from signalfire.prometheus.catalogue import Metrics
from signalfire.prometheus.internal_errors import internal_error
from signalfire.providers.background import Client
from signalfire.providers.recent import Recent
from signalfire.tracing import semconv

_MODULES = {  # where the sessions are, and what their calls are for where the application has named nothing
    "openai.resources.realtime.realtime": "realtime",
    "openai.resources.beta.realtime.realtime": "realtime",
    "openai.resources.responses.responses": "responses",
    "openai.resources.beta.responses.responses": "responses",
}
_NAMES = ("Realtime", "Responses")
_SESSION = "_signalfire_session"  # the attribute of a connection
_MOST = 100  # responses of one session at the same time

_CREATED = "response.created"
_DONE = frozenset({"response.done", "response.completed", "response.failed", "response.incomplete"})
_HEARD = "conversation.item.input_audio_transcription.completed"
_SESSIONS = frozenset(
    {"session.created", "session.updated"} | {f"transcription_session.{end}" for end in ("created", "updated")}
)
_LOOKED_AT = tuple(f'"{kind}"'.encode() for kind in (_CREATED, *sorted(_DONE), _HEARD, *sorted(_SESSIONS)))
_BEGINS_OUTPUT = b'.delta"'
_TRANSCRIBERS = (path("audio.input.transcription.model"), path("input_audio_transcription.model"))


class Sessions:
    """The session classes of the openai client."""

    def __init__(self, client_of: Callable[[Any], Client], metrics: Metrics | None) -> None:
        self._client_of, self._metrics = client_of, metrics
        self._patches = Patches()
        self._patched: Recent[None] = Recent()

    def install(self) -> None:
        from openai._resource import AsyncAPIResource, SyncAPIResource

        for name in _MODULES:
            self._patch(name)
        for resource in (SyncAPIResource, AsyncAPIResource):
            self._patches.replace(resource, "__init__", self._noticing)

    def uninstall(self) -> None:
        self._patches.undo()
        self._patched = Recent()

    def _noticing(self, original: Callable[..., None]) -> Callable[..., None]:
        """Each part of a client begins with this: those with sessions among them."""

        @functools.wraps(original)
        def __init__(resource: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
            name = type(resource).__module__
            if name in _MODULES:
                self._patch(name)
            original(resource, *args, **kwargs)

        return __init__

    def _patch(self, name: str) -> None:
        module = sys.modules.get(name)
        if module is None or not self._patched.claim(name, None):
            return
        for kind in _NAMES:
            self._patch_class(module, f"{kind}ConnectionManager", ("__enter__", "enter"), self._entering)
            self._patch_class(module, f"Async{kind}ConnectionManager", ("__aenter__", "enter"), self._entering_later)
            self._patch_class(module, f"{kind}Connection", ("recv_bytes",), receiving)
            self._patch_class(module, f"Async{kind}Connection", ("recv_bytes",), receiving_later)

    def _patch_class(self, module: Any, name: str, methods: tuple[str, ...], wrap: Callable[..., Any]) -> None:
        owner = getattr(module, name, None)
        if owner is not None:
            for method in methods:
                self._patches.replace(owner, method, wrap)

    def _entering(self, original: Callable[[Any], Any]) -> Callable[[Any], Any]:
        @functools.wraps(original)
        def __enter__(manager: Any) -> Any:  # noqa: N807
            connection = original(manager)
            self._follow(manager, connection)
            return connection

        return __enter__

    def _entering_later(self, original: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
        @functools.wraps(original)
        async def __aenter__(manager: Any) -> Any:  # noqa: N807
            connection = await original(manager)
            self._follow(manager, connection)
            return connection

        return __aenter__

    def _follow(self, manager: Any, connection: Any) -> None:
        """Gives a connection what it is looked at with. Never raises."""
        try:
            if settings.disabled():
                return
            kind = type(manager)
            private = f"_{kind.__name__.lstrip('_')}__"
            client = getattr(manager, f"{private}client")
            model = getattr(manager, f"{private}model", None)
            operation = _MODULES.get(kind.__module__, "realtime")
            session = _Session(
                self._client_of(client), operation, model if isinstance(model, str) else None, self._metrics
            )
            setattr(connection, _SESSION, session)
        except Exception as error:  # noqa: BLE001 - a client of another version
            internal_error("providers", error)


def receiving(original: Callable[..., bytes]) -> Callable[..., bytes]:
    @functools.wraps(original)
    def recv_bytes(connection: Any) -> bytes:
        message = original(connection)
        _look(connection, message)
        return message

    return recv_bytes


def receiving_later(original: Callable[..., Awaitable[bytes]]) -> Callable[..., Awaitable[bytes]]:
    @functools.wraps(original)
    async def recv_bytes(connection: Any) -> bytes:
        message = await original(connection)
        _look(connection, message)
        return message

    return recv_bytes


def _look(connection: Any, message: bytes) -> None:
    session: _Session | None = getattr(connection, _SESSION, None)
    if session is None:
        return
    try:
        session.received(message)
    except Exception as error:  # noqa: BLE001 - an event of an unknown shape
        internal_error("providers", error)


class _Timing:
    """When a response began, by the process's clock, and how long its first output took."""

    __slots__ = ("began", "seconds_to_first")

    def __init__(self) -> None:
        self.began = perf_counter()
        self.seconds_to_first: float | None = None


class _Session:
    """What one connection has told so far."""

    def __init__(self, client: Client, operation: str, model: str | None, metrics: Metrics | None) -> None:
        self._client, self._operation, self._model, self._metrics = client, operation, model, metrics
        self._transcriber: str | None = None
        self._timings: Recent[_Timing] = Recent(_MOST)
        self._latest: _Timing | None = None

    def received(self, message: bytes) -> None:
        """Looks at an event. Most are sound, of which nothing is decoded."""
        latest = self._latest
        if latest is not None and latest.seconds_to_first is None and _BEGINS_OUTPUT in message:
            latest.seconds_to_first = perf_counter() - latest.began
        if not any(kind in message for kind in _LOOKED_AT):
            return
        event = orjson.loads(message)
        kind = part(event, "type")
        if kind == _CREATED:
            self._begin(part(event, "response"))
        elif kind in _DONE:
            self._count(part(event, "response"))
        elif kind == _HEARD:
            self._count_transcript(event)
        elif kind in _SESSIONS:
            self._learn(part(event, "session"))

    def _begin(self, response: Any) -> None:
        identifier = part(response, "id")
        if isinstance(identifier, str):
            self._latest = _Timing()
            self._timings.put(identifier, self._latest)

    def _learn(self, session: Any) -> None:
        """Which models the session has: the application may change them as it goes on."""
        self._model = first(_text(part(session, "model")), self._model)
        self._transcriber = first(*(_text(at(session, place)) for place in _TRANSCRIBERS), self._transcriber)

    def _count(self, response: Any) -> None:
        timing = self._timings.pop(str(part(response, "id")))
        model = first(self._model, _text(part(response, "model"))) or "unknown"
        call = self._call(model, self._operation, semconv.CHAT, timed=timing is not None)
        call.begin(seconds_ago=perf_counter() - timing.began if timing else 0.0)
        call.record_response(response)
        if timing is not None:
            call.seconds_to_first_token = timing.seconds_to_first
        call.finish()

    def _count_transcript(self, event: Mapping[str, Any]) -> None:
        usage = event.get("usage")
        if usage is None:
            return
        model = self._transcriber or "unknown"
        call = self._call(model, "transcription", semconv.GENERATE_CONTENT, timed=False)
        call.begin()
        call.record_response({"usage": usage})
        call.finish()

    def _call(self, model: str, operation: str, kind: str, *, timed: bool) -> AiCall:
        return AiCall(
            self._client.provider_of(model),
            model[:MAX_NAME],
            current_operation(operation),
            self._metrics,
            kind=kind,
            conditions=self._client.conditions,
            is_timed=timed,
        )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
