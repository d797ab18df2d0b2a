"""Generated from instrumentation/catalogue.yaml by `make generate`; do not edit.

Every metric of the catalogue, typed. Each is created in its registry when it is first used.
"""

from functools import cached_property

from prometheus_client import Counter, Gauge, Histogram, Summary

from signalfire.prometheus.bounded import Family, Label, LabelValue, Spec
from signalfire.prometheus.lazy import LazyMetrics


class HttpRequestsTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="http_requests_total",
        help=(
            "Requests answered, by route template and exact status; 499 is a client that left, the endpoint of a "
            "request that matched no route is unmatched."
        ),
        unit="requests",
        labels=(
            Label(
                "method",
                values=frozenset(
                    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "QUERY"}
                ),
            ),
            Label("endpoint", cap=500),
            Label("status", cap=70),
        ),
    )

    def labels(self, *, method: LabelValue, endpoint: LabelValue, status: LabelValue) -> Counter:
        values = (method, endpoint, status)
        return self._children.get(values) or self._child(values)


class HttpRequestDurationSeconds(Family[Histogram]):
    spec = Spec(
        kind="histogram",
        name="http_request_duration_seconds",
        help="Time from the request's arrival to the last byte of its response; background tasks are left out.",
        unit="seconds",
        labels=(
            Label(
                "method",
                values=frozenset(
                    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "QUERY"}
                ),
            ),
            Label("endpoint", cap=500),
        ),
        buckets=(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 3.0, 5.0, 7.5, 10.0),
    )

    def labels(self, *, method: LabelValue, endpoint: LabelValue) -> Histogram:
        values = (method, endpoint)
        return self._children.get(values) or self._child(values)


class HttpRequestSizeBytes(Family[Summary]):
    spec = Spec(
        kind="summary",
        name="http_request_size_bytes",
        help="Size of request bodies; requests without one are not observed.",
        unit="bytes",
        labels=(
            Label(
                "method",
                values=frozenset(
                    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "QUERY"}
                ),
            ),
            Label("endpoint", cap=500),
        ),
    )

    def labels(self, *, method: LabelValue, endpoint: LabelValue) -> Summary:
        values = (method, endpoint)
        return self._children.get(values) or self._child(values)


class HttpResponseSizeBytes(Family[Summary]):
    spec = Spec(
        kind="summary",
        name="http_response_size_bytes",
        help="Size of response bodies, as handed to the server.",
        unit="bytes",
        labels=(
            Label(
                "method",
                values=frozenset(
                    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "QUERY"}
                ),
            ),
            Label("endpoint", cap=500),
        ),
    )

    def labels(self, *, method: LabelValue, endpoint: LabelValue) -> Summary:
        values = (method, endpoint)
        return self._children.get(values) or self._child(values)


class HttpRequestsInProgress(Family[Gauge]):
    spec = Spec(
        kind="gauge",
        name="http_requests_in_progress",
        help="Requests being answered now.",
        labels=(
            Label(
                "method",
                values=frozenset(
                    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "QUERY"}
                ),
            ),
        ),
        processes="livesum",
    )

    def labels(self, *, method: LabelValue) -> Gauge:
        values = (method,)
        return self._children.get(values) or self._child(values)


class HttpExceptionsTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="http_exceptions_total",
        help="Exceptions that no handler of the application caught.",
        unit="exceptions",
        labels=(
            Label("exception_type"),
            Label("endpoint", cap=500),
        ),
    )

    def labels(self, *, exception_type: LabelValue, endpoint: LabelValue) -> Counter:
        values = (exception_type, endpoint)
        return self._children.get(values) or self._child(values)


class RateLimitRequestsTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="rate_limit_requests_total",
        help="Decisions of a rate limiter.",
        unit="requests",
        labels=(
            Label("decision", values=frozenset({"allowed", "blocked"})),
            Label("limit_type"),
        ),
    )

    def labels(self, *, decision: LabelValue, limit_type: LabelValue) -> Counter:
        values = (decision, limit_type)
        return self._children.get(values) or self._child(values)


class ValidationFailuresTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="validation_failures_total",
        help="Requests refused because their input was not valid.",
        unit="failures",
        labels=(
            Label("endpoint", cap=500),
            Label("reason"),
        ),
    )

    def labels(self, *, endpoint: LabelValue, reason: LabelValue) -> Counter:
        values = (endpoint, reason)
        return self._children.get(values) or self._child(values)


class CacheRequestsTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="cache_requests_total",
        help="Look-ups in a cache.",
        unit="requests",
        labels=(
            Label("cache"),
            Label("result", values=frozenset({"hit", "miss"})),
        ),
    )

    def labels(self, *, cache: LabelValue, result: LabelValue) -> Counter:
        values = (cache, result)
        return self._children.get(values) or self._child(values)


class AiApiCallsTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="ai_api_calls_total",
        help="Calls to a model provider.",
        unit="calls",
        labels=(
            Label("provider"),
            Label("model"),
            Label("operation"),
            Label("status", values=frozenset({"success", "error", "cancelled"})),
        ),
    )

    def labels(self, *, provider: LabelValue, model: LabelValue, operation: LabelValue, status: LabelValue) -> Counter:
        values = (provider, model, operation, status)
        return self._children.get(values) or self._child(values)


class AiApiTokensTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="ai_api_tokens_total",
        help="Tokens used. Input includes the cached ones, output includes reasoning, so never add the types up.",
        unit="tokens",
        labels=(
            Label("provider"),
            Label("model"),
            Label("operation"),
            Label("type", values=frozenset({"input", "output", "cache_read", "cache_write", "reasoning"})),
        ),
    )

    def labels(self, *, provider: LabelValue, model: LabelValue, operation: LabelValue, type: LabelValue) -> Counter:
        values = (provider, model, operation, type)
        return self._children.get(values) or self._child(values)


class AiApiCostUsdTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="ai_api_cost_usd_total",
        help="Price of the calls whose model has a known price.",
        unit="usd",
        labels=(
            Label("provider"),
            Label("model"),
            Label("operation"),
        ),
    )

    def labels(self, *, provider: LabelValue, model: LabelValue, operation: LabelValue) -> Counter:
        values = (provider, model, operation)
        return self._children.get(values) or self._child(values)


class AiApiUnpricedCallsTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="ai_api_unpriced_calls_total",
        help=(
            "Successful calls that could not be priced (unknown model, or no token counts reported); their cost is "
            "unknown, not zero."
        ),
        unit="calls",
        labels=(
            Label("provider"),
            Label("model"),
        ),
    )

    def labels(self, *, provider: LabelValue, model: LabelValue) -> Counter:
        values = (provider, model)
        return self._children.get(values) or self._child(values)


class AiApiDurationSeconds(Family[Histogram]):
    spec = Spec(
        kind="histogram",
        name="ai_api_duration_seconds",
        help="Duration of calls to a model provider, a stream to its last chunk.",
        unit="seconds",
        labels=(
            Label("provider"),
            Label("model"),
            Label("operation"),
        ),
        buckets=(0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0),
    )

    def labels(self, *, provider: LabelValue, model: LabelValue, operation: LabelValue) -> Histogram:
        values = (provider, model, operation)
        return self._children.get(values) or self._child(values)


class AiApiTimeToFirstTokenSeconds(Family[Histogram]):
    spec = Spec(
        kind="histogram",
        name="ai_api_time_to_first_token_seconds",
        help="Time from a call's start to the first token of its stream.",
        unit="seconds",
        labels=(
            Label("provider"),
            Label("model"),
        ),
        buckets=(0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0),
    )

    def labels(self, *, provider: LabelValue, model: LabelValue) -> Histogram:
        values = (provider, model)
        return self._children.get(values) or self._child(values)


class AiApiErrorsTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="ai_api_errors_total",
        help="Calls to a model provider that failed, by kind of failure.",
        unit="errors",
        labels=(
            Label("provider"),
            Label("model"),
            Label("error_type"),
        ),
    )

    def labels(self, *, provider: LabelValue, model: LabelValue, error_type: LabelValue) -> Counter:
        values = (provider, model, error_type)
        return self._children.get(values) or self._child(values)


class AiCacheHitsTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="ai_cache_hits_total",
        help="Calls whose prompt was at least partly read from the provider's cache.",
        labels=(
            Label("provider"),
            Label("model"),
            Label("operation"),
        ),
    )

    def labels(self, *, provider: LabelValue, model: LabelValue, operation: LabelValue) -> Counter:
        values = (provider, model, operation)
        return self._children.get(values) or self._child(values)


class AiCacheMissesTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="ai_cache_misses_total",
        help="Calls for which the provider reported that nothing was read from its cache.",
        labels=(
            Label("provider"),
            Label("model"),
            Label("operation"),
        ),
    )

    def labels(self, *, provider: LabelValue, model: LabelValue, operation: LabelValue) -> Counter:
        values = (provider, model, operation)
        return self._children.get(values) or self._child(values)


class AiCacheSavedUsdTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="ai_cache_saved_usd_total",
        help="What the tokens read from the provider's cache would have cost beyond what they did cost.",
        unit="usd",
        labels=(
            Label("provider"),
            Label("model"),
        ),
    )

    def labels(self, *, provider: LabelValue, model: LabelValue) -> Counter:
        values = (provider, model)
        return self._children.get(values) or self._child(values)


class BudgetSpentUsd(Family[Gauge]):
    spec = Spec(
        kind="gauge",
        name="budget_spent_usd",
        help="Spent so far in the budget's current period.",
        unit="usd",
        labels=(
            Label("budget"),
            Label("period", values=frozenset({"day", "month"})),
        ),
        processes="livemax",
    )

    def labels(self, *, budget: LabelValue, period: LabelValue) -> Gauge:
        values = (budget, period)
        return self._children.get(values) or self._child(values)


class BudgetLimitUsd(Family[Gauge]):
    spec = Spec(
        kind="gauge",
        name="budget_limit_usd",
        help="The budget's limit.",
        unit="usd",
        labels=(
            Label("budget"),
            Label("period", values=frozenset({"day", "month"})),
        ),
        processes="livemax",
    )

    def labels(self, *, budget: LabelValue, period: LabelValue) -> Gauge:
        values = (budget, period)
        return self._children.get(values) or self._child(values)


