"""The gauges of connection pools, added up for each database."""

from prometheus_client import CollectorRegistry
from signalfire import Metrics
from signalfire.databases.pools import PoolSizes


def test_the_limit_of_a_closed_pool_counts_no_more(registry: CollectorRegistry) -> None:
    sizes, first, second = PoolSizes(Metrics(registry)), object(), object()

    def limit() -> float | None:
        return registry.get_sample_value("database_connections_limit", {"database": "shop"})

    def active() -> float | None:
        return registry.get_sample_value("database_connections", {"database": "shop", "state": "active"})

    sizes.set(first, "shop", active=1, idle=1, limit=10, closed=False)
    sizes.set(second, "shop", active=1, idle=0, limit=5, closed=False)
    assert limit() == 15
    sizes.set(second, "shop", active=1, idle=0, limit=5, closed=True)  # one connection is still in use
    assert (limit(), active()) == (10, 2)
    sizes.set(second, "shop", active=0, idle=0, limit=5, closed=True)
    assert (limit(), active()) == (10, 1)
    sizes.set(first, "shop", active=0, idle=0, limit=10, closed=True)
    assert (limit(), active()) == (0, 0)
