"""Streamed answers: seen as they pass by, and counted when they end, break, are closed or dropped.

The client's own stream object is kept, since applications look at its type and use its methods; only the iterator
inside of it is replaced by one that looks at what comes.
"""

import functools
import inspect
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

from signalfire._internal import fork
from signalfire.llm.call import AiCall
from signalfire.llm.content import Recorder
from signalfire.prometheus.internal_errors import internal_error
from signalfire.tracing import semconv

FOLLOWED = "_signalfire_followed"  # the attribute of what is read


class Reading:
    """Somebody reads a stream or a body."""

    def waits_for(self) -> None:
        """The application asks for the next item."""

    def passes(self, item: Any) -> bool:  # noqa: ARG002
        """Sees an item; whether the application is to see it, too."""
        return True

    def exhausted(self) -> None:
        """There is nothing more."""

    def ended(self, error: BaseException | None = None) -> None:
        """There is nothing more, or something broke."""

    def closed(self) -> None:
        """The connection was closed: by the application, or for a stream that it dropped."""

    @contextmanager
    def being_read(self) -> Iterator[None]:
        """The body is read as a whole in here."""
        yield


class StreamedCall(Reading):
    """A call whose answer is still to be read. `settle` is called with the call before it ends."""

    def __init__(
        self,
        call: AiCall,
        recorder: Recorder | None,
        hides: Callable[[Any], bool] | None = None,
        settle: Callable[[AiCall], bool] | None = None,
    ) -> None:
        self.call = call
        self._recorder = recorder
        self._hides = hides
        self._settle = settle
        self._reading = False
        _closed_streams.start()

    def waits_for(self) -> None:
        """The application asks for the next item."""
        self._reading = True
        self.call.mark_under_way()

    def passes(self, item: Any) -> bool:
        """Takes from an item what it tells; whether the application is to see it."""
        self._reading = False
        self.call.record_piece(item, self)
        if self._recorder is not None:
            self._recorder.record(item)
        self.call.mark_over()
        return self._hides is None or not self._hides(item)

    def exhausted(self) -> None:
        """There is nothing more. Where the model did not say that it is done, the answer was cut off on its way."""
        is_cut_off = self.call.kind == semconv.CHAT and not self.call.has_finish_reason
        if is_cut_off and not self._goes_on():
            self.call.fail("incomplete")
        self.ended()

    def ended(self, error: BaseException | None = None) -> None:
        """There is nothing more, or something broke."""
        self._reading = False
        if error is not None:
            self.call.mark_under_way()
        if self._recorder is not None:
            self._recorder.finish(self.call)
        self._goes_on()
        self.call.finish(error)

    def _goes_on(self) -> bool:
        """Whether the provider works on though this stream has ended."""
        return self._settle is not None and self._settle(self.call)

    @contextmanager
    def being_read(self) -> Iterator[None]:
        """The body is read as a whole in here."""
        self.waits_for()
        try:
            yield
        except BaseException as error:
            self.ended(error)
            raise
        self._reading = False

    def closed(self) -> None:
        """The connection was closed: by the application, or for a stream that it dropped."""
        if not self._reading:  # else whoever reads learns how it ended
            _closed_streams.put(self)

    def end_early(self) -> None:
        if self._recorder is not None:
            self._recorder.finish(self.call)
        self._goes_on()
        self.call.abandon()


class Followed:
    """Lives in what is read, and notices when that is dropped, even before anybody has begun to read it."""

    def __init__(self, streamed: Reading) -> None:
        self.streamed = streamed

    def __del__(self) -> None:
        self.streamed.closed()


class Tap:
    """The iterator inside of a stream."""

    def __init__(self, items: Iterator[Any], streamed: Reading) -> None:
        self._items, self._streamed = items, streamed

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next_item(self._items.__next__, self._streamed)


class AsyncTap:
    """The asynchronous iterator inside of a stream."""

    def __init__(self, items: AsyncIterator[Any], streamed: Reading) -> None:
        self._items, self._streamed = items, streamed

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        return await next_item_later(self._items.__anext__, self._streamed)


