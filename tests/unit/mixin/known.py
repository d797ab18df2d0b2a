"""The metrics that rules and panels may name."""

from typing import Any

import yaml

from scripts.paths import ROOT

# What Prometheus itself writes.
OF_PROMETHEUS = {"up", "ALERTS"}

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
