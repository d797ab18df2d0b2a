"""Where every trace is passed on at once, nothing acknowledged is lost: in a crash, or while nobody takes it."""

import time
from collections.abc import Iterator

import pytest

from tests.stack.under_load import must_have_arrived, started, traffic
from tests.support.servers import Servers

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def unsampled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    yield from started(tmp_path_factory.mktemp("unsampled"), {})


def test_collector_killed_under_load_without_sampling(unsampled: Servers) -> None:
    with traffic(unsampled) as sent:
        for _ in range(3):
            sent.goes_on()
            unsampled.kill("collector")
            unsampled.start("collector")
        sent.goes_on()
    must_have_arrived(sent, unsampled)


@pytest.mark.timeout(900)
def test_two_minutes_without_loki_and_jaeger(unsampled: Servers) -> None:
    with traffic(unsampled) as sent:
        sent.goes_on()
        unsampled.stop("loki", "jaeger")
        time.sleep(120)  # what is to be outlasted
        unsampled.start("loki", "jaeger")
        sent.goes_on()
    assert sent.refused == 0, "the collector must take everything while Loki and Jaeger are away"
    must_have_arrived(sent, unsampled)
