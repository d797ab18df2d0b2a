"""A check that a model provider answers and takes the API key.

With the standard library's client: it is always there, and no instrumentation makes spans of it.
"""

import http.client
import os
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from signalfire import masking
from signalfire.health.results import Finding, Status
from signalfire.settings import SettingError

DEFAULT_LLM_TIMEOUT = 5.0
_SHARE_FOR_THE_CALL = 0.9  # of the check's timeout, so that the call can say itself what went wrong
_ANTHROPIC_VERSION = "2023-06-01"


@dataclass(frozen=True, slots=True)
class Provider:
    """Where a provider lists its models, and which environment variables its own client reads."""

    base_url: str
    key_variables: tuple[str, ...] = ()
    base_url_variables: tuple[str, ...] = ()
    models_path: str = "/models"
    key_header: str = "Authorization"


PROVIDERS = {
    "openai": Provider("https://api.openai.com/v1", ("OPENAI_API_KEY",), ("OPENAI_BASE_URL",)),
    "anthropic": Provider(
        "https://api.anthropic.com",
        ("ANTHROPIC_API_KEY",),
        ("ANTHROPIC_BASE_URL",),
        models_path="/v1/models",
        key_header="x-api-key",
    ),
    "google": Provider(
        "https://generativelanguage.googleapis.com/v1beta",
        ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        key_header="x-goog-api-key",
    ),
    "mistral": Provider("https://api.mistral.ai/v1", ("MISTRAL_API_KEY",)),
    "groq": Provider("https://api.groq.com/openai/v1", ("GROQ_API_KEY",)),
    "deepseek": Provider("https://api.deepseek.com", ("DEEPSEEK_API_KEY",)),
    "ollama": Provider("http://127.0.0.1:11434/v1"),
}


def llm_check(
    provider: str, base_url: str | None, api_key: str | None, fresh_for: float, timeout: float
) -> Callable[[], Finding]:
    """The check; its finding holds for `fresh_for` seconds. Raises SettingError."""
    known = PROVIDERS.get(provider.lower())
    if known is None and base_url is None:
        raise SettingError(
            f"provider is {provider!r}, which is not one of {', '.join(sorted(PROVIDERS))}: give its base_url too"
        )
    chosen = known or Provider("")
    address = base_url or first_variable(chosen.base_url_variables) or chosen.base_url
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingError(
            f"base_url is {masking.mask_text(address)!r}, which is no address: write it as https://host/v1"
        )
    if not fresh_for >= 0:
        raise SettingError(f"fresh_for is {fresh_for!r}: give seconds, 60 for example")

    def check() -> Finding:
        key = api_key or first_variable(chosen.key_variables)
        if key is None and chosen.key_variables:
            return Finding(Status.UNHEALTHY, f"no API key was found, set {chosen.key_variables[0]}")
        return list_models(address.rstrip("/") + chosen.models_path, chosen, key, timeout * _SHARE_FOR_THE_CALL)

    return Kept(check, fresh_for)


def list_models(url: str, provider: Provider, key: str | None, timeout: float) -> Finding:
    request = urllib.request.Request(url, headers={"User-Agent": "signalfire"})  # noqa: S310 - checked above
    if key is not None:
        bearer = provider.key_header == "Authorization"
        request.add_header(provider.key_header, f"Bearer {key}" if bearer else key)
    if provider.key_header == "x-api-key":
        request.add_header("anthropic-version", _ANTHROPIC_VERSION)
    try:
        with _opener.open(request, timeout=timeout):
            return Finding(Status.HEALTHY)
    except urllib.error.HTTPError as answer:
        with answer:
            return finding_of(answer.code, provider)
    except urllib.error.URLError as error:
        return Finding(Status.UNHEALTHY, f"cannot be reached: {words_for(error.reason)}")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Finding(Status.UNHEALTHY, f"cannot be reached: {words_for(error)}")


def finding_of(status: int, provider: Provider) -> Finding:
    """What an answer other than 200 means."""
    if status in {401, 403}:
        variable = f": look at {provider.key_variables[0]}" if provider.key_variables else ""
        return Finding(Status.UNHEALTHY, f"can be reached, but refuses the API key (HTTP {status}){variable}")
    if status == 429:
        return Finding(Status.DEGRADED, "can be reached, but the rate limit is used up (HTTP 429)")
    if status >= 500:
        return Finding(Status.UNHEALTHY, f"answers HTTP {status}")
    return Finding(Status.DEGRADED, f"answers HTTP {status} when asked for its models: look at base_url")


def words_for(error: object) -> str:
    """An error without what it may quote: a header that cannot be sent would bring the key."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__


def first_variable(names: tuple[str, ...]) -> str | None:
    return next((value for name in names if (value := os.environ.get(name, "").strip())), None)


class Kept:
    """Calls a check again only when its last finding is older than `seconds`."""

    def __init__(self, check: Callable[[], Finding], seconds: float) -> None:
        self._check = check
        self._seconds = seconds
        self._lock = threading.Lock()
        self._finding: Finding | None = None
        self._time = 0.0

    def __call__(self) -> Finding:
        with self._lock:
            if self._finding is None or time.monotonic() - self._time >= self._seconds:
                self._finding = self._check()
                self._time = time.monotonic()
            return self._finding


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirection: a key is for the host that it was given for."""

    def redirect_request(self, *_: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect)
