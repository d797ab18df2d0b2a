"""A server that answers as model providers do, with the answers in the folder beside this file.

The first part of the path names the answer: a client with the base URL `…/chat-cached` gets chat-cached.json. Files in
JSON are whole answers, `error-429.json` with that status; files in SSE are streams. As at OpenAI, the chunk with a
stream's usage comes only where the request asks for it. Where any model does, they have "CHAT_MODEL" or
"MESSAGE_MODEL" for its name.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tests.support.models import CHAT_MODEL, MESSAGE_MODEL

ANSWERS = Path(__file__).with_name("answers")
SLOW = 30.0  # seconds until the answer named "slow"


class ModelServer(Starlette):
    """The server; `bodies` are the requests that it got, `pause` the seconds between a stream's events."""

    def __init__(self) -> None:
        super().__init__(routes=[Route("/{name}/{path:path}", self.answer, methods=["GET", "POST"])])
        self.bodies: list[dict[str, Any]] = []
        self.failures_left = 0
        self.pause = 0.002

    async def answer(self, request: Request) -> Response:
        is_json = request.method == "POST" and request.headers.get("content-type") == "application/json"
        body = json.loads(await request.body()) if is_json else {}
        self.bodies.append(body)
        if self.failures_left:
            self.failures_left -= 1
            return whole("error-500")
        name = request.path_params["name"]
        if name == "slow":
            await asyncio.sleep(SLOW)
        events = ANSWERS / f"{name}.sse"
        if not events.exists():
            return whole(name)
        wants_usage = (body.get("stream_options") or {}).get("include_usage", False)
        stream = self.stream(recorded(events), wants_usage, breaks="broken" in name)
        return StreamingResponse(stream, media_type="text/event-stream")

    async def stream(self, events: str, wants_usage: bool, *, breaks: bool) -> AsyncIterator[str]:
        for event in events.split("\n\n"):
            if not event or ('"choices": []' in event and not wants_usage):
                continue
            yield f"{event}\n\n"
            await asyncio.sleep(self.pause)
        if breaks:
            raise ConnectionAbortedError  # the rest never comes


def whole(name: str) -> Response:
    status = int(name.removeprefix("error-")) if name.startswith("error-") else 200
    return Response(recorded(ANSWERS / f"{name}.json"), status, media_type="application/json")


def recorded(file: Path) -> str:
    text = file.read_text("utf-8")
    return text.replace('"CHAT_MODEL"', f'"{CHAT_MODEL}"').replace('"MESSAGE_MODEL"', f'"{MESSAGE_MODEL}"')
