"""The model providers, one row each: their names, the domains of their interfaces, and how they list their models.

The names are those of genai-prices where that has the provider. What a provider's own client reads from the environment
is read here, too.
"""

from dataclasses import dataclass
from types import MappingProxyType

BEARER = "Authorization"


@dataclass(frozen=True, slots=True)
class Listing:
    """How to ask a provider for its models, which costs nothing: GET `base_url` + `path` with the key in `key_header`.

    `base_url` is empty where each customer has an address of his own. A `{}` in it is filled by the first of
    `region_variables` that is set. Without a `path` there is none that is known, and only whether somebody answers can
    be asked.
    """

    base_url: str = ""
    key_variables: tuple[str, ...] = ()
    base_url_variables: tuple[str, ...] = ()
    region_variables: tuple[str, ...] = ()
    path: str | None = "/models"
    key_header: str = BEARER


@dataclass(frozen=True, slots=True)
class Provider:
    """Whose models are called; `other_names` is what libraries, gateways and clouds call it."""

    name: str
    listing: Listing
    other_names: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()


PROVIDERS = (
    Provider(
        "openai",
        Listing(
            "https://api.openai.com/v1",
            ("OPENAI_API_KEY",),
            ("OPENAI_BASE_URL",),
        ),
        ("openai-chat", "openai-responses", "text-completion-openai"),
        ("api.openai.com",),
    ),
    Provider(
        "anthropic",
        Listing(
            "https://api.anthropic.com",
            ("ANTHROPIC_API_KEY",),
            ("ANTHROPIC_BASE_URL",),
            path="/v1/models",
            key_header="x-api-key",
        ),
        domains=("api.anthropic.com",),
    ),
    Provider(
        "azure",
        Listing(
            key_variables=("AZURE_OPENAI_API_KEY",),
            base_url_variables=("AZURE_OPENAI_ENDPOINT",),
            path="/openai/v1/models",
            key_header="api-key",
        ),
        ("azure-openai", "azure.ai.inference", "azure.ai.openai", "azure_ai", "azure_openai"),
        ("openai.azure.com", "services.ai.azure.com", "cognitiveservices.azure.com", "azure-api.net"),
    ),
    Provider(
        "aws",
        Listing(
            "https://bedrock.{}.amazonaws.com",
            ("AWS_BEARER_TOKEN_BEDROCK",),
            region_variables=("AWS_REGION", "AWS_DEFAULT_REGION"),
            path="/foundation-models",
        ),
        (
            "amazon",
            "amazon-bedrock",
            "amazon_bedrock",
            "anthropic_bedrock",
            "aws-bedrock",
            "aws.bedrock",
            "aws_bedrock",
            "bedrock",
            "bedrock_converse",
        ),
        ("amazonaws.com", "api.aws"),
    ),
    Provider(
        "google",
        Listing(
            "https://generativelanguage.googleapis.com/v1beta",
            ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
            key_header="x-goog-api-key",
        ),
        (
            "anthropic_vertex",
            "gcp.gemini",
            "gcp.gen_ai",
            "gcp.vertex_ai",
            "gemini",
            "google-cloud",
            "google-gla",
            "google-vertex",
            "google_anthropic_vertex",
            "google_genai",
            "google_vertexai",
            "vertex",
            "vertex_ai",
            "vertex_ai_beta",
            "vertexai",
        ),
        ("googleapis.com",),
    ),
    Provider(
        "alibaba",
        Listing(
            "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
            ("DASHSCOPE_API_KEY",),
        ),
        ("dashscope",),
        ("dashscope.aliyuncs.com", "dashscope-intl.aliyuncs.com", "dashscope-us.aliyuncs.com"),
    ),
    Provider(
        "arcee", Listing("https://api.arcee.ai/api/v1", ("ARCEEAI_API_KEY",), path=None), domains=("api.arcee.ai",)
    ),
    Provider("avian", Listing("https://api.avian.io/v1", ("AVIAN_API_KEY",), path=None), domains=("api.avian.io",)),
    Provider(
        "baseten",
        Listing("https://inference.baseten.co/v1", ("BASETEN_API_KEY",), path=None),
        domains=("inference.baseten.co",),
    ),
    Provider(
        "cerebras",
        Listing(
            "https://api.cerebras.ai/v1",
            ("CEREBRAS_API_KEY",),
        ),
        domains=("api.cerebras.ai",),
    ),
    Provider(
        "cloudflare",
        Listing(key_variables=("CLOUDFLARE_API_TOKEN",), path=None),
        domains=("gateway.ai.cloudflare.com",),
    ),
    Provider(
        "cohere",
        Listing(
            "https://api.cohere.com",
            ("CO_API_KEY", "COHERE_API_KEY"),
            path="/v1/models",
        ),
        ("cohere_chat",),
        ("api.cohere.ai", "api.cohere.com"),
    ),
    Provider(
        "databricks",
        Listing(
            key_variables=("DATABRICKS_TOKEN",),
            base_url_variables=("DATABRICKS_HOST",),
            path="/api/2.0/serving-endpoints",
        ),
        domains=("cloud.databricks.com", "azuredatabricks.net", "gcp.databricks.com"),
    ),
    Provider(
        "deepseek",
        Listing(
            "https://api.deepseek.com",
            ("DEEPSEEK_API_KEY",),
        ),
        domains=("api.deepseek.com",),
    ),
    Provider(
        "elevenlabs",
        Listing(
            "https://api.elevenlabs.io/v1",
            ("ELEVENLABS_API_KEY",),
            key_header="xi-api-key",
        ),
        domains=("api.elevenlabs.io",),
    ),
    Provider(
        "fireworks",
        Listing("https://api.fireworks.ai/inference/v1", ("FIREWORKS_API_KEY",)),
        ("fireworks-ai", "fireworks_ai"),
        ("api.fireworks.ai",),
    ),
    Provider(
        "github-copilot",
        Listing("https://api.githubcopilot.com", ("GITHUB_COPILOT_TOKEN",), path=None),
        ("github_copilot",),
        ("api.githubcopilot.com",),
    ),
    Provider(
        "groq",
        Listing(
            "https://api.groq.com/openai/v1",
            ("GROQ_API_KEY",),
        ),
        domains=("api.groq.com",),
    ),
    Provider(
        "minimax",
        Listing("https://api.minimax.io/v1", ("MINIMAX_API_KEY",)),
        domains=("api.minimax.io", "api.minimaxi.com"),
    ),
    Provider(
        "mistral",
        Listing(
            "https://api.mistral.ai/v1",
            ("MISTRAL_API_KEY",),
        ),
        ("mistral-ai", "mistral_ai", "mistralai"),
        ("api.mistral.ai", "api.eu.mistral.ai", "api.us.mistral.ai"),
    ),
    Provider(
        "moonshotai",
        Listing(
            "https://api.moonshot.ai/v1",
            ("MOONSHOT_API_KEY",),
        ),
        ("kimi", "moonshot", "moonshot-ai", "moonshot_ai"),
        ("api.moonshot.ai",),
    ),
    Provider("novita", Listing("https://api.novita.ai/openai/v1", ("NOVITA_API_KEY",)), domains=("api.novita.ai",)),
    Provider("ollama", Listing("http://127.0.0.1:11434/v1"), ("ollama_chat",)),
    Provider(
        "openrouter",  # its list is open to everybody, so the key is asked for itself
        Listing(
            "https://openrouter.ai/api/v1",
            ("OPENROUTER_API_KEY",),
            path="/key",
        ),
        domains=("openrouter.ai",),
    ),
    Provider(
        "ovhcloud",
        Listing("https://oai.endpoints.kepler.ai.cloud.ovh.net/v1", ("OVH_AI_ENDPOINTS_ACCESS_TOKEN",), path=None),
        domains=("oai.endpoints.kepler.ai.cloud.ovh.net",),
    ),
    Provider(
        "perplexity",
        Listing(
            "https://api.perplexity.ai",
            ("PERPLEXITY_API_KEY", "PPLX_API_KEY"),
            path="/router/v1/models",
        ),
        domains=("api.perplexity.ai",),
    ),
    Provider(
        "together",
        Listing("https://api.together.xyz/v1", ("TOGETHER_API_KEY",)),
        ("together-ai", "together_ai", "togetherai"),
        ("api.together.xyz", "api.together.ai"),
    ),
    Provider(
        "voyageai",
        Listing("https://api.voyageai.com/v1", ("VOYAGE_API_KEY",), path=None),
        ("voyage", "voyage-ai", "voyage_ai"),
        ("api.voyageai.com",),
    ),
    Provider(
        "watsonx",
        Listing(base_url_variables=("WATSONX_URL", "WATSONX_AI_URL"), path=None),
        ("ibm.watsonx.ai", "watsonx_text"),
        ("ml.cloud.ibm.com",),
    ),
    Provider(
        "x-ai",
        Listing("https://api.x.ai/v1", ("XAI_API_KEY",)),
        ("x_ai", "xai"),
        ("api.x.ai",),
    ),
    Provider("zai", Listing("https://api.z.ai/api/paas/v4", ("ZAI_API_KEY",), path=None), domains=("api.z.ai",)),
    Provider(
        "zhipuai",
        Listing("https://open.bigmodel.cn/api/paas/v4", ("ZHIPUAI_API_KEY",), path=None),
        domains=("open.bigmodel.cn",),
    ),
)
BY_NAME = MappingProxyType({provider.name: provider for provider in PROVIDERS})
OTHER_NAMES = MappingProxyType({other: provider.name for provider in PROVIDERS for other in provider.other_names})
BY_DOMAIN = MappingProxyType({domain: provider.name for provider in PROVIDERS for domain in provider.domains})


def provider_name(name: str) -> str:
    """A provider as genai-prices and the metrics call it; the name itself, in small letters, where none is known."""
    small = name.strip().lower()
    return OTHER_NAMES.get(small, small)