class BudgetUsedRatio(Family[Gauge]):
    spec = Spec(
        kind="gauge",
        name="budget_used_ratio",
        help="Share of the budget that is spent; above 1 is over budget.",
        unit="ratio",
        labels=(
            Label("budget"),
            Label("period", values=frozenset({"day", "month"})),
        ),
        processes="livemax",
    )

    def labels(self, *, budget: LabelValue, period: LabelValue) -> Gauge:
        values = (budget, period)
        return self._children.get(values) or self._child(values)


class BudgetForecastUsd(Family[Gauge]):
    spec = Spec(
        kind="gauge",
        name="budget_forecast_usd",
        help="What the period will have cost at its end if spending goes on as it does.",
        unit="usd",
        labels=(
            Label("budget"),
            Label("period", values=frozenset({"day", "month"})),
        ),
        processes="livemax",
    )

    def labels(self, *, budget: LabelValue, period: LabelValue) -> Gauge:
        values = (budget, period)
        return self._children.get(values) or self._child(values)


class AgentExecutionsTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="agent_executions_total",
        help="Executions of an agent that ended.",
        unit="executions",
        labels=(
            Label("agent"),
            Label("operation"),
            Label("status", values=frozenset({"success", "error", "cancelled"})),
        ),
    )

    def labels(self, *, agent: LabelValue, operation: LabelValue, status: LabelValue) -> Counter:
        values = (agent, operation, status)
        return self._children.get(values) or self._child(values)


class AgentExecutionDurationSeconds(Family[Histogram]):
    spec = Spec(
        kind="histogram",
        name="agent_execution_duration_seconds",
        help="Duration of an agent's executions.",
        unit="seconds",
        labels=(
            Label("agent"),
            Label("operation"),
        ),
        buckets=(0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0),
    )

    def labels(self, *, agent: LabelValue, operation: LabelValue) -> Histogram:
        values = (agent, operation)
        return self._children.get(values) or self._child(values)


class AgentsActive(Family[Gauge]):
    spec = Spec(
        kind="gauge",
        name="agents_active",
        help="Executions of an agent that are under way.",
        labels=(Label("agent"),),
        processes="livesum",
    )

    def labels(self, *, agent: LabelValue) -> Gauge:
        values = (agent,)
        return self._children.get(values) or self._child(values)


class ToolCallsTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="tool_calls_total",
        help="Calls of a tool that ended.",
        unit="calls",
        labels=(
            Label("tool"),
            Label("agent"),
            Label("status", values=frozenset({"success", "error", "cancelled"})),
        ),
    )

    def labels(self, *, tool: LabelValue, agent: LabelValue, status: LabelValue) -> Counter:
        values = (tool, agent, status)
        return self._children.get(values) or self._child(values)


class ToolDurationSeconds(Family[Histogram]):
    spec = Spec(
        kind="histogram",
        name="tool_duration_seconds",
        help="Duration of tool calls.",
        unit="seconds",
        labels=(Label("tool"),),
        buckets=(0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0),
    )

    def labels(self, *, tool: LabelValue) -> Histogram:
        values = (tool,)
        return self._children.get(values) or self._child(values)


class TasksTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="tasks_total",
        help="Tasks that ended.",
        labels=(
            Label("task_type"),
            Label("agent"),
            Label("status", values=frozenset({"success", "error", "cancelled"})),
        ),
    )

    def labels(self, *, task_type: LabelValue, agent: LabelValue, status: LabelValue) -> Counter:
        values = (task_type, agent, status)
        return self._children.get(values) or self._child(values)


class TaskDurationSeconds(Family[Histogram]):
    spec = Spec(
        kind="histogram",
        name="task_duration_seconds",
        help="Duration of tasks.",
        unit="seconds",
        labels=(Label("task_type"),),
        buckets=(0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0),
    )

    def labels(self, *, task_type: LabelValue) -> Histogram:
        values = (task_type,)
        return self._children.get(values) or self._child(values)


class TaskQueueSize(Family[Gauge]):
    spec = Spec(
        kind="gauge",
        name="task_queue_size",
        help="Tasks that wait for an agent.",
        labels=(Label("queue"),),
        processes="livemax",
    )

    def labels(self, *, queue: LabelValue) -> Gauge:
        values = (queue,)
        return self._children.get(values) or self._child(values)


class TaskQualityScore(Family[Histogram]):
    spec = Spec(
        kind="histogram",
        name="task_quality_score",
        help="Quality of finished tasks, from 0 (useless) to 1 (perfect).",
        unit="score",
        labels=(
            Label("task_type"),
            Label("agent"),
        ),
        buckets=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
    )

    def labels(self, *, task_type: LabelValue, agent: LabelValue) -> Histogram:
        values = (task_type, agent)
        return self._children.get(values) or self._child(values)


class WorkflowsTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="workflows_total",
        help="Workflows that ended.",
        labels=(
            Label("workflow_type"),
            Label("status", values=frozenset({"success", "error", "cancelled"})),
        ),
    )

    def labels(self, *, workflow_type: LabelValue, status: LabelValue) -> Counter:
        values = (workflow_type, status)
        return self._children.get(values) or self._child(values)


class WorkflowDurationSeconds(Family[Histogram]):
    spec = Spec(
        kind="histogram",
        name="workflow_duration_seconds",
        help="Duration of workflows.",
        unit="seconds",
        labels=(
            Label("workflow_type"),
            Label("status", values=frozenset({"success", "error", "cancelled"})),
        ),
        buckets=(0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0),
    )

    def labels(self, *, workflow_type: LabelValue, status: LabelValue) -> Histogram:
        values = (workflow_type, status)
        return self._children.get(values) or self._child(values)


class WorkflowsActive(Family[Gauge]):
    spec = Spec(
        kind="gauge",
        name="workflows_active",
        help="Workflows under way.",
        labels=(Label("workflow_type"),),
        processes="livesum",
    )

    def labels(self, *, workflow_type: LabelValue) -> Gauge:
        values = (workflow_type,)
        return self._children.get(values) or self._child(values)


class AgentMessagesTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="agent_messages_total",
        help="Messages between agents.",
        unit="messages",
        labels=(
            Label("sender"),
            Label("receiver"),
            Label("message_type"),
        ),
    )

    def labels(self, *, sender: LabelValue, receiver: LabelValue, message_type: LabelValue) -> Counter:
        values = (sender, receiver, message_type)
        return self._children.get(values) or self._child(values)


class AgentMessageDurationSeconds(Family[Histogram]):
    spec = Spec(
        kind="histogram",
        name="agent_message_duration_seconds",
        help="Time until a message between agents was dealt with.",
        unit="seconds",
        labels=(
            Label("sender"),
            Label("receiver"),
            Label("message_type"),
        ),
        buckets=(0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0),
    )

    def labels(self, *, sender: LabelValue, receiver: LabelValue, message_type: LabelValue) -> Histogram:
        values = (sender, receiver, message_type)
        return self._children.get(values) or self._child(values)


class ConflictsTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="conflicts_total",
        help="Conflicts between agents, by how they were resolved.",
        labels=(
            Label("conflict_type"),
            Label("resolution_method"),
            Label("status"),
        ),
    )

    def labels(self, *, conflict_type: LabelValue, resolution_method: LabelValue, status: LabelValue) -> Counter:
        values = (conflict_type, resolution_method, status)
        return self._children.get(values) or self._child(values)


class ConflictResolutionDurationSeconds(Family[Histogram]):
    spec = Spec(
        kind="histogram",
        name="conflict_resolution_duration_seconds",
        help="Time until a conflict was resolved or given up.",
        unit="seconds",
        labels=(Label("conflict_type"),),
        buckets=(0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0),
    )

    def labels(self, *, conflict_type: LabelValue) -> Histogram:
        values = (conflict_type,)
        return self._children.get(values) or self._child(values)


class DependencyResolutionDurationSeconds(Family[Histogram]):
    spec = Spec(
        kind="histogram",
        name="dependency_resolution_duration_seconds",
        help="Time that work waited for what it depends on.",
        unit="seconds",
        labels=(Label("dependency_type"),),
        buckets=(0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0),
    )

    def labels(self, *, dependency_type: LabelValue) -> Histogram:
        values = (dependency_type,)
        return self._children.get(values) or self._child(values)


class CollaborationEfficiencyRatio(Family[Gauge]):
    spec = Spec(
        kind="gauge",
        name="collaboration_efficiency_ratio",
        help=(
            "Share of an agent's working time that it did not spend waiting for others (answers, dependencies, "
            "conflicts), from 0 to 1."
        ),
        unit="ratio",
        labels=(Label("agent"),),
        processes="livemax",
    )

    def labels(self, *, agent: LabelValue) -> Gauge:
        values = (agent,)
        return self._children.get(values) or self._child(values)


class MemoryOperationDurationSeconds(Family[Summary]):
    spec = Spec(
        kind="summary",
        name="memory_operation_duration_seconds",
        help="Duration of operations on an agent's memory.",
        unit="seconds",
        labels=(
            Label("operation"),
            Label("store"),
        ),
    )

    def labels(self, *, operation: LabelValue, store: LabelValue) -> Summary:
        values = (operation, store)
        return self._children.get(values) or self._child(values)


class CampaignsCreatedTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="campaigns_created_total",
        help="Campaigns created.",
        labels=(Label("platform"),),
    )

    def labels(self, *, platform: LabelValue) -> Counter:
        values = (platform,)
        return self._children.get(values) or self._child(values)


class AdsPublishedTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="ads_published_total",
        help="Ads published.",
        labels=(
            Label("platform"),
            Label("format"),
        ),
    )

    def labels(self, *, platform: LabelValue, format: LabelValue) -> Counter:
        values = (platform, format)
        return self._children.get(values) or self._child(values)


