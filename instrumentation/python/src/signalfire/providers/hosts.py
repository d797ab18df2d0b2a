"""Which provider stands behind an address, by the names that genai-prices and the metrics have for them."""

import re

from signalfire._internal.model_providers import BY_DOMAIN
from signalfire.llm.charges import REGION
from signalfire.llm.usage import Conditions

CUSTOM = "custom"

# Addresses at which a call stays in one part of the world, which may have its price.
_REGIONAL = (
    re.compile(r"([a-z]{2})\.api\.openai\.com"),
    re.compile(r"api\.([a-z]{2})\.mistral\.ai"),
    re.compile(r"([a-z]+-[a-z]+\d+)-aiplatform\.googleapis\.com"),
    re.compile(r"aiplatform\.([a-z]{2})\.rep\.googleapis\.com"),
)


def conditions_at(host: str) -> Conditions:
    """What the price of a call depends on by the address that it goes to."""
    name = host.lower().rstrip(".")
    found = next((match for pattern in _REGIONAL if (match := pattern.fullmatch(name))), None)
    return () if found is None else ((REGION, found[1]),)


def provider_at(host: str) -> str:
    """The provider whose domain the host is or belongs to, regional subdomains included; else "custom"."""
    labels = host.lower().rstrip(".").split(".")
    domains = (".".join(labels[start:]) for start in range(len(labels)))
    known = (BY_DOMAIN[domain] for domain in domains if domain in BY_DOMAIN)
    found = next(known, None)
    if found is None and labels[-3:] == ["api", "openai", "com"]:
        return "openai"
    return found or CUSTOM
