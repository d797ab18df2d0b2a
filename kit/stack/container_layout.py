"""Where things are inside the containers; each server's own data folder stands in the list of processes."""

DEMO_DATA = "/var/lib/demo"
TMP = "/tmp"  # noqa: S108 - in a container, a tmpfs of its own
PAGE = "/srv/signalfire/page"
RUNBOOKS = "/srv/signalfire/runbooks"
STARTING = "/run/starting/starting.json"
LOGS = "/var/log/signalfire"
SECRETS = "/run/secrets"
HOST = "/host"
"""Under this, folders of this machine."""


def config(service: str) -> str:
    return f"/etc/{service}"