def next_item(fetch: Callable[[], Any], streamed: Reading) -> Any:
    """The next item that the application is to see."""
    while True:
        streamed.waits_for()
        try:
            item = fetch()
        except StopIteration:
            streamed.exhausted()
            raise
        except BaseException as error:
            streamed.ended(error)
            raise
        if streamed.passes(item):
            return item


async def next_item_later(fetch: Callable[[], Awaitable[Any]], streamed: Reading) -> Any:
    """`next_item` of an asynchronous stream."""
    while True:
        streamed.waits_for()
        try:
            item = await fetch()
        except StopAsyncIteration:
            streamed.exhausted()
            raise
        except BaseException as error:
            streamed.ended(error)
            raise
        if streamed.passes(item):
            return item


def follow_stream(stream: Any, streamed: Reading) -> None:
    """Follows a Stream or AsyncStream of the openai or anthropic client."""
    try:
        items = stream._iterator
        stream._iterator = AsyncTap(items, streamed) if hasattr(items, "__anext__") else Tap(items, streamed)
        on_close(stream.response, streamed)
    except Exception as error:  # noqa: BLE001 - a client of another version: the call is counted, its tokens are not
        internal_error("providers", error)
        streamed.ended()


def on_close(response: Any, streamed: Reading) -> None:
    """Ends the call after an HTTP response was closed, by its reader or the application, or was dropped unread."""
    if hasattr(response, FOLLOWED):
        return
    setattr(response, FOLLOWED, Followed(streamed))
    close, aclose = response.close, response.aclose

    def close_and_notify() -> None:
        try:
            close()
        finally:
            streamed.closed()

    async def aclose_and_notify() -> None:
        try:
            await aclose()
        finally:
            streamed.closed()

    response.close, response.aclose = close_and_notify, aclose_and_notify


def following_streams(
    parse: Callable[..., Any], stream_types: tuple[type, ...], streamed: Reading
) -> Callable[..., Any]:
    """The `parse` of a raw response, which also follows the stream that it may give."""

    def follow(parsed: Any) -> Any:
        if isinstance(parsed, stream_types):
            follow_stream(parsed, streamed)
        return parsed

    async def follow_later(parsing: Awaitable[Any]) -> Any:
        return follow(await parsing)

    @functools.wraps(parse)
    def parse_and_follow(*args: Any, **kwargs: Any) -> Any:
        parsed = parse(*args, **kwargs)
        return follow_later(parsed) if inspect.isawaitable(parsed) else follow(parsed)

    return parse_and_follow


def follow_body(response: Any, streamed: Reading) -> None:
    """Ends the call when the body of an HTTP response was read as a whole, or else when the response is closed."""
    read, aread = response.read, response.aread

    def read_and_record() -> bytes:
        with streamed.being_read():
            content: bytes = read()
        record_body(content, streamed)
        return content

    async def aread_and_record() -> bytes:
        with streamed.being_read():
            content: bytes = await aread()
        record_body(content, streamed)
        return content

    response.read, response.aread = read_and_record, aread_and_record
    on_close(response, streamed)


def record_body(content: bytes, streamed: Reading) -> None:
    answer = decoded(content)
    if answer is not None:
        streamed.passes(answer)
    streamed.ended()


def decoded(content: bytes) -> Any:
    """The JSON of a body, None where it is something else: a stream that was read as a whole."""
    try:
        return json.loads(content)
    except ValueError:
        return None


class _ClosedStreams:
    """Ends the calls of streams that were closed before their end, in a thread of its own.

    A stream that was dropped is closed by the garbage collector, in the middle of whatever a thread does, where no lock
    may be taken; to put something into a SimpleQueue is allowed even there.
    """

    def __init__(self) -> None:
        self._start_afresh()
        fork.after_in_child(self._start_afresh)

    def _start_afresh(self) -> None:
        self._queue: SimpleQueue[StreamedCall] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="signalfire-streams", daemon=True)
                    self._thread.start()

    def put(self, streamed: StreamedCall) -> None:
        self._queue.put(streamed)

    def _run(self) -> None:
        while True:
            streamed = self._queue.get()
            try:
                streamed.end_early()
            except Exception as error:  # noqa: BLE001 - the thread must go on
                internal_error("providers", error)
            del streamed


_closed_streams = _ClosedStreams()
