"""The metrics that rules and panels may name."""

from typing import Any

import yaml

from scripts.paths import ROOT

# What Prometheus itself writes.
OF_PROMETHEUS = {"up", "ALERTS"}

# Of instrumentations other than ours, as far as their names differ.
FOREIGN = {
    "http_requests_inprogress",
    "http_server_request_duration_seconds",
    "http_server_request_body_size_bytes",
    "http_server_response_body_size_bytes",
    "http_server_active_requests",
    "gen_ai_client_operation_duration_seconds",
    "gen_ai_client_operation_time_to_first_chunk_seconds",
    "gen_ai_client_token_usage",
}

_SERIES = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}


def catalogued() -> set[str]:
    """The series of every metric of the catalogue."""
    return {name + suffix for name, metric in _metrics() for suffix in _SERIES.get(metric["type"], ("",))}


def aliases() -> set[str]:
    """The series of every older name of a metric."""
    return {
        alias + suffix
        for _, metric in _metrics()
        for alias in metric.get("aliases", ())
        for suffix in _SERIES.get(metric["type"], ("",))
    }


def _metrics() -> list[tuple[str, dict[str, Any]]]:
    catalogue: dict[str, Any] = yaml.safe_load((ROOT / "instrumentation" / "catalogue.yaml").read_text())
    return [entry for group in catalogue["groups"] for entry in group["metrics"].items()]


def foreign() -> set[str]:
    return {name + suffix for name in FOREIGN for suffix in ("", "_bucket", "_sum", "_count")}
