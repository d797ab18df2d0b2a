"""Whose model it is, where the caller does not say."""

import functools
import importlib

UNKNOWN = "unknown"


@functools.lru_cache(maxsize=1000)
def provider_of(model: str) -> str:
    """The provider that genai-prices knows by the model's name; `unknown` where it is none's, or not installed."""
    try:
        snapshot = importlib.import_module("genai_prices.data_snapshot").get_snapshot()
        found: str = snapshot.find_provider(model.lower(), None, None).id
    except (ImportError, LookupError):
        return UNKNOWN
    return found
