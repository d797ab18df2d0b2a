"""The models on offer. They are a little faster than the real ones, so that an ordinary day raises no alert."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Model:
    owner: str
    first_token_seconds: float  # median
    tokens_per_second: float
    answer_tokens: int = 60  # median
    reasoning_tokens: int = 0  # median; paid for, never shown


UNPRICED_MODEL = "adwriter-preview"  # in no price list, as a model is on the day of its release

CHAT_MODELS = {
    "gpt-4o-mini": Model("openai", first_token_seconds=0.18, tokens_per_second=260),
    "gpt-4o": Model("openai", first_token_seconds=0.25, tokens_per_second=180),
    "gpt-4.1": Model("openai", first_token_seconds=0.26, tokens_per_second=180),
    "gpt-4.1-mini": Model("openai", first_token_seconds=0.20, tokens_per_second=260),
    "gpt-4.1-nano": Model("openai", first_token_seconds=0.14, tokens_per_second=340),
    "gpt-5-mini": Model("openai", first_token_seconds=0.20, tokens_per_second=500, reasoning_tokens=120),
    "gpt-5-pro": Model(
        "openai", first_token_seconds=0.40, tokens_per_second=800, answer_tokens=250, reasoning_tokens=400
    ),
    "o4-mini": Model("openai", first_token_seconds=0.30, tokens_per_second=500, reasoning_tokens=300),
    UNPRICED_MODEL: Model("mistral", first_token_seconds=0.40, tokens_per_second=800, answer_tokens=250),
    "mistral-small-latest": Model("mistral", first_token_seconds=0.16, tokens_per_second=260),
}
