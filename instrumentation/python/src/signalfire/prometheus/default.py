"""The metrics that are counted where nobody asks for others."""

from signalfire.prometheus.catalogue import Metrics

metrics = Metrics()
"""Every metric of the catalogue in prometheus_client's default registry, each created when it is first used."""
