"""Protocols of other providers, and what is not counted in tokens."""

from dataclasses import replace

from signalfire.llm.dialects.row import Also, Condition, Dialect, Queries, places
from signalfire.llm.fields import paths

# The Gemini API says the tier, Vertex AI the kind of traffic. Reserved throughput has no price for a token.
# https://ai.google.dev/gemini-api/docs/optimization, https://cloud.google.com/vertex-ai/generative-ai/docs/priority-paygo
_GEMINI_TIER = Condition(
    "service_tier",
    paths("serviceTier", "service_tier", "trafficType", "traffic_type"),
    of_usage=True,
    values={
        name: ("service_tier", tier)
        for tier, names in {
            "flex": ("flex", "SERVICE_TIER_FLEX", "ON_DEMAND_FLEX"),
            "priority": ("priority", "SERVICE_TIER_PRIORITY", "ON_DEMAND_PRIORITY"),
            "provisioned": ("PROVISIONED_THROUGHPUT",),
        }.items()
        for name in names
    },
)

# --- protocols of their own ---

CONVERSE = Dialect(
    name="Bedrock Converse",  # a stream says it in its last event, metadata
    source="https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html",
    shape="converse",
    known_by=paths("inputTokens", "outputTokens"),
    usage=paths("usage", "metadata.usage"),
    providers=frozenset({"aws"}),
    places=places(
        input="inputTokens",
        output="outputTokens",
        total="totalTokens",
        cache_read="cacheReadInputTokens cacheReadInputTokenCount",  # the latter in Amazon's own models' answers
        cache_write="cacheWriteInputTokens cacheWriteInputTokenCount",
        cache_write_5m="cacheDetails[ttl=5m].inputTokens",
        cache_write_1h="cacheDetails[ttl=1h].inputTokens",
    ),
    added_to_input=("cache_read", "cache_write"),
    conditions=(
        Condition("service_tier", paths("serviceTier.type"), as_usual=frozenset({"default", "standard", "reserved"})),
    ),
)
INVOKED = Dialect(
    name="Bedrock's account of a stream",  # of whatever model, in the last chunk
    source="https://docs.aws.amazon.com/bedrock/latest/userguide/inference-invoke.html",
    shape="invoked",
    known_by=paths("inputTokenCount", "outputTokenCount"),
    usage=paths("amazon-bedrock-invocationMetrics"),
    providers=frozenset({"aws"}),
    places=places(
        input="inputTokenCount",
        output="outputTokenCount",
        cache_read="cacheReadInputTokenCount",
        cache_write="cacheWriteInputTokenCount",
    ),
    added_to_input=("cache_read", "cache_write"),
)
LLAMA = Dialect(
    name="Llama at Bedrock",  # each chunk of a stream has the output so far
    source="https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-meta.html",
    shape="llama",
    known_by=paths("generation_token_count"),
    usage=((),),  # the answer itself
    providers=frozenset({"aws"}),
    places=places(input="prompt_token_count", output="generation_token_count"),
)
TITAN = Dialect(
    name="Titan at Bedrock",
    source="https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html",
    shape="titan",
    known_by=paths("inputTextTokenCount", "totalOutputTextTokenCount"),
    usage=((),),
    providers=frozenset({"aws"}),
    places=places(input="inputTextTokenCount", output="results.0.tokenCount totalOutputTextTokenCount"),
)
GEMINI = Dialect(
    name="Gemini",  # each chunk of a stream has the usage so far
    source="https://ai.google.dev/api/generate-content#UsageMetadata",
    shape="gemini",
    known_by=paths(
        "promptTokenCount",
        "prompt_token_count",
        "candidatesTokenCount",
        "candidates_token_count",
        "responseTokenCount",  # the Live API's name
        "response_token_count",
    ),
    usage=paths("usageMetadata", "usage_metadata"),
    providers=frozenset({"google"}),
    places=places(
        input="promptTokenCount prompt_token_count",
        output="candidatesTokenCount candidates_token_count responseTokenCount response_token_count",
        total="totalTokenCount total_token_count",
        cache_read="cachedContentTokenCount cached_content_token_count",
        reasoning="thoughtsTokenCount thoughts_token_count",
        tool_input="toolUsePromptTokenCount tool_use_prompt_token_count",
        audio_input="promptTokensDetails[modality=AUDIO].tokenCount prompt_tokens_details[modality=AUDIO].token_count",
        audio_output="candidatesTokensDetails[modality=AUDIO].tokenCount"
        " candidates_tokens_details[modality=AUDIO].token_count responseTokensDetails[modality=AUDIO].tokenCount"
        " response_tokens_details[modality=AUDIO].token_count",
        input_image_tokens="promptTokensDetails[modality=IMAGE].tokenCount"
        " prompt_tokens_details[modality=IMAGE].token_count",
        input_video_tokens="promptTokensDetails[modality=VIDEO].tokenCount"
        " prompt_tokens_details[modality=VIDEO].token_count",
        output_video_tokens="candidatesTokensDetails[modality=VIDEO].tokenCount"
        " candidates_tokens_details[modality=VIDEO].token_count",
        cache_audio_read_tokens="cacheTokensDetails[modality=AUDIO].tokenCount"
        " cache_tokens_details[modality=AUDIO].token_count",
        output_image_tokens="candidatesTokensDetails[modality=IMAGE].tokenCount"
        " candidates_tokens_details[modality=IMAGE].token_count",
    ),
    added_to_input=("tool_input",),
    added_to_output=("reasoning",),
    conditions=(_GEMINI_TIER,),
    # https://ai.google.dev/gemini-api/docs/google-search: empty ones and those that come twice are not charged
    queries=Queries(
        "web_searches", paths("groundingMetadata.webSearchQueries", "grounding_metadata.web_search_queries")
    ),
)
INTERACTIONS = Dialect(
    name="Gemini interactions",
    source="https://ai.google.dev/api/interactions-api#Resource:Interaction",
    shape="interactions",
    known_by=paths("total_input_tokens", "total_output_tokens"),
    providers=frozenset({"google"}),
    places=places(
        input="total_input_tokens",
        output="total_output_tokens",
        total="total_tokens",
        cache_read="total_cached_tokens",
        reasoning="total_thought_tokens",
        tool_input="total_tool_use_tokens",
        audio_input="input_tokens_by_modality[modality=audio].tokens",
        audio_output="output_tokens_by_modality[modality=audio].tokens",
        output_image_tokens="output_tokens_by_modality[modality=image].tokens",
        web_searches="grounding_tool_count[type=google_search].count",
    ),
    added_to_input=("tool_input",),
    added_to_output=("reasoning",),
    conditions=(replace(_GEMINI_TIER, of_usage=False),),
)
COHERE = Dialect(
    name="Cohere chat",  # a stream says it in its last event, message-end
    source="https://docs.cohere.com/reference/chat",
    shape="cohere",
    known_by=paths("billed_units", "tokens"),
    usage=paths("usage", "delta.usage", "meta"),
    providers=frozenset({"cohere"}),
    places=places(
        input="billed_units.input_tokens tokens.input_tokens",
        output="billed_units.output_tokens tokens.output_tokens",
        cache_read="cached_tokens",
        rerank_searches="billed_units.search_units",
    ),
    input_is_billed=True,
)
OLLAMA = Dialect(
    name="Ollama",  # a stream says it in its last chunk
    source="https://docs.ollama.com/api/chat",
    shape="ollama",
    known_by=paths("prompt_eval_count", "eval_count"),
    usage=((),),  # the answer itself
    providers=frozenset({"ollama"}),
    places=places(input="prompt_eval_count", output="eval_count"),
)

