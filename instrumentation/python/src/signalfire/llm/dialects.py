"""Where each provider says what a call used: one row a dialect, each with the page of the provider that describes it.

`places` are, for each number, the paths at which it may stand, the first that says more than nothing first. A row that
is `like` another has what that has, and its own places before. Rows of one shape (chat completions, say) are read
together: a gateway passes on the fields of whoever stands behind it, so what is written in any row is found at any
address; whose answer it is decides the rest of the row, `added_to_output` and what the provider itself charged.

All providers' counts in streams are cumulative: the last one of each number counts, none is added to another.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType

from signalfire.llm.charges import BATCH
from signalfire.llm.fields import Path, path, paths

Places = Mapping[str, tuple[Path, ...]]
NOTHING: Places = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Condition:
    """A field of the answer or its usage on which the price depends, in genai-prices' words: (kind, value).

    The first of `places` that has a text counts. Where `values` is given, other texts change nothing; else all do but
    those that cost `as_usual`.
    """

    kind: str
    places: tuple[Path, ...]
    of_usage: bool = False
    as_usual: frozenset[str] = frozenset()
    values: Mapping[str, tuple[str, str]] | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What the provider charged, by its own account, in dollars: the sum of what stands at `places`, each times `unit`.

    Where the flag at `added_if` is set, what stands at `added` belongs to it.
    """

    places: tuple[Path, ...]
    unit: Decimal = Decimal(1)
    added_if: Path = ()
    added: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Calls:
    """What is charged by the call of a hosted tool: entries of the answer's `output`, counted as genai-prices' unit."""

    unit: str
    entry: str  # its type
    actions: frozenset[str | None] = frozenset({None})  # those that are charged; None is an entry without one


