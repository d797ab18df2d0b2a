"""What answers of many providers cost, to the last digit: each sum worked out by hand from their prices a million."""

from decimal import Decimal
from typing import Any

import pytest
from signalfire import track_ai_call
from signalfire.llm.call import AiCall

MILLION = 1_000_000
Answer = dict[str, Any]


def said(provider: str, model: str, *answers: Answer) -> AiCall:
    with track_ai_call(provider, model) as call:
        for answer in answers:
            call.record_response(answer)
    return call


def cost_of(provider: str, model: str, *answers: Answer) -> Decimal | None:
    call = said(provider, model, *answers)
    return None if call.price is None else call.price.cost


def worked_out(*parts: tuple[int, str]) -> Decimal:
    """(tokens, dollars for a million of them), summed."""
    return sum((tokens * Decimal(price) for tokens, price in parts), Decimal(0)) / MILLION


def chat(*, choices: int = 1, tier: str | None = None, model: str | None = None, **usage: Any) -> Answer:
    ended = [{"index": n, "finish_reason": "stop", "message": {"role": "assistant"}} for n in range(choices)]
    more = {name: value for name, value in (("service_tier", tier), ("model", model)) if value}
    return {"id": "c", "object": "chat.completion", "choices": ended, "usage": usage, **more}


def response(usage: Answer, *kinds: str, tier: str | None = None) -> Answer:
    output = [{"type": kind, "action": {"type": "search"} if kind == "web_search_call" else None} for kind in kinds]
    return {
        "id": "r",
        "object": "response",
        "status": "completed",
        "output": output,
        "usage": usage,
        "service_tier": tier,
    }


def message(**usage: Any) -> Answer:
    return {"id": "m", "type": "message", "stop_reason": "end_turn", "usage": usage}


def gemini(grounding: Any = None, ended: bool = True, **usage: Any) -> Answer:
    candidate = {"finishReason": "STOP" if ended else None, "groundingMetadata": grounding}
    return {"candidates": [candidate], "usageMetadata": usage}


def converse(**usage: Any) -> Answer:
    return {"stopReason": "end_turn", "usage": usage}


def realtime(inputs: Answer, outputs: Answer, **usage: Any) -> Answer:
    details = {"input_token_details": inputs, "output_token_details": outputs}
    return {"type": "response.done", "response": {"id": "r", "status": "completed", "usage": {**usage, **details}}}


def modalities(**tokens: int) -> list[Answer]:
    return [{"modality": name.upper(), "tokenCount": number} for name, number in tokens.items()]


SONNET = "anthropic.claude-sonnet-4-5-20250929-v1:0"
KEPT = {"cached_tokens": 0, "cache_creation_tokens": 10_000}
KEPT_FOR_AN_HOUR = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 10_000}
SEARCHES = {"webSearchQueries": ["tides", "moon", "", "tides"]}
GEMINI_STREAM = [
    gemini({"webSearchQueries": ["tides"]}, ended=False, promptTokenCount=1000, candidatesTokenCount=40),
    gemini({"webSearchQueries": ["tides", "moon"]}, ended=False, promptTokenCount=1000, candidatesTokenCount=70),
    gemini(promptTokenCount=1000, candidatesTokenCount=100),
]
CLAUDE_STREAM_AT_BEDROCK = [
    {"type": "message_start", "message": message(input_tokens=1000, output_tokens=1)},
    {"type": "content_block_delta", "delta": {"text": "Run."}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 10}},
    {
        "type": "message_stop",
        "amazon-bedrock-invocationMetrics": {"inputTokenCount": 1000, "outputTokenCount": 10, "invocationLatency": 9},
    },
]
IMAGES = {"input_tokens_details": {"text_tokens": 400, "image_tokens": 600}}

