"""The names of OpenTelemetry's conventions for generative AI, which are still moving: nowhere else in the library."""

from typing import Any

CHAT = "chat"
EMBEDDINGS = "embeddings"
TEXT_COMPLETION = "text_completion"
GENERATE_CONTENT = "generate_content"
INVOKE_AGENT = "invoke_agent"
INVOKE_WORKFLOW = "invoke_workflow"
EXECUTE_TOOL = "execute_tool"
RETRIEVAL = "retrieval"

AGENT_NAME = "gen_ai.agent.name"
OPERATION_NAME = "gen_ai.operation.name"
PROVIDER_NAME = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
RESPONSE_MODEL = "gen_ai.response.model"
RESPONSE_ID = "gen_ai.response.id"
FINISH_REASONS = "gen_ai.response.finish_reasons"
REQUEST_MAX_TOKENS = "gen_ai.request.max_tokens"
REQUEST_TEMPERATURE = "gen_ai.request.temperature"
REQUEST_TOP_P = "gen_ai.request.top_p"
REQUEST_STREAM = "gen_ai.request.stream"
INPUT_MESSAGES = "gen_ai.input.messages"
OUTPUT_MESSAGES = "gen_ai.output.messages"
SYSTEM_INSTRUCTIONS = "gen_ai.system_instructions"
SERVER_ADDRESS = "server.address"
SERVER_PORT = "server.port"
TOOL_NAME = "gen_ai.tool.name"
WORKFLOW_NAME = "gen_ai.workflow.name"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
CACHE_READ_TOKENS = "gen_ai.usage.cache_read.input_tokens"
CACHE_WRITE_TOKENS = "gen_ai.usage.cache_creation.input_tokens"
REASONING_TOKENS = "gen_ai.usage.reasoning.output_tokens"
TIME_TO_FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"
DATA_SOURCE_ID = "gen_ai.data_source.id"

# Ours, where there is no convention.
OPERATION = "signalfire.operation"
COST_USD = "signalfire.cost_usd"
MESSAGE_TYPE = "signalfire.message.type"
MESSAGE_SENDER = "signalfire.message.sender"
MESSAGE_RECEIVER = "signalfire.message.receiver"
CONFLICT_TYPE = "signalfire.conflict.type"
CONFLICT_AGENTS = "signalfire.conflict.agents"
CONFLICT_RESOLUTION = "signalfire.conflict.resolution"
DEPENDENCY_TYPE = "signalfire.dependency.type"


# Where the conventions' name of a provider is not genai-prices', which the metrics have.
_PROVIDER_NAMES = {
    "aws": "aws.bedrock",
    "azure": "azure.ai.openai",
    "google": "gcp.gen_ai",
    "mistral": "mistral_ai",
    "moonshotai": "moonshot_ai",
    "x-ai": "x_ai",
}


def call_attributes(provider: str, model: str, operation: str, kind: str = CHAT) -> dict[str, Any]:
    name = _PROVIDER_NAMES.get(provider, provider)
    return {OPERATION_NAME: kind, PROVIDER_NAME: name, REQUEST_MODEL: model, OPERATION: operation}


def agent_attributes(agent: str, operation: str) -> dict[str, Any]:
    return {OPERATION_NAME: INVOKE_AGENT, AGENT_NAME: agent, OPERATION: operation}


def workflow_attributes(workflow_type: str) -> dict[str, Any]:
    return {OPERATION_NAME: INVOKE_WORKFLOW, WORKFLOW_NAME: workflow_type}


def tool_attributes(tool: str, agent: str) -> dict[str, Any]:
    return {OPERATION_NAME: EXECUTE_TOOL, TOOL_NAME: tool, AGENT_NAME: agent}


def message_attributes(sender: str, receiver: str, message_type: str) -> dict[str, Any]:
    return {AGENT_NAME: sender, MESSAGE_TYPE: message_type, MESSAGE_SENDER: sender, MESSAGE_RECEIVER: receiver}


def conflict_attributes(conflict_type: str, agents: tuple[str, ...]) -> dict[str, Any]:
    return {CONFLICT_TYPE: conflict_type, CONFLICT_AGENTS: agents} if agents else {CONFLICT_TYPE: conflict_type}


def memory_attributes(operation: str, store: str) -> dict[str, Any]:
    return {OPERATION_NAME: operation, DATA_SOURCE_ID: store}