class PredictionAccuracy(Family[Gauge]):
    spec = Spec(
        kind="gauge",
        name="prediction_accuracy",
        help="Accuracy of a prediction model by the measure named.",
        labels=(
            Label("model"),
            Label("measure", values=frozenset({"mae", "rmse", "r2"})),
        ),
        processes="livemax",
    )

    def labels(self, *, model: LabelValue, measure: LabelValue) -> Gauge:
        values = (model, measure)
        return self._children.get(values) or self._child(values)


class RoasValue(Family[Gauge]):
    spec = Spec(
        kind="gauge",
        name="roas_value",
        help="Return on ad spend of the campaigns watched most closely.",
        labels=(
            Label("campaign", cap=50),
            Label("platform"),
        ),
        processes="livemax",
    )

    def labels(self, *, campaign: LabelValue, platform: LabelValue) -> Gauge:
        values = (campaign, platform)
        return self._children.get(values) or self._child(values)


class VideoGenerationTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="video_generation_total",
        help="Videos whose generation ended.",
        labels=(Label("status"),),
    )

    def labels(self, *, status: LabelValue) -> Counter:
        values = (status,)
        return self._children.get(values) or self._child(values)


class VideoProcessingDurationSeconds(Family[Histogram]):
    spec = Spec(
        kind="histogram",
        name="video_processing_duration_seconds",
        help="Time to process a video.",
        unit="seconds",
        labels=(Label("format"),),
        buckets=(0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0),
    )

    def labels(self, *, format: LabelValue) -> Histogram:
        values = (format,)
        return self._children.get(values) or self._child(values)


class RevenueUsdTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="revenue_usd_total",
        help="Revenue.",
        unit="usd",
        labels=(Label("platform"),),
    )

    def labels(self, *, platform: LabelValue) -> Counter:
        values = (platform,)
        return self._children.get(values) or self._child(values)


class DatabaseConnections(Family[Gauge]):
    spec = Spec(
        kind="gauge",
        name="database_connections",
        help="Connections of a pool.",
        unit="connections",
        labels=(
            Label("database"),
            Label("state", values=frozenset({"active", "idle"})),
        ),
        processes="livesum",
    )

    def labels(self, *, database: LabelValue, state: LabelValue) -> Gauge:
        values = (database, state)
        return self._children.get(values) or self._child(values)


class DatabaseConnectionsLimit(Family[Gauge]):
    spec = Spec(
        kind="gauge",
        name="database_connections_limit",
        help="Connections that a pool may have, those that it opens for a rush included.",
        labels=(Label("database"),),
        processes="livesum",
    )

    def labels(self, *, database: LabelValue) -> Gauge:
        values = (database,)
        return self._children.get(values) or self._child(values)


class DatabaseQueryDurationSeconds(Family[Histogram]):
    spec = Spec(
        kind="histogram",
        name="database_query_duration_seconds",
        help="Duration of queries.",
        unit="seconds",
        labels=(
            Label("database"),
            Label("operation"),
        ),
        buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
    )

    def labels(self, *, database: LabelValue, operation: LabelValue) -> Histogram:
        values = (database, operation)
        return self._children.get(values) or self._child(values)


class DatabaseErrorsTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="database_errors_total",
        help="Queries that failed.",
        unit="errors",
        labels=(
            Label("database"),
            Label("error_type"),
        ),
    )

    def labels(self, *, database: LabelValue, error_type: LabelValue) -> Counter:
        values = (database, error_type)
        return self._children.get(values) or self._child(values)


class RedisOperationsTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="redis_operations_total",
        help="Redis commands.",
        unit="operations",
        labels=(
            Label("operation"),
            Label("status", values=frozenset({"success", "error"})),
        ),
    )

    def labels(self, *, operation: LabelValue, status: LabelValue) -> Counter:
        values = (operation, status)
        return self._children.get(values) or self._child(values)


class RedisOperationDurationSeconds(Family[Histogram]):
    spec = Spec(
        kind="histogram",
        name="redis_operation_duration_seconds",
        help="Duration of Redis commands.",
        unit="seconds",
        labels=(
            Label("operation"),
            Label("status", values=frozenset({"success", "error"})),
        ),
        buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
    )

    def labels(self, *, operation: LabelValue, status: LabelValue) -> Histogram:
        values = (operation, status)
        return self._children.get(values) or self._child(values)


class QueueDepth(Family[Gauge]):
    spec = Spec(
        kind="gauge",
        name="queue_depth",
        help="Items waiting in a queue.",
        labels=(Label("queue"),),
        processes="livemax",
    )

    def labels(self, *, queue: LabelValue) -> Gauge:
        values = (queue,)
        return self._children.get(values) or self._child(values)


class QueueProcessingDurationSeconds(Family[Histogram]):
    spec = Spec(
        kind="histogram",
        name="queue_processing_duration_seconds",
        help="Time to process one item of a queue.",
        unit="seconds",
        labels=(Label("queue"),),
        buckets=(0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0),
    )

    def labels(self, *, queue: LabelValue) -> Histogram:
        values = (queue,)
        return self._children.get(values) or self._child(values)


class CeleryTasksTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="celery_tasks_total",
        help="Celery tasks by the state they reached.",
        unit="tasks",
        labels=(
            Label("task"),
            Label("queue"),
            Label("state", values=frozenset({"success", "failure", "retry", "revoked", "rejected"})),
        ),
    )

    def labels(self, *, task: LabelValue, queue: LabelValue, state: LabelValue) -> Counter:
        values = (task, queue, state)
        return self._children.get(values) or self._child(values)


class CeleryTaskDurationSeconds(Family[Histogram]):
    spec = Spec(
        kind="histogram",
        name="celery_task_duration_seconds",
        help="Run time of Celery tasks.",
        unit="seconds",
        labels=(
            Label("task"),
            Label("queue"),
        ),
        buckets=(0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0),
    )

    def labels(self, *, task: LabelValue, queue: LabelValue) -> Histogram:
        values = (task, queue)
        return self._children.get(values) or self._child(values)


class CeleryTaskRetriesTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="celery_task_retries_total",
        help="Retries of Celery tasks.",
        unit="retries",
        labels=(
            Label("task"),
            Label("queue"),
        ),
    )

    def labels(self, *, task: LabelValue, queue: LabelValue) -> Counter:
        values = (task, queue)
        return self._children.get(values) or self._child(values)


class CeleryTaskWaitSeconds(Family[Histogram]):
    spec = Spec(
        kind="histogram",
        name="celery_task_wait_seconds",
        help="Time between a Celery task's sending and its start.",
        unit="seconds",
        labels=(Label("queue"),),
        buckets=(0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0),
    )

    def labels(self, *, queue: LabelValue) -> Histogram:
        values = (queue,)
        return self._children.get(values) or self._child(values)


class OperationsTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="operations_total",
        help="Runs of a piece of the application's own code that PerformanceTracker or measured watches.",
        labels=(
            Label("operation"),
            Label("status", values=frozenset({"success", "error", "cancelled"})),
        ),
    )

    def labels(self, *, operation: LabelValue, status: LabelValue) -> Counter:
        values = (operation, status)
        return self._children.get(values) or self._child(values)


class OperationDurationSeconds(Family[Histogram]):
    spec = Spec(
        kind="histogram",
        name="operation_duration_seconds",
        help="Duration of those runs.",
        unit="seconds",
        labels=(Label("operation"),),
        buckets=(
            1e-05,
            5e-05,
            0.0001,
            0.00025,
            0.0005,
            0.001,
            0.0025,
            0.005,
            0.01,
            0.025,
            0.05,
            0.1,
            0.25,
            0.5,
            1.0,
            2.5,
            5.0,
            10.0,
            30.0,
            60.0,
            300.0,
        ),
    )

    def labels(self, *, operation: LabelValue) -> Histogram:
        values = (operation,)
        return self._children.get(values) or self._child(values)


class ServiceHealth(Family[Gauge]):
    spec = Spec(
        kind="gauge",
        name="service_health",
        help=(
            "Result of a health check (1 healthy, 0.5 degraded, 0 unhealthy); the check named overall is the worst of "
            "all."
        ),
        labels=(
            Label("component"),
            Label("check"),
        ),
        processes="livemin",
    )

    def labels(self, *, component: LabelValue, check: LabelValue) -> Gauge:
        values = (component, check)
        return self._children.get(values) or self._child(values)


class HealthCheckDurationSeconds(Family[Histogram]):
    spec = Spec(
        kind="histogram",
        name="health_check_duration_seconds",
        help="Duration of health checks.",
        unit="seconds",
        labels=(Label("check"),),
        buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
    )

    def labels(self, *, check: LabelValue) -> Histogram:
        values = (check,)
        return self._children.get(values) or self._child(values)


class SignalfireLabelValuesFoldedTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="signalfire_label_values_folded_total",
        help=(
            "Label values that were replaced by other, because they were not allowed or the cap of their label was "
            "reached."
        ),
        labels=(
            Label("metric", cap=300),
            Label("label"),
        ),
    )

    def labels(self, *, metric: LabelValue, label: LabelValue) -> Counter:
        values = (metric, label)
        return self._children.get(values) or self._child(values)


class SignalfireLogRecordsDroppedTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="signalfire_log_records_dropped_total",
        help="Log records that could not be written.",
        labels=(Label("reason", values=frozenset({"write_failed", "unserializable"})),),
    )

    def labels(self, *, reason: LabelValue) -> Counter:
        values = (reason,)
        return self._children.get(values) or self._child(values)


class SignalfireSpansDroppedTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="signalfire_spans_dropped_total",
        help="Spans that were recorded but never reached the collector.",
        labels=(Label("reason", values=frozenset({"queue_full", "export_failed", "shutdown"})),),
    )

    def labels(self, *, reason: LabelValue) -> Counter:
        values = (reason,)
        return self._children.get(values) or self._child(values)


class SignalfireInternalErrorsTotal(Family[Counter]):
    spec = Spec(
        kind="counter",
        name="signalfire_internal_errors_total",
        help="Errors inside the instrumentation, which the application never sees.",
        unit="errors",
        labels=(Label("component"),),
    )

    def labels(self, *, component: LabelValue) -> Counter:
        values = (component,)
        return self._children.get(values) or self._child(values)


