"""Which alerts each fault of the demo must raise, and which others it may."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Expected:
    """One alert of one severity that a fault raises.

    window: seconds until what it watches has crossed the threshold: the range of its signal, and longer where
    the fault takes time to show. The alert's `for` and what the servers add come on top of that.
    """

    alert: str
    severity: str
    window: float


@dataclass(frozen=True)
class Play:
    """What a fault must raise, and the alerts that may fire with it: other views of the same thing.

    lasting: those that go on for an hour or until midnight, as what was spent stays spent: their end is not waited for.
    """

    must: tuple[Expected, ...]
    may: frozenset[str] = frozenset()
    lasting: frozenset[str] = frozenset()


# They tell of whatever is unusual, or about to be, as any fault may be, and of the machine that the stack runs on.
ALWAYS_ALLOWED = frozenset({"Watchdog", "AnomalyDetected", "ThresholdBreachForecast", "HostCpuHigh"})

FAULTS: dict[str, Play] = {
    "errors": Play(
        must=(
            Expected("HighErrorRate", "error", 60),
            Expected("VeryHighErrorRate", "critical", 60),
            Expected("HttpErrorRatio", "critical", 300),
        ),
        # The critical alert about the same condition inhibits LowSuccessRate, where that is not told before.
        may=frozenset({"LowSuccessRate", "SloAvailabilityBurnsFast", "SloAvailabilityBurnsSlowly"}),
    ),
    "latency": Play(
        must=(Expected("HttpLatencyP95", "warning", 300),),
        may=frozenset({"SloLatencyBurnsFast", "SloLatencyBurnsSlowly"}),
    ),
    "provider_down": Play(
        must=(
            Expected("AiProviderDown", "critical", 60),
            Expected("AiErrorRate", "error", 300),
            Expected("AgentFailureRate", "critical", 600),
            Expected("WorkflowFailed", "error", 900),
        ),
        may=frozenset(
            {
                "CollaborationEfficiencyLow",
                "HighErrorRate",
                "HttpErrorRatio",
                "LowSuccessRate",
                "SloAvailabilityBurnsFast",
                "SloAvailabilityBurnsSlowly",
                "TaskThroughputLow",
                "ToolErrorRate",
                "VeryHighErrorRate",
            }
        ),
    ),
    # The worker finishes the jobs that it has already taken.
    "queue_stuck": Play(must=(Expected("QueueNotDraining", "error", 330),), may=frozenset({"TaskThroughputLow"})),
    "cost_runaway": Play(
        must=(Expected("AiCostPerHour", "critical", 300), Expected("BudgetDay", "critical", 300)),
        # The models that it calls take longer than a second, which is most of what their provider then does.
        may=frozenset(
            {
                "BudgetForecast",
                "BudgetMonth",
                "HttpLatencyP95",
                "SloLatencyBurnsFast",
                "SloLatencyBurnsSlowly",
                "TaskQualityDrop",
                "TokenUsageSpike",
                "UnpricedCalls",
            }
        ),
        lasting=frozenset({"AiCostPerHour", "BudgetDay"}),
    ),
    # By the threshold that signalfire.yaml sets for this service: reached after 400 MB or less, at 5 MB a second.
    "memory_growth": Play(must=(Expected("HighMemoryUsage", "warning", 90),)),
    # Five times the P99, which counts as at least a minute.
    "agents_stuck": Play(
        must=(Expected("AgentStuck", "error", 420), Expected("WorkflowStuck", "error", 420)),
        may=frozenset({"TaskThroughputLow"}),
    ),
    "low_quality": Play(
        must=(Expected("TaskQualityDrop", "warning", 900),),
        may=frozenset({"ConflictResolutionRateLow"}),
    ),
    "tool_errors": Play(
        must=(Expected("ToolErrorRate", "warning", 600), Expected("CollaborationEfficiencyLow", "warning", 600)),
    ),
}
