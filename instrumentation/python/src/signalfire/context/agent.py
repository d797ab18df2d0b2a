"""The agent at work: in a context variable, and in OpenTelemetry's contexts, which are handed on explicitly."""

from contextvars import ContextVar

from opentelemetry import context as otel_context
from opentelemetry.context import Context

NO_AGENT = "none"
_AGENT = otel_context.create_key("signalfire-agent")
current_agent: ContextVar[str] = ContextVar("signalfire_agent", default=NO_AGENT)


def with_agent(agent: str, context: Context) -> Context:
    """A context in which that agent is at work."""
    return otel_context.set_value(_AGENT, agent, context)


def agent_in(context: Context | None) -> str:
    """The agent at work in that context, else the current one."""
    agent = None if context is None else context.get(_AGENT)
    return agent if isinstance(agent, str) else current_agent.get()