class Metrics(LazyMetrics):
    """All metrics of the catalogue, in one registry."""

    @cached_property
    def http_requests_total(self) -> HttpRequestsTotal:
        return self._family(HttpRequestsTotal)

    @cached_property
    def http_request_duration_seconds(self) -> HttpRequestDurationSeconds:
        return self._family(HttpRequestDurationSeconds)

    @cached_property
    def http_request_size_bytes(self) -> HttpRequestSizeBytes:
        return self._family(HttpRequestSizeBytes)

    @cached_property
    def http_response_size_bytes(self) -> HttpResponseSizeBytes:
        return self._family(HttpResponseSizeBytes)

    @cached_property
    def http_requests_in_progress(self) -> HttpRequestsInProgress:
        return self._family(HttpRequestsInProgress)

    @cached_property
    def http_exceptions_total(self) -> HttpExceptionsTotal:
        return self._family(HttpExceptionsTotal)

    @cached_property
    def rate_limit_requests_total(self) -> RateLimitRequestsTotal:
        return self._family(RateLimitRequestsTotal)

    @cached_property
    def validation_failures_total(self) -> ValidationFailuresTotal:
        return self._family(ValidationFailuresTotal)

    @cached_property
    def cache_requests_total(self) -> CacheRequestsTotal:
        return self._family(CacheRequestsTotal)

    @cached_property
    def ai_api_calls_total(self) -> AiApiCallsTotal:
        return self._family(AiApiCallsTotal)

    @cached_property
    def ai_api_tokens_total(self) -> AiApiTokensTotal:
        return self._family(AiApiTokensTotal)

    @cached_property
    def ai_api_cost_usd_total(self) -> AiApiCostUsdTotal:
        return self._family(AiApiCostUsdTotal)

    @cached_property
    def ai_api_unpriced_calls_total(self) -> AiApiUnpricedCallsTotal:
        return self._family(AiApiUnpricedCallsTotal)

    @cached_property
    def ai_api_duration_seconds(self) -> AiApiDurationSeconds:
        return self._family(AiApiDurationSeconds)

    @cached_property
    def ai_api_time_to_first_token_seconds(self) -> AiApiTimeToFirstTokenSeconds:
        return self._family(AiApiTimeToFirstTokenSeconds)

    @cached_property
    def ai_api_errors_total(self) -> AiApiErrorsTotal:
        return self._family(AiApiErrorsTotal)

    @cached_property
    def ai_cache_hits_total(self) -> AiCacheHitsTotal:
        return self._family(AiCacheHitsTotal)

    @cached_property
    def ai_cache_misses_total(self) -> AiCacheMissesTotal:
        return self._family(AiCacheMissesTotal)

    @cached_property
    def ai_cache_saved_usd_total(self) -> AiCacheSavedUsdTotal:
        return self._family(AiCacheSavedUsdTotal)

    @cached_property
    def budget_spent_usd(self) -> BudgetSpentUsd:
        return self._family(BudgetSpentUsd)

    @cached_property
    def budget_limit_usd(self) -> BudgetLimitUsd:
        return self._family(BudgetLimitUsd)

    @cached_property
    def budget_used_ratio(self) -> BudgetUsedRatio:
        return self._family(BudgetUsedRatio)

    @cached_property
    def budget_forecast_usd(self) -> BudgetForecastUsd:
        return self._family(BudgetForecastUsd)

    @cached_property
    def agent_executions_total(self) -> AgentExecutionsTotal:
        return self._family(AgentExecutionsTotal)

    @cached_property
    def agent_execution_duration_seconds(self) -> AgentExecutionDurationSeconds:
        return self._family(AgentExecutionDurationSeconds)

    @cached_property
    def agents_active(self) -> AgentsActive:
        return self._family(AgentsActive)

    @cached_property
    def tool_calls_total(self) -> ToolCallsTotal:
        return self._family(ToolCallsTotal)

    @cached_property
    def tool_duration_seconds(self) -> ToolDurationSeconds:
        return self._family(ToolDurationSeconds)

    @cached_property
    def tasks_total(self) -> TasksTotal:
        return self._family(TasksTotal)

    @cached_property
    def task_duration_seconds(self) -> TaskDurationSeconds:
        return self._family(TaskDurationSeconds)

    @cached_property
    def task_queue_size(self) -> TaskQueueSize:
        return self._family(TaskQueueSize)

    @cached_property
    def task_quality_score(self) -> TaskQualityScore:
        return self._family(TaskQualityScore)

    @cached_property
    def workflows_total(self) -> WorkflowsTotal:
        return self._family(WorkflowsTotal)

    @cached_property
    def workflow_duration_seconds(self) -> WorkflowDurationSeconds:
        return self._family(WorkflowDurationSeconds)

    @cached_property
    def workflows_active(self) -> WorkflowsActive:
        return self._family(WorkflowsActive)

    @cached_property
    def agent_messages_total(self) -> AgentMessagesTotal:
        return self._family(AgentMessagesTotal)

    @cached_property
    def agent_message_duration_seconds(self) -> AgentMessageDurationSeconds:
        return self._family(AgentMessageDurationSeconds)

    @cached_property
    def conflicts_total(self) -> ConflictsTotal:
        return self._family(ConflictsTotal)

    @cached_property
    def conflict_resolution_duration_seconds(self) -> ConflictResolutionDurationSeconds:
        return self._family(ConflictResolutionDurationSeconds)

    @cached_property
    def dependency_resolution_duration_seconds(self) -> DependencyResolutionDurationSeconds:
        return self._family(DependencyResolutionDurationSeconds)

    @cached_property
    def collaboration_efficiency_ratio(self) -> CollaborationEfficiencyRatio:
        return self._family(CollaborationEfficiencyRatio)

    @cached_property
    def memory_operation_duration_seconds(self) -> MemoryOperationDurationSeconds:
        return self._family(MemoryOperationDurationSeconds)

    @cached_property
    def campaigns_created_total(self) -> CampaignsCreatedTotal:
        return self._family(CampaignsCreatedTotal)

    @cached_property
    def ads_published_total(self) -> AdsPublishedTotal:
        return self._family(AdsPublishedTotal)

    @cached_property
    def prediction_accuracy(self) -> PredictionAccuracy:
        return self._family(PredictionAccuracy)

    @cached_property
    def roas_value(self) -> RoasValue:
        return self._family(RoasValue)

    @cached_property
    def video_generation_total(self) -> VideoGenerationTotal:
        return self._family(VideoGenerationTotal)

    @cached_property
    def video_processing_duration_seconds(self) -> VideoProcessingDurationSeconds:
        return self._family(VideoProcessingDurationSeconds)

    @cached_property
    def revenue_usd_total(self) -> RevenueUsdTotal:
        return self._family(RevenueUsdTotal)

    @cached_property
    def active_users(self) -> Gauge:
        return self._gauge(
            Spec(
                kind="gauge",
                name="active_users",
                help="Users active now.",
                unit="users",
                processes="livemax",
            )
        )

    @cached_property
    def database_connections(self) -> DatabaseConnections:
        return self._family(DatabaseConnections)

    @cached_property
    def database_connections_limit(self) -> DatabaseConnectionsLimit:
        return self._family(DatabaseConnectionsLimit)

    @cached_property
    def database_query_duration_seconds(self) -> DatabaseQueryDurationSeconds:
        return self._family(DatabaseQueryDurationSeconds)

    @cached_property
    def database_errors_total(self) -> DatabaseErrorsTotal:
        return self._family(DatabaseErrorsTotal)

    @cached_property
    def redis_operations_total(self) -> RedisOperationsTotal:
        return self._family(RedisOperationsTotal)

    @cached_property
    def redis_operation_duration_seconds(self) -> RedisOperationDurationSeconds:
        return self._family(RedisOperationDurationSeconds)

    @cached_property
    def queue_depth(self) -> QueueDepth:
        return self._family(QueueDepth)

    @cached_property
    def queue_processing_duration_seconds(self) -> QueueProcessingDurationSeconds:
        return self._family(QueueProcessingDurationSeconds)

    @cached_property
    def celery_tasks_total(self) -> CeleryTasksTotal:
        return self._family(CeleryTasksTotal)

    @cached_property
    def celery_task_duration_seconds(self) -> CeleryTaskDurationSeconds:
        return self._family(CeleryTaskDurationSeconds)

    @cached_property
    def celery_task_retries_total(self) -> CeleryTaskRetriesTotal:
        return self._family(CeleryTaskRetriesTotal)

    @cached_property
    def celery_task_wait_seconds(self) -> CeleryTaskWaitSeconds:
        return self._family(CeleryTaskWaitSeconds)

    @cached_property
    def operations_total(self) -> OperationsTotal:
        return self._family(OperationsTotal)

    @cached_property
    def operation_duration_seconds(self) -> OperationDurationSeconds:
        return self._family(OperationDurationSeconds)

    @cached_property
    def service_health(self) -> ServiceHealth:
        return self._family(ServiceHealth)

    @cached_property
    def health_check_duration_seconds(self) -> HealthCheckDurationSeconds:
        return self._family(HealthCheckDurationSeconds)

    @cached_property
    def system_health_score(self) -> Gauge:
        return self._gauge(
            Spec(
                kind="gauge",
                name="system_health_score",
                help="Health of the whole system, from 0 to 100.",
                unit="score",
                processes="livemin",
            )
        )

    @cached_property
    def signalfire_label_values_folded_total(self) -> SignalfireLabelValuesFoldedTotal:
        return self._family(SignalfireLabelValuesFoldedTotal)

    @cached_property
    def signalfire_log_records_dropped_total(self) -> SignalfireLogRecordsDroppedTotal:
        return self._family(SignalfireLogRecordsDroppedTotal)

    @cached_property
    def signalfire_spans_dropped_total(self) -> SignalfireSpansDroppedTotal:
        return self._family(SignalfireSpansDroppedTotal)

    @cached_property
    def signalfire_internal_errors_total(self) -> SignalfireInternalErrorsTotal:
        return self._family(SignalfireInternalErrorsTotal)
