"""Metrics, logs and traces of AI agents and the services around them."""

from signalfire.agents import track_agent_execution, track_task, track_tool_call, track_workflow
from signalfire.ai import AiCall, track_ai_call
from signalfire.catalogue import Metrics
from signalfire.clients import instrument_clients
from signalfire.correlation import current_correlation_id, with_correlation_id
from signalfire.health import HealthChecker, Report, Status
from signalfire.internal import metrics
from signalfire.logs import get_logger, setup_logging
from signalfire.monitoring import Monitoring, setup_monitoring
from signalfire.server import MetricsServer, start_metrics_server
from signalfire.tracing import setup_tracing, shutdown_tracing

__all__ = [
    "AiCall",
    "HealthChecker",
    "Metrics",
    "MetricsServer",
    "Monitoring",
    "Report",
    "Status",
    "current_correlation_id",
    "get_logger",
    "instrument_clients",
    "metrics",
    "setup_logging",
    "setup_monitoring",
    "setup_tracing",
    "shutdown_tracing",
    "start_metrics_server",
    "track_agent_execution",
    "track_ai_call",
    "track_task",
    "track_tool_call",
    "track_workflow",
    "with_correlation_id",
]