COSTS: list[tuple[str, str, list[Answer], Decimal]] = [
    # LiteLLM's account of Anthropic's cache and searches: 100 plain, 10,000 kept for an hour, three searches.
    *(
        (
            provider,
            model,
            [
                chat(
                    prompt_tokens=10_100,
                    completion_tokens=50,
                    total_tokens=10_150,
                    prompt_tokens_details={**KEPT, "cache_creation_token_details": KEPT_FOR_AN_HOUR},
                    cache_creation_input_tokens=10_000,
                    cache_read_input_tokens=0,
                    server_tool_use={"web_search_requests": 3},
                )
            ],
            Decimal("0.09105"),
        )
        for provider, model in (
            ("anthropic", "claude-sonnet-4-5"),
            ("litellm", "anthropic/claude-sonnet-4-5"),
        )
    ),
    # OpenAI's tiers, caches, tools, choices and kinds of tokens together.
    ("openai", "GPT-5", [chat(prompt_tokens=1000, completion_tokens=100)], Decimal("0.00225")),
    ("openai", "gpt-5-2025-08-07", [chat(prompt_tokens=1000, completion_tokens=100)], Decimal("0.00225")),
    (
        "openai",
        "gpt-5",
        [chat(tier="fast", prompt_tokens=1000, completion_tokens=100)],
        worked_out((1000, "2.5"), (100, "20")),
    ),
    (
        "openai",
        "gpt-5",
        [
            chat(
                prompt_tokens=1000,
                completion_tokens=100,
                prompt_tokens_details=None,
                completion_tokens_details=None,
            )
        ],
        Decimal("0.00225"),
    ),
    (
        "openai",
        "gpt-4o",
        [chat(choices=3, prompt_tokens=100, completion_tokens=300, total_tokens=400)],
        worked_out((100, "2.5"), (300, "10")),
    ),
    (
        "openai",
        "gpt-6-sol",
        [
            response(
                {
                    "input_tokens": 10_000,
                    "output_tokens": 100,
                    "input_tokens_details": {"cached_tokens": 4000, "cache_write_tokens": 5000},
                },
                tier="priority",
            )
        ],
        worked_out((1000, "4"), (5000, "5"), (4000, "0.4"), (100, "20")),
    ),
    (
        "openai",
        "gpt-6-sol",
        [response({"input_tokens": 300_000, "output_tokens": 100})],
        worked_out((300_000, "4"), (100, "15")),
    ),
    (
        "openai",
        "gpt-4o",
        [response({"input_tokens": 1000, "output_tokens": 100}, "web_search_call", "file_search_call")],
        Decimal("0.0035") + Decimal("0.0125"),
    ),
    (
        "openai",
        "gpt-realtime",
        [
            realtime(
                {
                    "cached_tokens": 600,
                    "text_tokens": 300,
                    "audio_tokens": 700,
                    "cached_tokens_details": {"text_tokens": 100, "audio_tokens": 500},
                },
                {"text_tokens": 100, "audio_tokens": 400},
                input_tokens=1000,
                output_tokens=500,
                total_tokens=1500,
            )
        ],
        worked_out((200, "4"), (100, "0.4"), (200, "32"), (500, "0.4"), (100, "16"), (400, "64")),
    ),
    (
        "openai",
        "gpt-audio",
        [
            chat(
                prompt_tokens=1000,
                completion_tokens=100,
                prompt_tokens_details={"audio_tokens": 500},
                completion_tokens_details={"audio_tokens": 80},
            )
        ],
        worked_out((500, "2.5"), (500, "32"), (20, "10"), (80, "64")),
    ),
    (
        "openai",
        "gpt-4o-transcribe",
        [
            {
                "text": "…",
                "usage": {
                    "type": "tokens",
                    "input_tokens": 1000,
                    "output_tokens": 100,
                    "total_tokens": 1100,
                    "input_token_details": {"audio_tokens": 900, "text_tokens": 100},
                },
            }
        ],
        worked_out((100, "2.5"), (900, "6"), (100, "10")),
    ),
    (
        "openai",
        "gpt-image-1.5",
        [
            {
                "created": 1,
                "data": [],
                "usage": {
                    "input_tokens": 1000,
                    "output_tokens": 5000,
                    "output_tokens_details": {"image_tokens": 4900, "text_tokens": 100},
                    **IMAGES,
                },
            }
        ],
        worked_out((400, "5"), (600, "8"), (4900, "32"), (100, "10")),
    ),
    (
        "openai",
        "gpt-image-1",
        [{"created": 1, "data": [], "usage": {"input_tokens": 1000, "output_tokens": 5000, **IMAGES}}],
        worked_out((400, "5"), (600, "10"), (5000, "40")),
    ),
    # A name that says more or less than the list's.
    ("openai", "FT:gpt-4o-mini-2024-07-18:acme::X", [chat(prompt_tokens=1000, completion_tokens=0)], Decimal("0.0003")),
    (
        "azure",
        "our-deployment",
        [chat(model="gpt-4o-2024-11-20", prompt_tokens=1000, completion_tokens=100)],
        Decimal("0.0035"),
    ),
    ("azure", "azure/gpt-4o", [chat(prompt_tokens=1000, completion_tokens=100)], Decimal("0.0035")),
    (
        "litellm",
        "vertex_ai/claude-sonnet-4-5@20250929",
        [chat(prompt_tokens=1000, completion_tokens=0)],
        Decimal("0.003"),
    ),
    ("google", "claude-sonnet-4-5@20250929", [message(input_tokens=1000, output_tokens=0)], Decimal("0.003")),
    (
        "openrouter",
        "meta-llama/llama-3.3-70b-instruct:free",
        [chat(prompt_tokens=1000, completion_tokens=10)],
        Decimal(0),
    ),
    *(
        ("aws", name, [converse(inputTokens=1000, outputTokens=0, totalTokens=1000)], Decimal(price) / 1000)
        for name, price in (
            (SONNET, "3.3"),
            (f"global.{SONNET}", "3"),
            (f"us.{SONNET}", "3.3"),
            (f"eu.{SONNET}", "3.3"),
            (f"apac.{SONNET}", "3.3"),
            (f"jp.{SONNET}", "3.3"),
            (f"us-gov.{SONNET}", "3.3"),
            (f"US.{SONNET.upper()}", "3.3"),
            (f"converse/us.{SONNET}", "3.3"),
            (f"arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:inference-profile/us-gov.{SONNET}", "3.3"),
        )
    ),
    # Bedrock: kept for an hour, as events, and through InvokeModel.
    (
        "aws",
        f"us.{SONNET}",
        [
            converse(
                inputTokens=100,
                outputTokens=50,
                totalTokens=10_150,
                cacheReadInputTokens=0,
                cacheWriteInputTokens=10_000,
                cacheDetails=[{"ttl": "1h", "inputTokens": 10_000}],
            )
        ],
        worked_out((100, "3.3"), (10_000, "6.6"), (50, "16.5")),
    ),
    (
        "aws",
        f"us.{SONNET}",
        [
            {"messageStart": {"role": "assistant"}},
            {"messageStop": {"stopReason": "end_turn"}},
            {"metadata": {"usage": {"inputTokens": 1000, "outputTokens": 10, "totalTokens": 1010}}},
        ],
        worked_out((1000, "3.3"), (10, "16.5")),
    ),
    (
        "aws",
        f"us.{SONNET}",
        [message(input_tokens=1000, output_tokens=10, cache_read_input_tokens=500)],
        worked_out((1000, "3.3"), (500, "0.33"), (10, "16.5")),
    ),
    ("aws", f"us.{SONNET}", CLAUDE_STREAM_AT_BEDROCK, worked_out((1000, "3.3"), (10, "16.5"))),
    # Anthropic: caches of both lifetimes, a batch.
    (
        "anthropic",
        "claude-sonnet-4-5",
        [
            message(
                input_tokens=100,
                output_tokens=10,
                cache_read_input_tokens=1000,
                cache_creation_input_tokens=3000,
                cache_creation={"ephemeral_5m_input_tokens": 1000, "ephemeral_1h_input_tokens": 2000},
            )
        ],
        worked_out((100, "3"), (1000, "0.3"), (1000, "3.75"), (2000, "6"), (10, "15")),
    ),
    (
        "anthropic",
        "claude-sonnet-4-5",
        [message(input_tokens=1000, output_tokens=0, service_tier="batch")],
        Decimal("0.0015"),
    ),
    # Gemini: sound, cached sound, thoughts, the Live API, tiers, searches, images, interactions.
    (
        "google",
        "gemini-2.5-flash",
        [gemini(promptTokenCount=1000, candidatesTokenCount=100, thoughtsTokenCount=400, totalTokenCount=1500)],
        worked_out((1000, "0.3"), (500, "2.5")),
    ),
    (
        "google",
        "gemini-2.5-flash",
        [
            gemini(
                promptTokenCount=1000,
                cachedContentTokenCount=500,
                cacheTokensDetails=modalities(audio=500),
                promptTokensDetails=modalities(text=200, audio=800),
                candidatesTokenCount=100,
                totalTokenCount=1100,
            )
        ],
        worked_out((200, "0.3"), (300, "1"), (500, "0.1"), (100, "2.5")),
    ),
    (
        "google",
        "gemini-3.8-live",
        [
            {
                "serverContent": {"turnComplete": True},
                "usageMetadata": {
                    "promptTokenCount": 1000,
                    "responseTokenCount": 200,
                    "totalTokenCount": 1200,
                    "promptTokensDetails": modalities(audio=400, image=600),
                    "responseTokensDetails": modalities(audio=200),
                },
            }
        ],
        worked_out((400, "3"), (600, "1"), (200, "12")),
    ),
    (
        "google",
        "gemini-2.5-flash-image",
        [
            gemini(
                promptTokenCount=100,
                candidatesTokenCount=1300,
                candidatesTokensDetails=modalities(image=1290),
                totalTokenCount=1400,
            )
        ],
        worked_out((100, "0.3"), (1290, "30"), (10, "2.5")),
    ),
    ("gemini", "models/gemini-2.5-pro", [gemini(promptTokenCount=250_000)], worked_out((250_000, "2.5"))),
    (
        "google",
        "gemini-2.5-flash",  # by the prompt
        [gemini(SEARCHES, promptTokenCount=1000, candidatesTokenCount=100)],
        worked_out((1000, "0.3"), (100, "2.5")) + Decimal("0.035"),
    ),
    (
        "google",
        "gemini-2.5-flash",
        [
            chat(
                prompt_tokens=1000,
                completion_tokens=100,
                total_tokens=1500,
                prompt_tokens_details={"cached_tokens": 500},
            )
        ],
        worked_out((500, "0.3"), (500, "0.03"), (500, "2.5")),
    ),
    # Mistral: a conversation about sound, a transcription, pages with and without annotations, the cache.
    (
        "mistral",
        "voxtral-small-latest",
        [chat(prompt_tokens=100, completion_tokens=50, total_tokens=150, prompt_audio_seconds=3600)],
        worked_out((100, "0.1"), (50, "0.4")) + Decimal("0.24"),
    ),
    (
        "mistral",
        "voxtral-small-latest",
        [chat(prompt_tokens=100, completion_tokens=50, total_tokens=150, prompt_audio_seconds={})],
        worked_out((100, "0.1"), (50, "0.4")),
    ),
    (
        "mistral",
        "voxtral-mini-latest",
        [
            {
                "text": "…",
                "usage": {
                    "prompt_audio_seconds": 3600,
                    "prompt_tokens": 4,
                    "completion_tokens": 631,
                    "total_tokens": 635,
                },
            }
        ],
        Decimal("0.18"),
    ),
    ("mistral", "mistral-ocr-2505", [{"pages": [], "usage_info": {"pages_processed": 10}}], Decimal("0.01")),
    (
        "mistral",
        "mistral-ocr-2505",
        [{"pages": [], "document_annotation": "{}", "usage_info": {"pages_processed": 10}}],
        Decimal("0.03"),
    ),
    (
        "mistral",
        "mistral-small-2603",
        [chat(prompt_tokens=1000, completion_tokens=10, prompt_tokens_details={"cached_tokens": 640})],
        worked_out((360, "0.15"), (640, "0.015"), (10, "0.6")),
    ),
    # Others.
    (
        "cohere",
        "command-r-08-2024",  # what is billed is less than what was read, of which much was cached
        [
            {
                "finish_reason": "COMPLETE",
                "usage": {
                    "billed_units": {"input_tokens": 9.0, "output_tokens": 5.0},
                    "tokens": {"input_tokens": 300.0, "output_tokens": 12.0},
                    "cached_tokens": 256,
                },
            }
        ],
        worked_out((9, "0.15"), (5, "0.6")),
    ),
    (
        "groq",
        "llama-3.3-70b-versatile",
        [chat(tier="flex", prompt_tokens=1000, completion_tokens=0)],
        Decimal("0.00059"),
    ),
    (
        "perplexity",
        "sonar-deep-research",
        [
            chat(
                prompt_tokens=33,
                completion_tokens=70,
                total_tokens=103,
                citation_tokens=200,
                reasoning_tokens=900,
                num_search_queries=18,
            )
        ],
        worked_out((33, "2"), (70, "8"), (200, "2"), (900, "3")) + Decimal("0.09"),
    ),
    (
        "perplexity",
        "perplexity/sonar",
        [
            response(
                {
                    "input_tokens": 1000,
                    "output_tokens": 100,
                    "tool_calls_details": {"search_web": {"invocation": 2}},
                }
            )
        ],
        worked_out((1000, "0.25"), (100, "2.5")) + Decimal("0.005"),
    ),
]


