"""Metrics, logs and traces of AI agents and the services around them.

What most applications need is here. What stands in `_LATER` is imported when it is first used, so that a process pays
only for the parts that it has.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from signalfire._internal import moved
from signalfire.agents.operations import track_agent_execution, track_task, track_tool_call, track_workflow
from signalfire.context.correlation import current_correlation_id, with_correlation_id
from signalfire.context.propagation import continue_context, current_context
from signalfire.context.threads import instrument_threads
from signalfire.errors import recent_errors, record_error
from signalfire.health import HealthChecker, Report, Status
from signalfire.http.clients import instrument_clients
from signalfire.http.server import MetricsServer, start_metrics_server
from signalfire.llm.call import AiCall, ai_operation, track_ai_call, track_tokens
from signalfire.llm.prices import calculate_cost
from signalfire.logs.setup import setup_logging
from signalfire.logs.structlog import get_logger
from signalfire.monitoring import Monitoring, WsgiMonitoring, setup_monitoring
from signalfire.prometheus.catalogue import Metrics
from signalfire.prometheus.default import metrics
from signalfire.settings import SettingError
from signalfire.tracing import setup_tracing, shutdown_tracing

if TYPE_CHECKING:
    from signalfire.agents.coordination import track_conflict, track_dependency, track_memory_operation, track_message
    from signalfire.costs import Budget, BudgetEvent, BudgetStatus, CostTracker
    from signalfire.databases import (
        instrument_asyncpg,
        instrument_psycopg,
        instrument_redis,
        instrument_sqlalchemy,
        track_database_query,
    )
    from signalfire.logs.events import (
        log_agent_action,
        log_crew_execution,
        log_error,
        log_llm_interaction,
        log_performance,
        log_request,
    )
    from signalfire.operations.performance import PerformanceTracker, get_performance_dashboard, measured
    from signalfire.prometheus.declared import declare_counter, declare_gauge, declare_histogram, declare_metrics
    from signalfire.prometheus.push import push_metrics
    from signalfire.providers.anthropic import instrument_anthropic
    from signalfire.providers.litellm import instrument_litellm
    from signalfire.providers.openai import instrument_openai
    from signalfire.workers import CeleryMonitoring, setup_celery_monitoring

_LATER = {
    "agents.coordination": ("track_conflict", "track_dependency", "track_memory_operation", "track_message"),
    "costs": ("Budget", "BudgetEvent", "BudgetStatus", "CostTracker"),
    "databases": (
        "instrument_asyncpg",
        "instrument_psycopg",
        "instrument_redis",
        "instrument_sqlalchemy",
        "track_database_query",
    ),
    "logs.events": (
        "log_agent_action",
        "log_crew_execution",
        "log_error",
        "log_llm_interaction",
        "log_performance",
        "log_request",
    ),
    "prometheus.declared": ("declare_counter", "declare_gauge", "declare_histogram", "declare_metrics"),
    "operations.performance": ("PerformanceTracker", "get_performance_dashboard", "measured"),
    "providers.anthropic": ("instrument_anthropic",),
    "providers.litellm": ("instrument_litellm",),
    "providers.openai": ("instrument_openai",),
    "prometheus.push": ("push_metrics",),
    "workers": ("CeleryMonitoring", "setup_celery_monitoring"),
}
_HOME = {name: f"{__name__}.{module}" for module, names in _LATER.items() for name in names}

__all__ = [
    "AiCall",
    "Budget",
    "BudgetEvent",
    "BudgetStatus",
    "CeleryMonitoring",
    "CostTracker",
    "HealthChecker",
    "Metrics",
    "MetricsServer",
    "Monitoring",
    "PerformanceTracker",
    "Report",
    "SettingError",
    "Status",
    "WsgiMonitoring",
    "ai_operation",
    "calculate_cost",
    "continue_context",
    "current_context",
    "current_correlation_id",
    "declare_counter",
    "declare_gauge",
    "declare_histogram",
    "declare_metrics",
    "get_logger",
    "get_performance_dashboard",
    "instrument_anthropic",
    "instrument_asyncpg",
    "instrument_clients",
    "instrument_litellm",
    "instrument_openai",
    "instrument_psycopg",
    "instrument_redis",
    "instrument_sqlalchemy",
    "instrument_threads",
    "log_agent_action",
    "log_crew_execution",
    "log_error",
    "log_llm_interaction",
    "log_performance",
    "log_request",
    "measured",
    "metrics",
    "push_metrics",
    "recent_errors",
    "record_error",
    "setup_celery_monitoring",
    "setup_logging",
    "setup_monitoring",
    "setup_tracing",
    "shutdown_tracing",
    "start_metrics_server",
    "track_agent_execution",
    "track_ai_call",
    "track_conflict",
    "track_database_query",
    "track_dependency",
    "track_memory_operation",
    "track_message",
    "track_task",
    "track_tokens",
    "track_tool_call",
    "track_workflow",
    "with_correlation_id",
]

moved.install()


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_HOME[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
