"""What the checks of the mixin let pass, each with the reason."""

# Mutants that no test of their alert can notice: "Alert (severity): change" → why.
SURVIVING_MUTANTS: dict[str, str] = {}

# Metrics and labels that an expression asks for and that are not there: "where: what" → why.
ABSENT: dict[str, str] = {
    "service_alert:threshold_used:ratio: what max adds up has no label service": (
        "one rule for alerts of a service and of the whole environment; for the latter its service is empty"
    ),
}

# What a review of PromQL (review.py) finds and lets stand: rule, or dashboard and panel → why.
_ALLOWED = "an objective is below 100 %, so the share of errors that it allows is above 0"
REVIEWED: dict[str, str] = {
    "service:slo_error_budget:left_ratio": _ALLOWED,
    **{f"service:slo_burn:rate{window}": _ALLOWED for window in ("5m", "30m", "1h", "2h", "6h", "1d", "3d")},
    "service_signal:anomaly:score": "the margin is never below the smallest difference that counts, which is above 0",
    "service:jaeger_bytes:rate5m": "Jaeger calls what it has written since its start a gauge; it only ever grows",
    "service_alert:time_to_breach:seconds": "a slope of 0 gives an infinite time, which is right",
}

# Recorded series without `env`, or of a service without `service`: name → why.
WITHOUT_IDENTITY: dict[str, str] = {
    "calendar:day_start:timestamp_seconds": "the calendar is the same everywhere",
    "calendar:month_start:timestamp_seconds": "the calendar is the same everywhere",
    "calendar:month_end:timestamp_seconds": "the calendar is the same everywhere",
    "objective:slo_target:ratio": "what signalfire.yaml sets for every service alike",
    "objective:slo_window:seconds": "what signalfire.yaml sets for every service alike",
    "signal:watched:smallest_difference": "a setting of the signal itself, whatever service it is about",
}
