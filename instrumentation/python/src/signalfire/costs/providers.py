"""Whose model it is, where the caller does not say."""

import functools
import importlib
from typing import Any

from signalfire.llm.names import provider_in

UNKNOWN = "unknown"
# Who makes the models that they sell. A name that only one of them lists is theirs, whoever else sells it, too.
_MAKERS = frozenset(
    {
        "anthropic",
        "cohere",
        "deepseek",
        "google",
        "minimax",
        "mistral",
        "moonshotai",
        "openai",
        "perplexity",
        "voyageai",
        "x-ai",
        "zai",
    }
)


@functools.lru_cache(maxsize=1000)
def provider_of(model: str) -> str:
    """The provider that the model's name says or that genai-prices knows by it; `unknown` where it is nobody's.

    A name that several sell, and no maker of models, is nobody's: each has a price of its own for it.
    """
    said = provider_in(model)
    if said is not None:
        return said
    try:
        snapshot = importlib.import_module("genai_prices.data_snapshot").get_snapshot()
    except ImportError:
        return UNKNOWN
    return _known_by_name(snapshot, model.strip().lower())


def _known_by_name(snapshot: Any, model: str) -> str:
    try:
        found: str = snapshot.find_provider(model, None, None).id
    except LookupError:
        sellers = [provider.id for provider in snapshot.providers if provider.find_model(model) is not None]
        makers = [seller for seller in sellers if seller in _MAKERS]
        candidates = makers or sellers
        return candidates[0] if len(candidates) == 1 else UNKNOWN
    return found
