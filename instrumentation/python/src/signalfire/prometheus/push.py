"""Metrics of jobs that end before anybody scrapes them, sent to a Prometheus Pushgateway."""

import os

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.exposition import push_to_gateway

from signalfire import settings
from signalfire._internal.calls import explained
from signalfire._internal.environment import HOST_OR_URL_OF_GATEWAY, PUSHING, is_host_or_url
from signalfire.prometheus.internal_errors import internal_error

DEFAULT_TIMEOUT = 5.0  # seconds


@explained
def push_metrics(
    job: str,
    *,
    gateway: str | None = None,
    registry: CollectorRegistry | None = None,
    grouping_key: dict[str, str] | None = None,
    timeout: float = DEFAULT_TIMEOUT,
) -> bool:
    """Replaces the metrics of that job in the gateway by those of this process. False where they could not be sent.

    `gateway` is its address, else PROMETHEUS_GATEWAY; where neither is set nothing is sent. `grouping_key` has labels
    that tell runs of the same job apart, `timeout` is in seconds. Call it once, at the job's end. Raises SettingError
    for a keyword or variable that cannot be used, never for a gateway that is away.
    """
    if settings.disabled():
        return False
    problems = settings.environment_problems(PUSHING)
    if not (isinstance(job, str) and job.strip()):
        problems.append(settings.problem("job", job, "write the job's name"))
    if gateway is not None and not (isinstance(gateway, str) and is_host_or_url(gateway)):
        problems.append(settings.problem("gateway", gateway, f"write {HOST_OR_URL_OF_GATEWAY}"))
    if not (settings.is_duration(timeout) and timeout > 0):
        problems.append(settings.problem("timeout", timeout, "write a number of seconds, for example 5"))
    settings.check(problems)
    address = gateway or os.environ.get("PROMETHEUS_GATEWAY", "").strip()
    if not address:
        return False
    try:
        push_to_gateway(
            address, job, REGISTRY if registry is None else registry, grouping_key=grouping_key, timeout=timeout
        )
    except Exception as error:  # noqa: BLE001 - away, refusing, or a label that it does not take
        internal_error("push", error)
        return False
    return True