@pytest.mark.parametrize(("provider", "model", "answers", "dollars"), COSTS)
def test_what_answers_cost(provider: str, model: str, answers: list[Answer], dollars: Decimal) -> None:
    assert cost_of(provider, model, *answers) == dollars


# Prices that change with the date are told by what one kind of charge adds to them.


def test_searches_of_gemini_3_are_charged_one_by_one_however_they_come() -> None:
    plain = cost_of("google", "gemini-3.6-flash", gemini(promptTokenCount=1000, candidatesTokenCount=100))
    assert plain is not None
    whole = gemini(SEARCHES, promptTokenCount=1000, candidatesTokenCount=100)
    assert cost_of("google", "gemini-3.6-flash", whole) == plain + Decimal("0.028")
    assert cost_of("google", "gemini-3.6-flash", *GEMINI_STREAM) == plain + Decimal("0.028")


@pytest.mark.parametrize(
    ("tier", "factor"), [("flex", "0.5"), ("ON_DEMAND_FLEX", "0.5"), ("priority", "1.8"), ("standard", "1")]
)
def test_geminis_tiers(tier: str, factor: str) -> None:
    used: dict[str, Any] = {"promptTokenCount": 1000, "candidatesTokenCount": 1000}
    plain = cost_of("google", "gemini-3.8-flash-tts", gemini(**used))
    assert plain is not None
    assert cost_of("google", "gemini-3.8-flash-tts", gemini(**used, serviceTier=tier)) == plain * Decimal(factor)


