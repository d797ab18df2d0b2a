"""What is fetched of work that was asked for before: looked at as it passes, while the application gets what it got."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Protocol

import orjson

from signalfire.prometheus.internal_errors import internal_error
from signalfire.providers.streams import Reading, decoded, follow_body, follow_stream, following_streams

MAX_LINE = 64 * 1024 * 1024  # bytes of one line that are kept until it ends; a longer one is passed over


class Retrieval(Protocol):
    """Follows the answer to a request that asks no model."""

    def follow(self, answer: Any, stream_types: tuple[type, ...]) -> None: ...


class Watched(Reading):
    """A stream or body of which each item is only looked at."""

    def __init__(self, look: Callable[[Any], None]) -> None:
        self._look = look

    def passes(self, item: Any) -> bool:
        try:
            self._look(item)
        except Exception as error:  # noqa: BLE001 - an answer of an unknown shape
            internal_error("providers", error)
        return True


class AnswerRetrieval:
    """An answer in JSON, or a stream of events. `look` is called with the answer, or with each event."""

    def __init__(self, look: Callable[[Any], None]) -> None:
        self._look = look

    def follow(self, answer: Any, stream_types: tuple[type, ...]) -> None:
        watched = Watched(self._look)
        if isinstance(answer, stream_types):
            follow_stream(answer, watched)
        elif not hasattr(answer, "http_response"):
            watched.passes(answer)
        elif answer.http_response.is_closed:
            watched.passes(decoded(answer.http_response.content))
        else:
            follow_body(answer.http_response, watched)
            answer.parse = following_streams(answer.parse, stream_types, watched)


class LinesRetrieval:
    """A file of lines in JSON, read as a whole or as it comes.

    `look` is called with the place and the value of each line, and says whether the next one is wanted, too.
    """

    def __init__(self, look: Callable[[int, Any], bool]) -> None:
        self._look = look

    def follow(self, answer: Any, stream_types: tuple[type, ...]) -> None:  # noqa: ARG002
        lines = _Lines(self._look)
        response = getattr(answer, "http_response", None) or answer.response
        if response.is_closed or response.is_stream_consumed:
            lines.feed(response.content)
            lines.end()
            return
        if hasattr(answer, "_raw_iterator"):  # anthropic's decoder, which has begun to read the response
            items = answer._raw_iterator
            answer._raw_iterator = _each_later(items, lines) if hasattr(items, "__anext__") else _each(items, lines)
            return
        iter_bytes, aiter_bytes = response.iter_bytes, response.aiter_bytes
        response.iter_bytes = lambda *args, **kwargs: _each(iter_bytes(*args, **kwargs), lines)
        response.aiter_bytes = lambda *args, **kwargs: _each_later(aiter_bytes(*args, **kwargs), lines)


class _Lines:
    """Lines put together from pieces of a file."""

    def __init__(self, look: Callable[[int, Any], bool]) -> None:
        self._look = look
        self._place = 0
        self._begun = bytearray()
        self._wanted = True
        self._too_long = False

    def feed(self, piece: bytes) -> None:
        """Takes what comes next. Never raises."""
        if not self._wanted:
            return
        try:
            *ended, begun = piece.split(b"\n")
            for rest in ended:
                self._take(rest)
            self._keep(begun)
        except Exception as error:  # noqa: BLE001 - a file of another form
            self._wanted = False
            internal_error("providers", error)

    def end(self) -> None:
        """The file has ended, maybe without the end of its last line."""
        if self._wanted and self._begun:
            self.feed(b"\n")

    def _keep(self, begun: bytes) -> None:
        if len(self._begun) + len(begun) > MAX_LINE:
            self._begun, self._too_long = bytearray(), True
        elif not self._too_long:
            self._begun += begun

    def _take(self, rest: bytes) -> None:
        self._keep(rest)
        line, self._begun = self._begun.strip(), bytearray()
        was_too_long, self._too_long = self._too_long, False
        if not self._wanted or not (line or was_too_long):
            return
        place, self._place = self._place, self._place + 1
        if was_too_long:
            return
        try:
            value = orjson.loads(line)
        except ValueError:  # some other file
            self._wanted = False
            return
        self._wanted = self._look(place, value)


def _each(pieces: Iterator[bytes], lines: _Lines) -> Iterator[bytes]:
    for piece in pieces:
        lines.feed(piece)
        yield piece
    lines.end()


async def _each_later(pieces: AsyncIterator[bytes], lines: _Lines) -> AsyncIterator[bytes]:
    async for piece in pieces:
        lines.feed(piece)
        yield piece
    lines.end()
