"""Errors in the form that OpenAI gives them, from which its clients make their exceptions."""

import random

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse

RATE_LIMITED_SHARE = 0.01
FAILED_SHARE = 0.001
OVERLOADED_SHARE = 0.001


class ProviderError(Exception):
    def __init__(
        self, status: int, message: str, kind: str, *, code: str | None = None, param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}


def answer_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProviderError)
    headers = {"retry-after": "1"} if error.status in (429, 503) else None
    return JSONResponse(error.body, status_code=error.status, headers=headers)


def invalid_request(error: ValidationError) -> ProviderError:
    problem = error.errors()[0]
    param = ".".join(map(str, problem["loc"])) or None
    return ProviderError(400, f"Invalid request: {param}: {problem['msg']}", "invalid_request_error", param=param)


def unknown_model(model: str) -> ProviderError:
    message = f"The model `{model}` does not exist or you do not have access to it."
    return ProviderError(404, message, "invalid_request_error", code="model_not_found", param="model")


def missing_key() -> ProviderError:
    message = "You didn't provide an API key. Send it in the Authorization header: 'Authorization: Bearer YOUR_KEY'."
    return ProviderError(401, message, "invalid_request_error", code="invalid_api_key")


def overloaded() -> ProviderError:
    return ProviderError(503, "The engine is currently overloaded, please try again later.", "server_error")


def fail_sometimes(model: str) -> None:
    """The failures that every provider has on an ordinary day."""
    chance = random.random()
    if chance < RATE_LIMITED_SHARE:
        message = f"Rate limit reached for {model}: requests per minute. Please try again in 1s."
        raise ProviderError(429, message, "requests", code="rate_limit_exceeded")
    if chance < RATE_LIMITED_SHARE + FAILED_SHARE:
        raise ProviderError(
            500, "The server had an error while processing your request. Sorry about that!", "server_error"
        )
    if chance < RATE_LIMITED_SHARE + FAILED_SHARE + OVERLOADED_SHARE:
        raise overloaded()