WATSONX = Dialect(
    name="watsonx",  # each result has its own
    source="https://cloud.ibm.com/apidocs/watsonx-ai#text-generation",
    shape="watsonx",
    known_by=paths("input_token_count", "generated_token_count"),
    usage=paths("results.0"),
    providers=frozenset({"watsonx"}),
    places=places(input="input_token_count", output="generated_token_count"),
)

# --- what is not counted in tokens ---

PAGES = Dialect(
    name="Mistral OCR",
    source="https://docs.mistral.ai/api/endpoint/ocr",
    shape="pages",
    known_by=paths("pages_processed"),
    usage=paths("usage_info"),
    providers=frozenset({"mistral"}),
    places=places(input_document_pages="pages_processed"),
    also=Also("input_document_pages", "input_annotated_document_pages", "document_annotation"),
)
SECONDS = Dialect(
    name="OpenAI transcriptions by time",
    source="https://platform.openai.com/docs/api-reference/audio/json-object",
    shape="seconds",
    known_by=paths("seconds"),
    places=places(audio_seconds="seconds"),
)
CHARACTERS = Dialect(
    name="Texts read aloud, by what the request says",
    source="https://platform.openai.com/docs/api-reference/audio/createSpeech",
    shape="characters",
    known_by=paths("characters"),
    places=places(input_characters="characters"),
)
TOTAL = Dialect(
    name="Voyage embeddings",
    source="https://docs.voyageai.com/reference/embeddings-api",
    shape="total",
    known_by=paths("total_tokens"),
    providers=frozenset({"voyageai"}),
    places=places(input="total_tokens"),
)
