"""The names of providers and models that libraries, gateways and clouds use."""

from decimal import Decimal

import pytest
from signalfire.costs import CostTracker
from signalfire.llm.names import provider_name
from signalfire.llm.prices import calculate_cost

from tests.support.models import CHAT_MODEL, MESSAGE_MODEL

BEDROCK = "anthropic.claude-sonnet-4-5-20250929-v1:0"

# A thousand tokens of input, by the providers' prices for a million.
EVERYDAY = [
    ("text-embedding-3-small", "0.00002"),
    (f"openai/{CHAT_MODEL}", "0.0001"),
    (f"openai:{CHAT_MODEL}", "0.0001"),
    ("ft:gpt-4o-mini:acme::abc", "0.0003"),
    ("ft:gpt-4o-mini-2024-07-18:acme::abc", "0.0003"),
    ("ft:gpt-4o-2024-08-06:acme::abc", "0.00375"),
    (f"anthropic/{MESSAGE_MODEL}", "0.002"),
    ("gemini/gemini-2.5-flash", "0.0003"),
    ("vertex_ai/gemini-2.5-pro", "0.00125"),
    ("models/gemini-2.5-flash", "0.0003"),
    (f"azure/{CHAT_MODEL}", "0.0001"),
    ("xai/grok-3-mini", "0.0003"),
    ("groq/llama-3.3-70b-versatile", "0.00059"),
    (f"openrouter/openai/{CHAT_MODEL}", "0.0001"),
    (" GPT-4o ", "0.0025"),
    ("azure/global/gpt-4o-2024-11-20", "0.0025"),
    ("azure/global-standard/gpt-4o-2024-08-06", "0.0025"),
    ("openai/responses/gpt-5", "0.00125"),
    ("litellm_proxy/openai/gpt-4o", "0.0025"),
    ("litellm/anthropic/claude-sonnet-4-5", "0.003"),
    ("openai/ft:gpt-4o-mini:acme::abc", "0.0003"),
    ("claude-sonnet-4-5@20250929", "0.003"),
    ("publishers/anthropic/models/claude-sonnet-4-5@20250929", "0.003"),
    ("projects/p/locations/us-central1/publishers/google/models/gemini-2.5-flash", "0.0003"),
    ("google-vertex:gemini-2.5-pro", "0.00125"),
    ("openrouter/meta-llama/llama-3.3-70b-instruct:free", "0"),
    ("gpt-5-2025-08-07", "0.00125"),
    ("command-r-08-2024", "0.00015"),
    (f"us.{BEDROCK}", "0.0033"),
    (f"apac.{BEDROCK}", "0.0033"),
    (f"bedrock/converse/us.{BEDROCK}", "0.0033"),
    (f"bedrock:global.{BEDROCK}", "0.003"),
    (f"arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:inference-profile/us-gov.{BEDROCK}", "0.0033"),
    (f"bedrock/{BEDROCK}", "0.0033"),
    (f"bedrock/us-east-1/{BEDROCK}", "0.0033"),
    (f"arn:aws:bedrock:us-east-1::foundation-model/{BEDROCK}", "0.0033"),
    (f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.{BEDROCK}", "0.0033"),
    (f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/global.{BEDROCK}", "0.003"),
]


@pytest.mark.parametrize(("model", "dollars"), EVERYDAY)
def test_everyday_names_are_priced_without_a_provider(model: str, dollars: str) -> None:
    assert CostTracker().track_api_call("o", model, 1000, 0) == Decimal(dollars)


@pytest.mark.parametrize(
    "model",
    [
        "nobody-knows",
        "openai/nobody-knows",
        "ft:gpt-4.1-2025-04-14:acme::abc",  # a fine-tuned model costs more than its base
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc",
        f"acme/{CHAT_MODEL}",
        "azure/eu/gpt-4o-2024-08-06",  # Azure's data zones cost more than its global deployments
        "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc",
        "ollama/llama3.3",
        "litellm_proxy/gpt-4o",  # whatever the gateway calls so
        "whisper-1",
    ],
)
def test_names_that_say_too_little_are_unpriced(model: str) -> None:
    assert CostTracker().track_api_call("o", model, 1000, 0) is None


@pytest.mark.parametrize(
    ("provider", "model", "dollars"),
    [
        ("openai", f"openai/{CHAT_MODEL}", "0.0001"),
        ("gemini", "gemini/gemini-2.5-flash", "0.0003"),
        ("vertex_ai", "gemini-2.5-pro", "0.00125"),
        ("litellm", f"anthropic/{MESSAGE_MODEL}", "0.002"),
        ("bedrock", f"us.{BEDROCK}", "0.0033"),
        ("aws", f"arn:aws:bedrock:us-east-1::foundation-model/{BEDROCK}", "0.0033"),
        ("google", "publishers/google/models/gemini-2.5-flash", "0.0003"),
        ("perplexity", "sonar", "0.013"),
    ],
)
def test_everyday_names_with_their_provider(provider: str, model: str, dollars: str) -> None:
    assert calculate_cost(provider, model, input_tokens=1000) == Decimal(dollars)


@pytest.mark.parametrize(
    ("provider", "model"), [("acme", CHAT_MODEL), ("custom", f"openai/{CHAT_MODEL}"), ("groq", f"openai/{CHAT_MODEL}")]
)
def test_a_name_does_not_bring_another_providers_price(provider: str, model: str) -> None:
    assert calculate_cost(provider, model, input_tokens=1000) is None


def test_names_of_providers() -> None:
    assert [provider_name(name) for name in ("Bedrock", "xai", "gemini", "openai", "Acme")] == [
        "aws",
        "x-ai",
        "google",
        "openai",
        "acme",
    ]
