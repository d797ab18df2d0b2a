"""The models that the documentation, the examples and the tests name: such as their providers offer today.

Tests for which any model does import the names from here. Pages and examples have to spell them out;
tests/unit/docs/test_models.py holds those against `OFFERED`, and against the price list. Where a provider ends a model,
change it here, run that test, and run the command that it says. A test that is about one particular model, such as a
tier that only it has, names that one itself, however old it is: bills of the past have to be right too.
"""

CHAT_MODEL = "gpt-6-luna"  # any model of OpenAI's
OTHER_CHAT_MODEL = "gpt-6.1-terra"  # another one, with another price
MESSAGE_MODEL = "claude-sonnet-5-5"  # any model of Anthropic's
TOKENS_FOR_A_DOLLAR = 500_000  # of input to MESSAGE_MODEL, at two dollars a million however many they are
EMBEDDING_MODEL = "text-embedding-3-small"

# Every model that a page, an example or a docstring may name → who offers it, as the price list calls them.
OFFERED = {
    CHAT_MODEL: "openai",
    OTHER_CHAT_MODEL: "openai",
    "gpt-6.1-sol": "openai",
    "gpt-6-astra": "openai",
    EMBEDDING_MODEL: "openai",
    MESSAGE_MODEL: "anthropic",
    "gemini-3.5-flash-lite": "google",
    "mistral-small-latest": "mistral",
    "whisper-large-v3": "groq",
}
