"""The models on offer, and what each is for. Where their provider ends one, this is the place to change it.

They are a little faster than the real ones, so that an ordinary day raises no alert.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Model:
    owner: str
    first_token_seconds: float  # median
    tokens_per_second: float
    answer_tokens: int = 60  # median
    reasoning_tokens: int = 0  # median; paid for, never shown


SMALL_MODEL = "gpt-6-luna"  # much work, little money
REASONING_MODEL = "gpt-6.1-terra"
LARGEST_MODEL = "gpt-6-astra"  # for those who need not look at the bill
SMALL_MODEL_OF_MISTRAL = "mistral-small-latest"
UNPRICED_MODEL = "adwriter-preview"  # in no price list, as a model is on the day of its release

CHAT_MODELS = {
    SMALL_MODEL: Model("openai", first_token_seconds=0.16, tokens_per_second=300),
    REASONING_MODEL: Model("openai", first_token_seconds=0.20, tokens_per_second=500, reasoning_tokens=120),
    LARGEST_MODEL: Model(
        "openai", first_token_seconds=0.40, tokens_per_second=800, answer_tokens=250, reasoning_tokens=400
    ),
    UNPRICED_MODEL: Model("mistral", first_token_seconds=0.40, tokens_per_second=800, answer_tokens=250),
    SMALL_MODEL_OF_MISTRAL: Model("mistral", first_token_seconds=0.16, tokens_per_second=260),
}
