"""The routes that make and end silences."""

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from grafana.viewer.server.config import Config, Datasource
from grafana.viewer.server.proxy import Proxy, read_body
from grafana.viewer.server.silences import LARGEST_BODY, TOKEN_HEADER, Id, Token, Wanted, explain

_ID: TypeAdapter[str] = TypeAdapter(Id)


class Silencing:
    """Hands silences that were asked for with the token to the first Alertmanager of the data sources."""

    def __init__(self, proxy: Proxy, config: Config) -> None:
        self._proxy = proxy
        self._token = Token()
        self._alertmanager = next(
            (source for source in config.datasources.values() if source.type == "alertmanager"), None
        )

    @property
    def token(self) -> str | None:
        """What the page has to send along; None where there is no Alertmanager to silence anything in."""
        return self._token.value if self._alertmanager else None

    def routes(self) -> list[Route]:
        return [
            Route("/api/silences", self.create, methods=["POST"]),
            Route("/api/silences/{id}", self.expire, methods=["DELETE"]),
        ]

    async def create(self, request: Request) -> Response:
        target = self._permitted(request)
        if isinstance(target, Response):
            return target
        # Only JSON: a form of another site can send everything else without asking first.
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return JSONResponse({"error": "the body has to be application/json"}, status_code=415)
        body = await read_body(request, LARGEST_BODY)
        if body is None:
            return JSONResponse({"error": f"the silence is longer than {LARGEST_BODY} bytes"}, status_code=413)
        try:
            wanted = Wanted.model_validate_json(body)
        except ValidationError as error:
            return JSONResponse({"error": explain(error)}, status_code=400)
        return await self._proxy.change("POST", target, "api/v2/silences", wanted.to_alertmanager())

    async def expire(self, request: Request) -> Response:
        target = self._permitted(request)
        if isinstance(target, Response):
            return target
        try:
            silence = _ID.validate_python(request.path_params["id"])
        except ValidationError:
            return JSONResponse({"error": f"{request.path_params['id']!r} is no id of a silence"}, status_code=400)
        return await self._proxy.change("DELETE", target, f"api/v2/silence/{silence}")

    def _permitted(self, request: Request) -> Datasource | Response:
        if self._alertmanager is None:
            return JSONResponse({"error": "no data source of the type alertmanager is configured"}, status_code=404)
        if not self._token.is_given_by(request.headers.get(TOKEN_HEADER)):
            message = f"{TOKEN_HEADER} is missing or of another start of the viewer: load the page again"
            return JSONResponse({"error": message, "reason": "token"}, status_code=403)
        return self._alertmanager
