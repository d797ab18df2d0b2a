"""Health: registered checks, run side by side, each within its timeout; what /health and service_health say."""

from signalfire.health.checker import DEFAULT_TIMEOUT, FRESH_FOR, OVERALL, Check, CheckFunction, HealthChecker
from signalfire.health.configuration import (
    EnvironmentVariable,
    InRange,
    OneOf,
    ReadableFile,
    Required,
    Rule,
    WebAddress,
)
from signalfire.health.history import History, Run, Trend
from signalfire.health.results import Finding, Outcome, Report, Result, Status
from signalfire.health.score import health_score

__all__ = [
    "DEFAULT_TIMEOUT",
    "FRESH_FOR",
    "OVERALL",
    "Check",
    "CheckFunction",
    "EnvironmentVariable",
    "Finding",
    "HealthChecker",
    "History",
    "InRange",
    "OneOf",
    "Outcome",
    "ReadableFile",
    "Report",
    "Required",
    "Result",
    "Rule",
    "Run",
    "Status",
    "Trend",
    "WebAddress",
    "health_score",
]
