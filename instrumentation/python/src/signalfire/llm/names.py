"""The names that libraries, gateways and clouds have for providers and models, and those that genai-prices has."""

import re
from collections.abc import Iterator
from types import MappingProxyType

from signalfire._internal.model_providers import BY_NAME
from signalfire._internal.model_providers import provider_name as provider_name

MAX_NAME = 200  # characters of a model's name: in a label, on a span, in the ledger

_BEDROCK = re.compile(
    r"arn:aws[\w-]*:bedrock:|(?:[a-z]{2,6}(?:-gov)?\.)?(?:ai21|amazon|anthropic|cohere|deepseek|luma|meta|minimax|mistral"
    r"|moonshotai?|openai|qwen|stability|twelvelabs|writer|zai)\.[a-z]"
)
_GATEWAYS = frozenset({"", "litellm", "litellm_proxy"})  # whose names of models say who answers
# What LiteLLM writes before a model's name: by which interface it is called, and that Azure may answer from anywhere.
_ROUTES = MappingProxyType(
    {
        "openai": re.compile(r"responses/"),
        "azure": re.compile(r"(?:responses/)?(?:global(?:-standard)?/)?"),
        "aws": re.compile(r"(?:converse|invoke)/"),
    }
)
_GOOGLES_FOLDER = re.compile(r"(?:projects/[^/]+/locations/[^/]+/)?(?:publishers/[^/]+/)?models/")
# OpenAI's shorter names of the one snapshot of a model that can be fine-tuned. A fine-tuned model has its own price.
_FINE_TUNED = MappingProxyType({"ft:gpt-4o:": "ft:gpt-4o-2024-08-06:", "ft:gpt-4o-mini:": "ft:gpt-4o-mini-2024-07-18:"})


def is_provider(name: str) -> bool:
    """Whether a provider of that name is known."""
    return provider_name(name) in BY_NAME


def divided(model: str) -> tuple[str, str] | None:
    """Provider and model of a name such as `anthropic/claude-sonnet-5-5` or `openai:gpt-6-luna`; None of others."""
    for mark in "/:":
        prefix, found, rest = model.partition(mark)
        if found and prefix and prefix.lower() in _GATEWAYS:
            return divided(rest)
        if found and rest and is_provider(prefix):
            return provider_name(prefix), rest
    return None


def names_of(provider: str, model: str) -> Iterator[tuple[str, str]]:
    """The names by which a list of prices may know a provider's model, the given ones first. Some may come twice."""
    model = model.strip()
    yield provider, model
    name = provider_name(provider)
    yield name, model
    found = divided(model)
    if found is not None and (found[0] == name or name in _GATEWAYS):
        yield from names_of(*found)
    plain = _without_places(name, model)
    if plain != model:
        yield name, plain


def _without_places(provider: str, model: str) -> str:
    """A model's name without the account, region or folder that stands around it, and in full."""
    small = model.lower()
    if provider in _ROUTES:
        small = _ROUTES[provider].sub("", small, count=1) if _ROUTES[provider].match(small) else small
    if provider == "aws":
        return small.rpartition("/")[2]
    if provider == "google":
        return _GOOGLES_FOLDER.sub("", small).removesuffix("@default")
    for short, full in _FINE_TUNED.items():
        if provider == "openai" and small.startswith(short):
            return full + small.removeprefix(short)
    return small


def provider_in(model: str) -> str | None:
    """The provider that a model's name says itself: a prefix, Bedrock's forms, a fine-tuned model of OpenAI's."""
    small = model.strip().lower()
    if _BEDROCK.match(small):
        return "aws"
    if small.startswith("ft:"):
        return "openai"
    if small.startswith(("projects/", "publishers/")):
        return "google"
    found = divided(small)
    return None if found is None else found[0]
