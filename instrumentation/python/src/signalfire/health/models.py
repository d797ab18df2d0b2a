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
from typing import Any

from signalfire._internal.attributes import type_name
from signalfire._internal.environment import is_url
from signalfire._internal.model_providers import BEARER, BY_NAME, Listing, provider_name
from signalfire.health.results import Finding, Status
from signalfire.settings import SettingError, problem

DEFAULT_LLM_TIMEOUT = 5.0
_SHARE_FOR_THE_CALL = 0.9  # of the check's timeout, so that the call can say itself what went wrong
_ANTHROPIC_VERSION = "2023-06-01"


def llm_check(
    provider: str, base_url: str | None, api_key: str | None, fresh_for: float, timeout: float
) -> Callable[[], Finding]:
    """The check; its finding holds for `fresh_for` seconds. Raises SettingError."""
    if not isinstance(provider, str) or not provider.strip():
        raise SettingError(f'provider is {provider!r}: name one, such as check_llm_connectivity("openai")')
    known = BY_NAME.get(provider_name(provider))
    listing = Listing() if known is None else known.listing
    address = base_url or own_address(listing)
    if address is None:
        raise SettingError(f"{missing_address(provider, known is not None, listing)}: give its base_url too")
    if not isinstance(address, str) or not is_url(address):
        source = "base_url" if base_url else set_variable(listing.base_url_variables) or "base_url"
        raise SettingError(problem(source, address, "write it as https://host/v1"))
    if not isinstance(fresh_for, int | float) or not fresh_for >= 0:
        raise SettingError(problem("fresh_for", fresh_for, "give seconds, 60 for example"))

    def check() -> Finding:
        key = api_key or first_variable(listing.key_variables)
        if key is None and listing.key_variables:
            return Finding(Status.UNHEALTHY, f"no API key was found, set {listing.key_variables[0]}")
        source = "api_key" if api_key else set_variable(listing.key_variables)
        url = address.rstrip("/") + (listing.path or "/")
        return list_models(url, listing, key, source, timeout * _SHARE_FOR_THE_CALL)

    return Kept(check, fresh_for)


def own_address(listing: Listing) -> str | None:
    """The provider's address: by the variable that its own client reads, else the one that all have."""
    told = first_variable(listing.base_url_variables)
    if told is not None:
        return told
    if not listing.region_variables:
        return listing.base_url or None
    region = first_variable(listing.region_variables)
    return None if region is None else listing.base_url.format(region)


def missing_address(provider: str, is_known: bool, listing: Listing) -> str:
    if not is_known:
        return f"provider is {provider!r}, which is not one of {', '.join(sorted(BY_NAME))}"
    variables = (*listing.base_url_variables, *listing.region_variables)
    return f"{provider} has another address for each customer" + (
        f", and {variables[0]} is not set" if variables else ""
    )


def list_models(url: str, listing: Listing, key: str | None, key_source: str | None, timeout: float) -> Finding:
    request = urllib.request.Request(url, headers={"User-Agent": "signalfire"})  # noqa: S310 - checked above
    if key is not None:
        bearer = listing.key_header == BEARER
        request.add_header(listing.key_header, f"Bearer {key}" if bearer else key)
    if listing.key_header == "x-api-key":
        request.add_header("anthropic-version", _ANTHROPIC_VERSION)
    try:
        with _opener.open(request, timeout=timeout):
            return Finding(Status.HEALTHY)
    except urllib.error.HTTPError as answer:
        with answer:
            return finding_of(answer.code, listing, key_source)
    except urllib.error.URLError as error:
        return Finding(Status.UNHEALTHY, f"cannot be reached: {words_for(error.reason)}")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Finding(Status.UNHEALTHY, f"cannot be reached: {words_for(error)}")


def finding_of(status: int, listing: Listing, key_source: str | None) -> Finding:
    """What an answer other than 200 means. `key_source` is the keyword or variable that the key came from."""
    if status == 429:
        return Finding(Status.DEGRADED, "can be reached, but the rate limit is used up (HTTP 429)")
    if listing.path is None and status < 500:  # it answers, and there is nothing more to be asked
        return Finding(Status.HEALTHY)
    if status in {401, 403}:
        where = f": look at {key_source}" if key_source else ""
        return Finding(Status.UNHEALTHY, f"can be reached, but refuses the API key (HTTP {status}){where}")
    if status >= 500:
        return Finding(Status.UNHEALTHY, f"answers HTTP {status}")
    return Finding(Status.DEGRADED, f"answers HTTP {status} when asked for its models: look at base_url")


def words_for(error: object) -> str:
    """An error without what it may quote: a header that cannot be sent would bring the key."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type_name(error)


def first_variable(names: tuple[str, ...]) -> str | None:
    """The value of the first variable that is set."""
    name = set_variable(names)
    return None if name is None else os.environ[name].strip()


def set_variable(names: tuple[str, ...]) -> str | None:
    """The first variable that is set."""
    return next((name for name in names if os.environ.get(name, "").strip()), None)


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
