"""The routes of the stand-in."""

from collections.abc import Awaitable, Callable
from typing import Any

from signalfire import setup_monitoring
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from examples.adplatform.database import open_database
from examples.adplatform.faults import Fault, FaultBoard
from examples.adplatform.provider import errors
from examples.adplatform.provider.catalogue import CHAT_MODELS
from examples.adplatform.provider.chat import complete_chat
from examples.adplatform.provider.tokens import PromptCache
from examples.adplatform.running import flush_at_the_end

Endpoint = Callable[[Request], Awaitable[Response]]


def create_app(database_url: str) -> Starlette:
    app = Starlette(
        routes=[
            Route("/v1/models", guarded(list_models)),
            Route("/v1/models/{model}", guarded(show_model)),
            Route("/v1/chat/completions", guarded(complete_chat), methods=["POST"]),
        ],
        exception_handlers={errors.ProviderError: errors.answer_error},
        lifespan=flush_at_the_end,
    )
    app.state.monitoring = setup_monitoring(app, service_name="model-provider")
    app.state.faults = FaultBoard(open_database(database_url))
    app.state.prompt_cache = PromptCache()
    return app


def guarded(endpoint: Endpoint) -> Endpoint:
    """Asks for a key, any key, and refuses everything while the provider is down."""

    async def guarded_endpoint(request: Request) -> Response:
        faults: FaultBoard = request.app.state.faults
        if faults.active(Fault.PROVIDER_DOWN):
            raise errors.overloaded()
        if not request.headers.get("authorization", "").startswith("Bearer "):
            raise errors.missing_key()
        return await endpoint(request)

    return guarded_endpoint


async def list_models(_request: Request) -> Response:
    return JSONResponse({"object": "list", "data": [model_view(name) for name in CHAT_MODELS]})


async def show_model(request: Request) -> Response:
    name = request.path_params["model"]
    if name not in CHAT_MODELS:
        raise errors.unknown_model(name)
    return JSONResponse(model_view(name))


def model_view(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1735689600, "owned_by": CHAT_MODELS[name].owner}