def test_an_interaction_costs_what_the_same_content_does() -> None:
    plain = gemini(
        promptTokenCount=1000,
        cachedContentTokenCount=200,
        candidatesTokenCount=100,
        thoughtsTokenCount=300,
        toolUsePromptTokenCount=50,
        totalTokenCount=1450,
    )
    usage = {
        "total_input_tokens": 1000,
        "total_cached_tokens": 200,
        "total_output_tokens": 100,
        "total_thought_tokens": 300,
        "total_tool_use_tokens": 50,
        "total_tokens": 1450,
    }
    interaction = {"id": "i", "object": "interaction", "status": "completed", "usage": usage}
    expected = cost_of("google", "gemini-3.6-flash", plain)
    assert expected is not None
    assert cost_of("google", "gemini-3.6-flash", interaction) == expected
    event = {"event_type": "interaction.completed", "interaction": interaction}
    assert cost_of("google", "gemini-3.6-flash", event) == expected


UNPRICED: list[tuple[str, str, Answer]] = [
    ("google", "gemini-2.5-flash", gemini(promptTokenCount=1000, serviceTier="priority")),
    ("google", "gemini-2.5-flash", gemini(promptTokenCount=1000, trafficType="PROVISIONED_THROUGHPUT")),
    ("groq", "llama-3.3-70b-versatile", chat(tier="performance", prompt_tokens=1000, completion_tokens=0)),
    ("openai", "gpt-4o", response({"input_tokens": 1000, "output_tokens": 100}, "image_generation_call")),
    # The list has the model's price of text alone, and sound costs many times as much.
    (
        "openai",
        "gpt-4o-audio-preview",
        chat(prompt_tokens=1000, completion_tokens=100, prompt_tokens_details={"audio_tokens": 500}),
    ),
    (
        "openai",
        "gpt-4o-audio-preview",
        chat(prompt_tokens=1000, completion_tokens=100, completion_tokens_details={"audio_tokens": 50}),
    ),
    ("mistral", "mistral-small-2603", chat(prompt_tokens=10, completion_tokens=1, prompt_audio_seconds=60)),
    ("cohere", "rerank-v3.5", {"results": [], "meta": {"billed_units": {"search_units": 1}}}),
]


