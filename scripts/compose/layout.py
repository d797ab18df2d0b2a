"""Where things are inside the containers, and which of their ports can be reached from this machine."""

# The data folder of each image. A new named volume takes the rights of the folder that it is mounted at.
DATA = {
    "prometheus": "/prometheus",
    "alertmanager": "/alertmanager",
    "loki": "/loki",
    "jaeger": "/tmp/jaeger",  # noqa: S108 - the only folder that this image's user may write
    "collector": "/var/lib/collector",
    "node_exporter": "/nonexistent",
    "dashboards": "/nonexistent",
    "demo": "/var/lib/demo",
}
# The servers' own checkers.
PROGRAMS = {
    "promtool": "/bin/promtool",
    "amtool": "/bin/amtool",
    "loki": "/usr/bin/loki",
    "jaeger": "/cmd/jaeger/jaeger-linux",
    "collector": "/collector",
}
# Where the databases' exporters listen; nobody but Prometheus meets them.
EXPORTER_PORTS = {"redis": 9121, "postgres": 9187}
PAGE = "/srv/signalfire/page"
RUNBOOKS = "/srv/signalfire/runbooks"
LOGS = "/var/log/signalfire"
SECRETS = "/run/secrets"
HOST = "/host"
"""Under this, folders of this machine."""
GATEWAY = "host.docker.internal"
"""This machine, as containers see it."""


def config(service: str) -> str:
    return f"/etc/{service}"
