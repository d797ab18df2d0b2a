"""The stack's containers as the table that a person sees."""

from collections.abc import Iterator

from kit.runtimes.compose.files import RELAY, exporters_of
from kit.runtimes.compose.project import Container
from kit.settings import Settings
from kit.stack import ports
from kit.stack.endpoints import Endpoint, Listen, endpoints
from kit.terminal.process_table import Row

_WORDS = {"exited": "stopped", "created": "waiting", "restarting": "failing", "dead": "stopped"}


def published(endpoint: Endpoint) -> Iterator[Listen]:
    """Those of its ports that are open on this machine."""
    return (listen for listen in endpoint.listens if listen.is_published)


def taken_ports(settings: Settings, containers: dict[str, Container]) -> list[ports.Taken]:
    """The ports that somebody else has."""
    own = {port for container in containers.values() if container.alive for port in container.ports}
    listens = [listen for endpoint in endpoints(settings) for listen in published(endpoint)]
    return ports.taken((listen for listen in listens if listen.port not in own), set())


def rows_of(settings: Settings, containers: dict[str, Container], seconds: dict[str, float]) -> list[Row]:
    relays = sorted(name for name in containers if name.startswith(RELAY))
    others = [Endpoint(name, ()) for name in [*exporters_of(settings), *relays]]
    return [_row(endpoint, containers, seconds) for endpoint in [*endpoints(settings), *others]]


def service_of(service: str) -> str:
    """The name under which a person knows a service: Grafana is what shows the dashboards."""
    return "dashboards" if service == "grafana" else service


def _row(endpoint: Endpoint, containers: dict[str, Container], seconds: dict[str, float]) -> Row:
    name = endpoint.name
    container = next(
        (c for c in containers.values() if service_of(c.service) == name and c.alive), containers.get(name)
    )
    address = endpoint.address if any(published(endpoint)) else "(inside)"
    if container is None:
        return Row(name, address, "stopped", "-", None)
    version = container.image.rpartition(":")[2].removeprefix("v")
    if container.ready:
        return Row(name, address, "ready", version, seconds.get(name))
    state = "starting" if container.health == "starting" and container.state == "running" else container.state
    word = "not ready" if container.health == "unhealthy" and container.alive else _WORDS.get(state, state)
    return Row(name, address, word, version, None)