@pytest.mark.parametrize(("provider", "model", "answer"), UNPRICED)
def test_what_no_list_has_a_price_for_is_unpriced(provider: str, model: str, answer: Answer) -> None:
    call = said(provider, model, answer)
    assert call.usage is not None
    assert call.price is None


def test_a_text_without_sound_keeps_its_price_at_a_model_that_speaks() -> None:
    spoken = chat(prompt_tokens=1000, completion_tokens=100, prompt_tokens_details={"audio_tokens": 0})
    assert cost_of("openai", "gpt-4o-audio-preview", spoken) == worked_out((1000, "2.5"), (100, "10"))


LLAMA: list[Answer] = [
    {"generation": "Run", "prompt_token_count": 1000, "generation_token_count": 1, "stop_reason": None},
    {"generation": ".", "prompt_token_count": None, "generation_token_count": 2, "stop_reason": None},
    {
        "generation": "",
        "prompt_token_count": None,
        "generation_token_count": 3,
        "stop_reason": "stop",
        "amazon-bedrock-invocationMetrics": {"inputTokenCount": 1000, "outputTokenCount": 3},
    },
]
QWEN = [
    {
        "request_id": "q",
        "output": {"choices": [{"message": {"content": "Run"}, "finish_reason": "null"}]},
        "usage": {
            "input_tokens": 100,
            "output_tokens": number,
            "total_tokens": 100 + number,
            "prompt_tokens_details": {"cached_tokens": 64},
        },
    }
    for number in (1, 2, 3)
]
GRANITE: Answer = {"generated_text": "x", "generated_token_count": 50, "input_token_count": 100, "stop_reason": "eos"}
TITAN: list[Answer] = [
    {"index": 0, "outputText": "Run", "inputTextTokenCount": 1000, "totalOutputTextTokenCount": None},
    {"index": 0, "outputText": ".", "totalOutputTextTokenCount": 9, "completionReason": "FINISH"},
]
GRANITE_STREAM: list[Answer] = [
    {
        "results": [
            {"generated_text": "a", "generated_token_count": 1, "input_token_count": 100, "stop_reason": "not_finished"}
        ]
    },
    {
        "results": [
            {"generated_text": "b", "generated_token_count": 2, "input_token_count": 0, "stop_reason": "not_finished"}
        ]
    },
    {
        "results": [
            {"generated_text": "", "generated_token_count": 3, "input_token_count": 0, "stop_reason": "eos_token"}
        ]
    },
]
USED: list[tuple[str, str, list[Answer], tuple[int, int, int | None]]] = [
    ("aws", "us.meta.llama3-3-70b-instruct-v1:0", [*LLAMA, *LLAMA], (2000, 6, None)),
    ("aws", "amazon.titan-text-express-v1", TITAN, (1000, 9, None)),
    ("aws", "amazon.titan-text-express-v1", [*TITAN, *TITAN], (2000, 18, None)),
    ("watsonx", "ibm/granite", GRANITE_STREAM, (100, 3, None)),
    ("watsonx", "ibm/granite", [*GRANITE_STREAM, *GRANITE_STREAM], (200, 6, None)),
    ("watsonx", "ibm/granite", [{"results": [GRANITE]}, {"results": [GRANITE]}], (200, 100, None)),
    ("aws", "us.meta.llama3-3-70b-instruct-v1:0", [{**LLAMA[0], "stop_reason": "stop"}], (1000, 1, None)),
    ("aws", "us.meta.llama3-3-70b-instruct-v1:0", LLAMA, (1000, 3, None)),
    (
        "aws",
        "amazon.titan-text-express-v1",
        [{"inputTextTokenCount": 1000, "results": [{"tokenCount": 100, "outputText": "x"}]}],
        (1000, 100, None),
    ),
    ("aws", "amazon.titan-embed-text-v2:0", [{"embedding": [0.1], "inputTextTokenCount": 1000}], (1000, 0, None)),
    (
        "aws",
        "us.amazon.nova-lite-v1:0",
        [converse(inputTokens=100, outputTokens=50, totalTokens=1150, cacheReadInputTokenCount=1000)],
        (1100, 50, 1000),
    ),
    ("alibaba", "qwen-plus", QWEN, (100, 3, 64)),
    ("custom", "qwen-plus", QWEN, (100, 3, 64)),
    ("watsonx", "ibm/granite", [{"model_id": "ibm/granite", "results": [GRANITE]}], (100, 50, None)),
    (
        "x-ai",
        "grok-4",  # as xai-sdk has it
        [
            chat(
                prompt_tokens=1000,
                completion_tokens=20,
                total_tokens=1120,
                reasoning_tokens=100,
                cached_prompt_text_tokens=700,
            )
        ],
        (1000, 120, 700),
    ),
    ("litellm", "xai/grok-3-mini", [chat(prompt_tokens=12, completion_tokens=1, total_tokens=399)], (12, 387, None)),
    (
        "ollama",
        "llama3",
        [{"response": "Run", "done": False}, {"response": "", "done": True, "prompt_eval_count": 10, "eval_count": 5}],
        (10, 5, None),
    ),
]


@pytest.mark.parametrize(("provider", "model", "answers", "expected"), USED)
def test_what_answers_used(
    provider: str, model: str, answers: list[Answer], expected: tuple[int, int, int | None]
) -> None:
    usage = said(provider, model, *answers).usage
    assert usage is not None
    assert (usage.input, usage.output, usage.cache_read) == expected


def test_each_answer_of_several_keeps_what_it_searched_for_to_itself() -> None:
    searched = gemini(SEARCHES, promptTokenCount=1000, candidatesTokenCount=100)
    plain = gemini(promptTokenCount=1000, candidatesTokenCount=100)
    one, other = cost_of("google", "gemini-3.6-flash", searched), cost_of("google", "gemini-3.6-flash", plain)
    assert one is not None
    assert other is not None
    both = cost_of("google", "gemini-3.6-flash", {**searched, "responseId": "a"}, {**plain, "responseId": "b"})
    assert both == one + other
