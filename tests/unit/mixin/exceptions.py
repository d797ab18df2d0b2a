"""What the checks of the mixin let pass, each with the reason."""

# Mutants that no test of their alert can notice: "Alert (severity): change" → why.
SURVIVING_MUTANTS: dict[str, str] = {}

# Rules that read what their group records later: rule → why.
READS_THE_EVALUATION_BEFORE = {
    f"service_{name}:tally_before": "a tally goes on from what it was"
    for name in (
        "format:ads_published",
        "model:ai_cache_saved_usd",
        "model:ai_cost_usd",
        "model:ai_unpriced_calls",
        "platform:campaigns_created",
        "platform:revenue_usd",
        "status:video_generation",
    )
}

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
    "objective:slo_target:ratio": "what signalfire.yaml sets for every service alike",
    "objective:slo_window:seconds": "what signalfire.yaml sets for every service alike",
    "signal:watched:smallest_difference": "a setting of the signal itself, whatever service it is about",
}
