"""OpenAI's protocols, its own and as others speak them: chat completions and responses."""

from dataclasses import replace
from decimal import Decimal

from signalfire.llm.dialects.anthropic import ANTHROPIC_CONDITIONS
from signalfire.llm.dialects.row import Calls, Condition, Dialect, Told, like, places
from signalfire.llm.fields import path, paths

# Of answers in a batch the batch is the tier.
_OPENAI_TIER = Condition(
    "service_tier", paths("service_tier"), as_usual=frozenset({"auto", "default", "standard", "scale", "batch"})
)
# Flex has the price of on demand: https://console.groq.com/docs/flex-processing
_GROQ_TIER = replace(_OPENAI_TIER, as_usual=frozenset({"auto", "on_demand", "flex"}))
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
        conditions=(_OPENAI_TIER, *ANTHROPIC_CONDITIONS),
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
