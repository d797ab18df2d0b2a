"""What services under other instrumentations serve or push while they answer a load that is known exactly.

Each service answers a request every quarter of a second, every tenth with an error. Its requests take a time that is
spread evenly up to its longest, so that any layout of buckets can tell its quantiles.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Json = dict[str, Any]

SECONDS_BETWEEN_REQUESTS = 0.25
FAILS_ONE_IN = 10
MINUTES = 16
# The multiples of the golden ratio, without their whole part, are spread as evenly as can be.
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True)
class Service:
    """One service, by what it is instrumented with.

    requests: the counter's name. duration: the histogram's. by: how method, route and status are called; the histogram
    bears the status where it counts, too. every, after: the seconds between two looks at it, and before the first.
    """

    name: str
    requests: str
    duration: str
    by: Mapping[str, str]
    bounds: tuple[float, ...]
    longest: float
    every: int
    after: int
    statuses: tuple[str, str] = ("200", "503")
    bound: str = "{:.10g}.0"
    scraped: bool = True
    asked_for_metrics: Mapping[str, str] = field(default_factory=dict)

    @property
    def labels(self) -> dict[str, str]:
        return {"env": "test", "service": self.name, "instance": "a"}


_PROMETHEUS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
_OPENTELEMETRY = Service(
    "opentelemetry, pushed every 10 s",
    requests="http_server_request_duration_seconds_count",
    duration="http_server_request_duration_seconds",
    by={"method": "http_request_method", "route": "http_route", "status": "http_response_status_code"},
    bounds=_PROMETHEUS,
    longest=2.5,
    every=10,
    after=7,
    bound="{:.10g}",
    scraped=False,
)
SERVICES = (
    Service(
        "signalfire",
        requests="http_requests_total",
        duration="http_request_duration_seconds",
        by={"method": "method", "route": "endpoint", "status": "status"},
        bounds=(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 3, 5, 7.5, 10),
        longest=0.5,
        every=15,
        after=4,
    ),
    Service(
        "prometheus-fastapi-instrumentator",
        requests="http_requests_total",
        duration="http_request_duration_seconds",
        by={"method": "method", "route": "handler", "status": "status"},
        bounds=(0.1, 0.5, 1),
        longest=1,
        every=15,
        after=9,
        statuses=("2xx", "5xx"),
        asked_for_metrics={"method": "GET", "handler": "/metrics"},
    ),
    Service(
        "starlette_exporter",
        requests="starlette_requests_total",
        duration="starlette_request_duration_seconds",
        by={"method": "method", "route": "path", "status": "status_code"},
        bounds=_PROMETHEUS,
        longest=0.25,
        every=15,
        after=1,
        asked_for_metrics={"method": "GET", "path": "/metrics"},
    ),
    _OPENTELEMETRY,
    replace(_OPENTELEMETRY, name="opentelemetry, pushed every 60 s", longest=7.5, every=60, after=41),
    Service(
        "prom-client",
        requests="http_request_duration_seconds_count",
        duration="http_request_duration_seconds",
        by={"method": "method", "route": "route", "status": "status_code"},
        bounds=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
        longest=5,
        every=15,
        after=13,
        bound="{:.10g}",
        asked_for_metrics={"method": "GET", "route": "/metrics"},
    ),
)


@dataclass(frozen=True)
class Request:
    at: float
    took: float
    failed: bool


def load(service: Service) -> list[Request]:
    count = int(60 * MINUTES / SECONDS_BETWEEN_REQUESTS)
    return [
        Request(
            n * SECONDS_BETWEEN_REQUESTS, service.longest * (n * _GOLDEN % 1), n % FAILS_ONE_IN == FAILS_ONE_IN // 2
        )
        for n in range(count)
    ]


def truth(service: Service, window: tuple[float, float]) -> dict[str, float]:
    """What the load was between two moments, by what a person asks."""
    asked = [request for request in load(service) if window[0] < request.at <= window[1]]
    seconds, failed = window[1] - window[0], sum(request.failed for request in asked)
    times = sorted(request.took for request in asked)
    quantiles = {f"P{percent}": times[len(times) * percent // 100] for percent in (50, 95, 99)}
    return {
        "requests": len(asked) / seconds,
        "error share": failed / len(asked),
        "errors": 60 * failed / seconds,
    } | quantiles


def input_series(service: Service, until: int = 60 * MINUTES) -> Iterator[Json]:
    """promtool's, one sample a second at most; after `until` seconds nothing is heard of the service."""
    by, requests = service.by, load(service)
    own = service.labels | {by["method"]: "GET", by["route"]: "/items/{item}"}
    counts_itself = service.requests != f"{service.duration}_count"
    if service.scraped:
        yield _series("up", service.labels, service, until, lambda _: 1)
    if service.asked_for_metrics:
        asked = service.labels | dict(service.asked_for_metrics) | {by["status"]: service.statuses[0]}
        yield _series(service.requests, asked, service, until, lambda moment: moment // service.every)
        if counts_itself:
            del asked[by["status"]]
        for le in (service.bound.format(service.bounds[0]), "+Inf"):
            bucket = asked | {"le": le}
            yield _series(f"{service.duration}_bucket", bucket, service, until, lambda moment: moment // service.every)
    for status, failed in zip(service.statuses, (False, True), strict=True):
        of_status = [request for request in requests if request.failed == failed]
        yield _series(service.requests, own | {by["status"]: status}, service, until, _counted(of_status))
        for bound in (*service.bounds, float("inf")):
            within = [request for request in (requests if counts_itself else of_status) if request.took <= bound]
            labels = own | {"le": _bound(service, bound)} | ({} if counts_itself else {by["status"]: status})
            if not (counts_itself and failed):
                yield _series(f"{service.duration}_bucket", labels, service, until, _counted(within))


def _bound(service: Service, bound: float) -> str:
    if bound == float("inf"):
        return "+Inf"
    return service.bound.format(bound) if bound == int(bound) else f"{bound:.10g}"


def _counted(requests: list[Request]) -> Callable[[int], int]:
    return lambda moment: sum(request.at <= moment for request in requests)


def _series(name: str, labels: Mapping[str, str], service: Service, until: int, value: Callable[[int], int]) -> Json:
    moments = range(service.after, until, service.every)
    gap = f"_x{service.every - 1}"
    values = [f"{value(moment):d}" for moment in moments]
    told = ",".join(f'{label}="{text}"' for label, text in labels.items())
    return {"series": f"{name}{{{told}}}", "values": f"_x{service.after} " + f" {gap} ".join(values)}
