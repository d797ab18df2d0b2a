"""Each server of the running stack is killed under load: supervisor brings it back, nothing acknowledged is lost."""

import pytest

from tests.stack.traffic import Traffic
from tests.support.running import Stack
from tests.support.servers import eventually

SERVERS = ["prometheus", "alertmanager", "loki", "jaeger", "collector", "node_exporter", "dashboards"]


def traffic(stack: Stack) -> Traffic:
    return Traffic(f"http://127.0.0.1:{stack.settings.ports.otlp_http}")


@pytest.mark.parametrize("name", SERVERS)
def test_killed_it_comes_back_and_nothing_is_lost(stack: Stack, name: str) -> None:
    before = stack.pid(name)
    with traffic(stack) as sent:
        sent.goes_on()
        stack.kill(name)
        eventually(lambda: stack.pid(name) not in (0, before), f"supervisor has started {name} again")
        stack.wait_ready(name)
        sent.goes_on()
    sent.must_all_be_there(stack.url("loki"), stack.url("jaeger"))
