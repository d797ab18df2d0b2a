"""The servers of the stack: each one's template, what it runs and on which ports it listens."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Server:
    name: str
    template: str
    """Path in the repository of the jsonnet template."""
    page_port: str
    """The port of the settings on which a person or another server meets it."""
    other_ports: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    """The ports that follow `listen`; all others stay on this machine."""
    module: str | None = None
    """For a server written in Python: its package; the others are a binary of the server's name."""
    version_url: str = "/metrics"
    version_port: str | None = None
    """Where the running server says its version: a path, and the port if it is not the page's."""
    version_pattern: str = r'"version": ?"v?([^"]+)"'


# In the order in which they are built and started: what shows the first dashboard comes first.
SERVERS = (
    Server(
        "prometheus",
        "prometheus/prometheus.jsonnet",
        "prometheus",
        public=("prometheus",),
        version_url="/api/v1/status/buildinfo",
    ),
    Server(
        "dashboards",
        "grafana/viewer/viewer.jsonnet",
        "dashboards",
        public=("dashboards",),
        module="grafana.viewer.server",
        version_url="/api/health",
    ),
    Server(
        "node_exporter",
        "prometheus/node_exporter.jsonnet",
        "node_exporter",
        version_pattern=r'node_exporter_build_info\{[^}]*\bversion="v?([^"]+)"',
    ),
    Server(
        "alertmanager",
        "alertmanager/alertmanager.jsonnet",
        "alertmanager",
        public=("alertmanager",),
        version_url="/api/v2/status",
    ),
    Server(
        "loki",
        "loki/loki.jsonnet",
        "loki",
        ("loki_grpc",),
        public=("loki",),
        version_url="/loki/api/v1/status/buildinfo",
    ),
    Server(
        "collector",
        "collector/collector.jsonnet",
        "otlp_http",
        ("otlp_grpc", "collector_health", "collector_metrics"),
        public=("otlp_http", "otlp_grpc"),
        version_port="collector_metrics",
        version_pattern=r'service_version="v?([^"]+)"',
    ),
    Server(
        "jaeger",
        "jaeger/jaeger.jsonnet",
        "jaeger",
        ("jaeger_otlp", "jaeger_health", "jaeger_metrics"),
        public=("jaeger",),
        version_port="jaeger_metrics",
        version_pattern=r'git-version=v?([^,"]+)',
    ),
)

BY_NAME = {server.name: server for server in SERVERS}