@dataclass(frozen=True, slots=True)
class Queries:
    """Searches that an answer names: the different texts in the lists at `places` of each of its candidates."""

    unit: str
    places: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Also:
    """What is charged as another unit, too, where the answer has the field `marked_by`."""

    unit: str
    also: str
    marked_by: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one provider reports what a call used."""

    name: str
    source: str
    shape: str
    places: Places
    known_by: tuple[Path, ...] = ()  # a usage that has any of these is of this shape
    types: frozenset[str] = frozenset()  # and so is that of an answer of such a type
    usage: tuple[Path, ...] = (("usage",),)  # where in an answer, or a chunk of a stream, the usage stands
    providers: frozenset[str] = frozenset()
    added_to_input: tuple[str, ...] = ()  # which numbers `input` leaves out
    added_to_output: tuple[str, ...] = ()  # which numbers `output` leaves out
    total_is_all: bool = True  # whether what is in `total` and neither in input nor output is output, too
    input_is_billed: bool = False  # whether `input` is what is billed, and its parts are those of a larger number
    iterations: Path = ()  # a list of usages that are charged one by one, in place of the whole
    conditions: tuple[Condition, ...] = ()
    told: Told | None = None
    calls: tuple[Calls, ...] = ()
    queries: Queries | None = None
    also: Also | None = None


def places(**texts: str) -> Places:
    """Number → where it may stand, paths divided by spaces."""
    return {name: paths(*text.split()) for name, text in texts.items()}


def like(row: Dialect, name: str, source: str, *providers: str, own: Places = NOTHING, **more: object) -> Dialect:
    """A row that has what another has, and its own places before."""
    names = (*row.places, *(name for name in own if name not in row.places))
    joined = {number: (*own.get(number, ()), *row.places.get(number, ())) for number in names}
    return replace(row, name=name, source=source, providers=frozenset(providers), places=joined, **more)  # type: ignore[arg-type]


# Of answers in a batch the batch is the tier.
_OPENAI_TIER = Condition(
    "service_tier", paths("service_tier"), as_usual=frozenset({"auto", "default", "standard", "scale", "batch"})
)
# Flex has the price of on demand: https://console.groq.com/docs/flex-processing
_GROQ_TIER = replace(_OPENAI_TIER, as_usual=frozenset({"auto", "on_demand", "flex"}))
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
_ANTHROPIC_CONDITIONS = (
    Condition("processing", paths("service_tier"), of_usage=True, values={"batch": BATCH}),
    Condition("speed", paths("speed"), of_usage=True, values={"fast": ("speed", "fast")}),
    Condition(
        "inference_geo", paths("inference_geo"), of_usage=True, as_usual=frozenset({"global", "not_available", ""})
    ),
)

_SEARCH_PREVIEW = tuple(  # https://platform.openai.com/docs/pricing#built-in-tools
    Condition(tool, paths(f"tools[type={tool}].type"), values={tool: ("web_search", "preview")})
    for tool in ("web_search_preview", "web_search_preview_2025_03_11")
)

# --- chat completions, OpenAI's and those of others who speak its protocol ---

CHAT = Dialect(
    name="OpenAI chat completions",
    source="https://platform.openai.com/docs/api-reference/chat/object",
    shape="chat",
    known_by=paths("prompt_tokens", "completion_tokens"),
    providers=frozenset({"openai", "azure"}),
    places=places(
        input="prompt_tokens",
        output="completion_tokens",
        total="total_tokens",
        cache_read="prompt_tokens_details.cached_tokens",
        cache_write="prompt_tokens_details.cache_write_tokens",
        reasoning="completion_tokens_details.reasoning_tokens",
        audio_input="prompt_tokens_details.audio_tokens",
        audio_output="completion_tokens_details.audio_tokens",
    ),
    conditions=(_OPENAI_TIER,),
)
CHAT_ROWS = (
    CHAT,
    like(
        CHAT,
        "xAI chat completions",  # completion_tokens leaves out reasoning, total_tokens does not
        "https://docs.x.ai/docs/api-reference#chat-completions",
        "x-ai",
        own=places(cache_read="cached_prompt_text_tokens", reasoning="reasoning_tokens"),  # as xai-sdk names them
        added_to_output=("reasoning",),
        told=Told(paths("cost_in_usd_ticks"), Decimal("1e-10")),  # https://docs.x.ai/developers/cost-tracking
    ),
    like(
        CHAT,
        "Gemini's chat completions",  # completion_tokens leaves out thoughts, which only total_tokens has
        "https://ai.google.dev/gemini-api/docs/openai",
        "google",
    ),
    like(
        CHAT,
        "DeepSeek",
        "https://api-docs.deepseek.com/api/create-chat-completion",
        "deepseek",
        own=places(cache_read="prompt_cache_hit_tokens"),
    ),
    like(
        CHAT,
        "Moonshot",  # in a stream the last choice brings the usage
        "https://platform.kimi.ai/docs/api/chat",
        "moonshotai",
        own=places(cache_read="cached_tokens"),
        usage=paths("usage", "choices.0.usage"),
    ),
    like(
        CHAT,
        "Groq",  # in a stream the last chunk brings the usage
        "https://console.groq.com/docs/api-reference#chat-create",
        "groq",
        usage=paths("usage", "x_groq.usage"),
        conditions=(_GROQ_TIER,),
    ),
    like(
        CHAT,
        "OpenRouter",  # `cost` is what it charged; with a key of one's own, the provider's charge comes on top
        "https://openrouter.ai/docs/use-cases/usage-accounting",
        "openrouter",
        told=Told(paths("cost"), added_if=path("is_byok"), added=paths("cost_details.upstream_inference_cost")),
    ),
    like(
        CHAT,
        "Perplexity",  # reasoning and citations are neither in completion_tokens nor in total_tokens
        "https://docs.perplexity.ai/api-reference/chat-completions-post",
        "perplexity",
        own=places(
            reasoning="reasoning_tokens", output_citation_tokens="citation_tokens", web_searches="num_search_queries"
        ),
        added_to_output=("reasoning", "output_citation_tokens"),
        total_is_all=False,
        told=Told(paths("cost.total_cost")),
    ),
    like(
        CHAT,
        "Mistral",  # audio is charged by its seconds, beside the tokens of the text
        "https://docs.mistral.ai/api/endpoint/chat",
        "mistral",
        own=places(audio_seconds="prompt_audio_seconds"),
    ),
    like(
        CHAT,
        "Model Studio",
        "https://www.alibabacloud.com/help/en/model-studio/context-cache",
        "alibaba",
        own=places(
            cache_write="prompt_tokens_details.cache_creation_input_tokens",
            cache_write_5m="prompt_tokens_details.cache_creation.ephemeral_5m_input_tokens",
        ),
    ),
    like(
        CHAT,
        "Databricks",
        "https://docs.databricks.com/aws/en/machine-learning/foundation-model-apis/api-reference",
        "databricks",
        own=places(
            cache_read="cache_read_input_tokens",
            cache_write="cache_creation_input_tokens",
            reasoning="reasoning_tokens",
        ),
    ),
    like(
        CHAT,
        "LiteLLM",  # whoever answered, in OpenAI's fields; of a stream whose usage nobody asked for, hidden
        "https://docs.litellm.ai/docs/completion/usage",
        "litellm",
        own=places(
            cache_read="cache_read_input_tokens",
            cache_write="prompt_tokens_details.cache_creation_tokens cache_creation_input_tokens",
            cache_write_5m="prompt_tokens_details.cache_creation_token_details.ephemeral_5m_input_tokens"
            " cache_creation_token_details.ephemeral_5m_input_tokens",
            cache_write_1h="prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens"
            " cache_creation_token_details.ephemeral_1h_input_tokens",
            web_searches="server_tool_use.web_search_requests prompt_tokens_details.web_search_requests",
        ),
        usage=paths("usage", "_hidden_params.usage"),
        conditions=(_OPENAI_TIER, *_ANTHROPIC_CONDITIONS),
    ),
)

# --- responses ---

RESPONSES = Dialect(
    name="OpenAI responses",
    source="https://platform.openai.com/docs/api-reference/responses/object",
    shape="responses",
    known_by=paths("input_tokens", "output_tokens"),
    providers=frozenset({"openai", "azure"}),
    places=places(
        input="input_tokens",
        output="output_tokens",
        total="total_tokens",
        cache_read="input_tokens_details.cached_tokens",
        cache_write="input_tokens_details.cache_write_tokens",
        reasoning="output_tokens_details.reasoning_tokens",
    ),
    conditions=(_OPENAI_TIER, *_SEARCH_PREVIEW),
    calls=(  # opening a page and looking for something in it are not charged
        Calls("web_searches", "web_search_call", frozenset({None, "search"})),
        Calls("storage_searches", "file_search_call"),
        Calls("image_generations", "image_generation_call"),  # by tokens of another model, which the usage leaves out
    ),
)
RESPONSES_ROWS = (
    RESPONSES,
    like(
        RESPONSES,
        "xAI responses",
        "https://docs.x.ai/docs/api-reference#create-new-response",
        "x-ai",
        told=Told(paths("cost_in_usd_ticks"), Decimal("1e-10")),
    ),
    like(
        RESPONSES,
        "OpenRouter responses",
        "https://openrouter.ai/docs/use-cases/usage-accounting",
        "openrouter",
        told=Told(paths("cost"), added_if=path("is_byok"), added=paths("cost_details.upstream_inference_cost")),
    ),
    like(
        RESPONSES,
        "Perplexity responses",
        "https://docs.perplexity.ai/api-reference/responses-post",
        "perplexity",
        own=places(
            cache_read="input_tokens_details.cache_read_input_tokens",
            web_searches="tool_calls_details.search_web.invocation",
        ),
        told=Told(paths("cost.total_cost")),
    ),
    like(
        RESPONSES,
        "OpenAI images",
        "https://platform.openai.com/docs/api-reference/images/object",
        own=places(
            input_image_tokens="input_tokens_details.image_tokens",
            output_image_tokens="output_tokens_details.image_tokens",
        ),
    ),
    like(
        RESPONSES,
        "OpenAI realtime and transcriptions",
        "https://platform.openai.com/docs/api-reference/realtime-server-events/response/done",
        own=places(
            cache_read="input_token_details.cached_tokens",
            cache_audio_read_tokens="input_token_details.cached_tokens_details.audio_tokens",
            cache_image_read_tokens="input_token_details.cached_tokens_details.image_tokens",
            audio_input="input_token_details.audio_tokens",
            audio_output="output_token_details.audio_tokens",
            input_image_tokens="input_token_details.image_tokens",
        ),
    ),
    like(
        RESPONSES,
        "Model Studio's own protocol",  # each chunk of a stream has the usage so far, and the id of its request
        "https://www.alibabacloud.com/help/en/model-studio/qwen-api-via-dashscope",
        "alibaba",
        own=places(
            cache_read="prompt_tokens_details.cached_tokens",
            cache_write="prompt_tokens_details.cache_creation_input_tokens",
            cache_write_5m="prompt_tokens_details.cache_creation.ephemeral_5m_input_tokens",
        ),
    ),
    like(
        RESPONSES,
        "LangChain",  # what was processed in a tier stands under names that begin with it
        "https://reference.langchain.com/python/langchain_core/messages/#langchain_core.messages.ai.UsageMetadata",
        "langchain",
        own=places(
            cache_read="input_token_details.cache_read input_token_details.flex_cache_read"
            " input_token_details.priority_cache_read",
            cache_write="input_token_details.cache_creation input_token_details.flex_cache_creation"
            " input_token_details.priority_cache_creation",
            cache_write_5m="input_token_details.ephemeral_5m_input_tokens",
            cache_write_1h="input_token_details.ephemeral_1h_input_tokens",
            reasoning="output_token_details.reasoning output_token_details.flex_reasoning"
            " output_token_details.priority_reasoning",
            audio_input="input_token_details.audio",
            audio_output="output_token_details.audio",
        ),
    ),
)

# --- messages ---

MESSAGES = Dialect(
    name="Anthropic messages",  # a stream says the input at its start, in message_start, and the rest in message_delta
    source="https://docs.anthropic.com/en/api/messages",
    shape="messages",
    known_by=paths(
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
        "cache_creation",
        "inference_geo",
        "iterations",
        "server_tool_use",
        "speed",
    ),
    places=places(
        input="input_tokens",
        output="output_tokens",
        cache_read="cache_read_input_tokens",
        cache_write="cache_creation_input_tokens",
        cache_write_5m="cache_creation.ephemeral_5m_input_tokens",
        cache_write_1h="cache_creation.ephemeral_1h_input_tokens",
        reasoning="output_tokens_details.thinking_tokens",
        web_searches="server_tool_use.web_search_requests",
    ),
    providers=frozenset({"anthropic"}),
    types=frozenset({"message", "message_start", "message_delta"}),
    added_to_input=("cache_read", "cache_write"),
    iterations=path("iterations"),  # what a compaction and an adviser used is in no other number
    conditions=_ANTHROPIC_CONDITIONS,
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

ROWS: tuple[Dialect, ...] = (
    *CHAT_ROWS,
    MESSAGES,
    *RESPONSES_ROWS,
    CONVERSE,
    INVOKED,
    LLAMA,
    TITAN,
    GEMINI,
    INTERACTIONS,
    COHERE,
    OLLAMA,
    WATSONX,
    PAGES,
    SECONDS,
    CHARACTERS,
    TOTAL,
)
"""All dialects. Of those that a usage could be of by its fields, the first is taken."""
