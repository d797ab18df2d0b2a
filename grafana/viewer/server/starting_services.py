"""The services that are still being built or started: as a metric, for the pages, and as the reason for no answer."""

import time
from collections.abc import Iterator
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from grafana.viewer.server.config import Datasource, StartingConfig
from grafana.viewer.server.starting import Starting, read, words


class StartingServices(Collector):
    """Reads what `make up` writes, at each question anew. config: None where nobody writes it."""

    def __init__(self, config: StartingConfig | None) -> None:
        self._config = config

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily(
            "service_starting",
            "1 while `make up` is still building or starting the service, 0 once it is to answer.",
            labels=["service"],
        )
        starting = self._read()
        if starting and self._config:
            missing = {step.name for step in starting.missing(time.time(), self._config.settling_seconds)}
            for step in starting.steps:
                if step.is_service:
                    family.add_metric([step.name], float(step.name in missing))
        yield family

    def under_way(self) -> list[dict[str, Any]]:
        """All that is still to be done, what is being done now first."""
        starting = self._read()
        steps = starting.under_way(time.time()) if starting else []
        return [
            {
                "name": step.name,
                "state": step.state,
                "detail": step.detail,
                "since": step.since,
                "answers": step.answers,
            }
            for step in steps
        ]

    def reason(self, datasource: Datasource) -> str:
        """Why this server does not answer yet; nothing where it should."""
        starting = self._read()
        missing = {step.name: step for step in starting.missing(time.time())} if starting else {}
        # The stack's servers are called as their kind is.
        step = missing.get(datasource.type)
        return words(step, datasource.name) if step else ""

    def _read(self) -> Starting | None:
        return read(self._config.file) if self._config else None
