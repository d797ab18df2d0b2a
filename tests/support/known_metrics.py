"""The metrics that rules and panels may name."""

import re
from typing import Any

import yaml

from kit.paths import ROOT

# What Prometheus itself writes.
OF_PROMETHEUS = {"up", "ALERTS", "ALERTS_FOR_STATE", "scrape_duration_seconds", "scrape_samples_post_metric_relabeling"}

# What the stack's own servers serve only as several members: name → labels and type.
SELDOM_SERVED: dict[str, tuple[set[str], str]] = {
    "alertmanager_cluster_members": (set(), "gauge"),
}

# What the exporters tell of machines, databases and processes; tests/stack/test_exporters.py asks real ones for it.
OF_EXPORTERS = {
    "node_exporter": {
        "node_boot_time_seconds",
        "node_cpu_seconds_total",
        "node_disk_read_bytes_total",
        "node_disk_written_bytes_total",
        "node_filesystem_avail_bytes",
        "node_filesystem_free_bytes",
        "node_filesystem_readonly",
        "node_filesystem_size_bytes",
        "node_memory_MemAvailable_bytes",
        "node_memory_MemTotal_bytes",
        "node_network_receive_bytes_total",
        "node_network_transmit_bytes_total",
        "node_time_seconds",
    },
    "postgres_exporter": {"pg_settings_max_connections", "pg_stat_activity_count"},
    "redis_exporter": {"redis_commands_failed_calls_total", "redis_commands_total", "redis_up"},
    "process": {
        "process_cpu_seconds_total",
        "process_open_fds",
        "process_resident_memory_bytes",
        "process_start_time_seconds",
    },
}

# Of instrumentations other than ours, as far as their names differ.
FOREIGN = {
    "http_requests_inprogress",
    "starlette_requests_total",
    "starlette_request_duration_seconds",
    "starlette_requests_in_progress",
    "http_server_request_duration_seconds",
    "http_server_request_body_size_bytes",
    "http_server_response_body_size_bytes",
    "http_server_active_requests",
    "gen_ai_client_operation_duration_seconds",
    "gen_ai_client_operation_time_to_first_chunk_seconds",
    "gen_ai_client_token_usage",
    "db_client_operation_duration_seconds",
    "db_client_connection_count",
    "db_client_connection_max",
    "system_cpu_time_seconds_total",
    "system_disk_io_bytes_total",
    "system_filesystem_usage_bytes",
    "system_memory_usage_bytes",
    "system_network_io_bytes_total",
    "process_cpu_time_seconds_total",
    "process_memory_usage_bytes",
    "process_unix_file_descriptor_count",
    "process_uptime_seconds",
} | set().union(*OF_EXPORTERS.values())

# Labels by which other instrumentations call what ours calls method, endpoint, status and so on.
FOREIGN_LABELS = {
    "handler",
    "method",
    "status",
    "error_type",
    # starlette_exporter, and what others choose
    "code",
    "path",
    "route",
    "status_code",
    # OpenTelemetry's semantic conventions
    "http_request_method",
    "http_route",
    "http_response_status_code",
    "gen_ai_operation_name",
    "gen_ai_provider_name",
    "gen_ai_request_model",
    "gen_ai_system",
    "gen_ai_token_type",
    "db_client_connection_pool_name",
    "db_client_connection_state",
    "db_namespace",
    "db_operation_name",
    "db_system_name",
    "device",
    "direction",
    "state",
    "type",
    # postgres_exporter and redis_exporter
    "cmd",
    "datname",
}
# What an alert may be about.
ABOUT = {
    "agent", "budget", "container", "database", "device", "endpoint", "exporter", "model", "mountpoint", "objective",
    "operation", "provider", "queue", "receiver", "task_type", "tool", "workflow",
}  # fmt: skip
# Every target has these.
IDENTITY = {"env", "service", "instance", "job"}
_RECORDED = ROOT / "tests" / "unit" / "mixin" / "recorded"
_RECORDED_LINE = re.compile(r"([\w:]+)\{(.*)\} (\w+)")

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


def recorded() -> dict[str, tuple[set[str], str]]:
    """The series of every process that we ship, as it was seen to serve them: name → labels and type."""
    found = dict(SELDOM_SERVED)
    for file in sorted(_RECORDED.glob("*.txt")):
        for line in file.read_text().splitlines():
            match = _RECORDED_LINE.fullmatch(line)
            assert match, f"{file.name}: {line}"
            labels = {label for label in match[2].split(",") if label}
            found[match[1]] = (found.get(match[1], (set(), ""))[0] | labels, match[3])
    return found


def labels_by_metric() -> dict[str, frozenset[str]]:
    """The labels of every series that is not recorded by a rule of ours."""
    found = {name: set(labels) for name, (labels, _) in recorded().items()}
    for name, metric in _metrics():
        for suffix in _SERIES.get(metric["type"], ("",)):
            own = set(metric.get("labels") or ()) | ({"le"} if suffix == "_bucket" else set())
            found.setdefault(name + suffix, set()).update(own, FOREIGN_LABELS)
    for name in foreign():
        found.setdefault(name, set()).update(FOREIGN_LABELS, {"le"} if name.endswith("_bucket") else set())
    found |= {name: set() for name in OF_PROMETHEUS}
    found["ALERTS_FOR_STATE"] = {"alertname", "severity", "condition", "cooldown"} | ABOUT
    found["ALERTS"] = found["ALERTS_FOR_STATE"] | {"alertstate"}
    return {name: frozenset(labels | IDENTITY) for name, labels in found.items()}


def types() -> dict[str, str]:
    """counter, gauge and so on, of every series of which it is known."""
    found = {name: kind for name, (_, kind) in recorded().items()}
    for name, metric in _metrics():
        several = _SERIES.get(metric["type"])
        found |= {name + suffix: "counter" for suffix in several} if several else {name: metric["type"]}
    return found
