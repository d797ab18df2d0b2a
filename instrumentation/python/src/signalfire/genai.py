"""The names of OpenTelemetry's conventions for generative AI, which are still moving: nowhere else in the library."""

from typing import Any

CHAT = "chat"
INVOKE_AGENT = "invoke_agent"
INVOKE_WORKFLOW = "invoke_workflow"
EXECUTE_TOOL = "execute_tool"

AGENT_NAME = "gen_ai.agent.name"
OPERATION_NAME = "gen_ai.operation.name"
PROVIDER_NAME = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
RESPONSE_MODEL = "gen_ai.response.model"
RESPONSE_ID = "gen_ai.response.id"
TOOL_NAME = "gen_ai.tool.name"
WORKFLOW_NAME = "gen_ai.workflow.name"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
CACHE_READ_TOKENS = "gen_ai.usage.cache_read.input_tokens"
CACHE_WRITE_TOKENS = "gen_ai.usage.cache_creation.input_tokens"
REASONING_TOKENS = "gen_ai.usage.reasoning.output_tokens"
TIME_TO_FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"

# Ours, where there is no convention.
OPERATION = "signalfire.operation"
COST_USD = "signalfire.cost_usd"


def call_attributes(provider: str, model: str, operation: str) -> dict[str, Any]:
    return {OPERATION_NAME: CHAT, PROVIDER_NAME: provider, REQUEST_MODEL: model, OPERATION: operation}


def agent_attributes(agent: str, operation: str) -> dict[str, Any]:
    return {OPERATION_NAME: INVOKE_AGENT, AGENT_NAME: agent, OPERATION: operation}


def workflow_attributes(workflow_type: str) -> dict[str, Any]:
    return {OPERATION_NAME: INVOKE_WORKFLOW, WORKFLOW_NAME: workflow_type}


def tool_attributes(tool: str, agent: str) -> dict[str, Any]:
    return {OPERATION_NAME: EXECUTE_TOOL, TOOL_NAME: tool, AGENT_NAME: agent}
