"""Sends one real metric, span and log line, and looks for each of them in the server that it should arrive in.

All three are of one workflow called `signalfire_validation`, which this leaves behind in the servers.
"""

import json
import logging
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote, urlencode

from prometheus_client import CollectorRegistry

from signalfire import settings
from signalfire._internal.attributes import type_name
from signalfire._internal.environment import is_url
from signalfire._internal.json import printable
from signalfire.agents.operations import Workflow
from signalfire.context import correlation
from signalfire.logs.line import line
from signalfire.prometheus.catalogue import Metrics
from signalfire.prometheus.exposition import collected, everything
from signalfire.tracing import flush

WORKFLOW = "signalfire_validation"
LOGGER = "signalfire.validation"
DEFAULT_TIMEOUT = 30.0
_PAUSE = 0.25  # seconds between two looks
_ANSWER_WITHIN = 5.0  # seconds
_FAMILY = "workflow_duration_seconds_sum"

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # servers of one's own are behind no proxy


@dataclass(frozen=True, slots=True)
class Servers:
    """Where to look, each an address without a path."""

    prometheus: str
    jaeger: str
    loki: str


@dataclass(frozen=True, slots=True)
class SignalCheck:
    """`sent`: what to look for by hand; `detail`: where it was found or why not; `advice`: what to do where not."""

    signal: str
    sent: str
    found: bool
    seconds: float
    detail: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Validation:
    """What became of each signal: metric, span and log line, in this order."""

    checks: tuple[SignalCheck, ...]

    @property
    def ok(self) -> bool:
        return all(check.found for check in self.checks)

    def as_data(self) -> dict[str, Any]:
        return {"ok": self.ok, "checks": [asdict(check) for check in self.checks]}


@dataclass(frozen=True, slots=True)
class Sent:
    """The validation's id, the metric's value, and the span's ids; None for what this process does not make."""

    identifier: str
    started: float
    value: float | None
    trace_id: str | None
    sampled: bool
    logged: bool


def servers_of(prometheus: str | None, jaeger: str | None, loki: str | None) -> Servers:
    """Keyword, then PROMETHEUS_URL, JAEGER_URL, LOKI_URL, then where `make up` has them. Raises SettingError."""
    return Servers(
        address("prometheus_url", prometheus, "PROMETHEUS_URL", "http://127.0.0.1:9090"),
        address("jaeger_url", jaeger, "JAEGER_URL", "http://127.0.0.1:16686"),
        address("loki_url", loki, "LOKI_URL", "http://127.0.0.1:3100"),
    )


def address(keyword: str, given: str | None, variable: str, default: str) -> str:
    name, text = (keyword, given) if given is not None else (variable, os.environ.get(variable) or default)
    if not isinstance(text, str) or not is_url(text):
        raise settings.SettingError(f"{name} is {text!r}, which is not a URL: write for example {default}")
    return text.rstrip("/")


def validate(metrics: Metrics, servers: Servers, timeout: float) -> Validation:
    """Sends and looks, for at most `timeout` seconds."""
    deadline = time.monotonic() + timeout
    sent = send(metrics)
    flush(min(_ANSWER_WITHIN, timeout))
    looks = (
        lambda: metric_check(sent, servers.prometheus, deadline),
        lambda: span_check(sent, servers.jaeger, deadline),
        lambda: log_check(sent, servers.loki, deadline),
    )
    with ThreadPoolExecutor(len(looks), thread_name_prefix="signalfire-validation") as pool:
        return Validation(tuple(pool.map(lambda look: look(), looks)))


def send(metrics: Metrics) -> Sent:
    identifier, started = correlation.new_correlation_id(), time.time()
    with Workflow(WORKFLOW, metrics) as workflow:
        logged = line.enabled(logging.INFO)
        if logged:
            line.emit(logging.INFO, LOGGER, f"{WORKFLOW} {identifier}", {})
    context = workflow.span.get_span_context() if workflow.span is not None else None
    return Sent(
        identifier,
        started,
        None if settings.disabled() else value(metrics.registry),
        None if context is None else f"{context.trace_id:032x}",
        context is not None and context.trace_flags.sampled,
        logged and not settings.disabled(),
    )


def value(registry: CollectorRegistry) -> float | None:
    """The seconds that all validations of this process took. No other process has the same number."""
    labels = {"workflow_type": WORKFLOW, "status": "success"}
    samples = (sample for metric in collected(everything(registry)) for sample in metric.samples)
    return next((sample.value for sample in samples if (sample.name, sample.labels) == (_FAMILY, labels)), None)


def metric_check(sent: Sent, prometheus: str, deadline: float) -> SignalCheck:
    selector = f'{_FAMILY}{{workflow_type="{WORKFLOW}",status="success"}}'
    what = f"{selector} = {sent.value}"
    if sent.value is None:
        return not_sent("metric", what, "watching is switched off", "Remove SIGNALFIRE_DISABLED from the environment.")

    def find() -> str | None:
        series = fetch_json(f"{prometheus}/api/v1/query?{urlencode({'query': selector})}")["data"]["result"]
        ours = [one["metric"] for one in series if float(one["value"][1]) == sent.value]
        return f"of {ours[0].get('service', '?')} at {ours[0].get('instance', '?')}" if ours else None

    return look(
        "metric",
        what,
        f"Prometheus at {prometheus}",
        find,
        lambda: targets(prometheus),
        "Serve /metrics in this process (setup_monitoring(app), or initialize(metrics_port=…)) and write its address "
        "into `targets` of signalfire.yaml; Prometheus must be able to reach it.",
        deadline,
    )


def span_check(sent: Sent, jaeger: str, deadline: float) -> SignalCheck:
    what = f"trace {sent.trace_id}"
    if sent.trace_id is None:
        advice = "Call initialize() or setup_tracing() at the start, and unset OTEL_SDK_DISABLED."
        return not_sent("span", what, "no tracer provider is set", advice)
    if not sent.sampled:
        return not_sent("span", what, "this trace was not sampled", "Set OTEL_TRACES_SAMPLER=always_on while you try.")

    def find() -> str | None:
        found = fetch_json(f"{jaeger}/api/traces/{sent.trace_id}", missing={})
        return "with its trace" if found.get("data") else None

    return look(
        "span",
        what,
        f"Jaeger at {jaeger}",
        find,
        lambda: "it has no such trace",
        "Check that OTEL_EXPORTER_OTLP_ENDPOINT is the collector's address (http://127.0.0.1:4318) and that "
        "OTEL_TRACES_EXPORTER is not none.",
        deadline,
    )


def log_check(sent: Sent, loki: str, deadline: float) -> SignalCheck:
    what = f'"{WORKFLOW} {sent.identifier}"'
    if not sent.logged:
        advice = "Call initialize() or setup_logging() at the start, with LOG_LEVEL=INFO or lower."
        return not_sent("log line", what, "lines of level info are not written", advice)
    query = {
        "query": f'{{service_name=~".+"}} |= "{sent.identifier}"',
        "start": str(int((sent.started - 60) * 1e9)),
        "limit": "1",
    }

    def find() -> str | None:
        streams = fetch_json(f"{loki}/loki/api/v1/query_range?{urlencode(query, quote_via=quote)}")["data"]["result"]
        return f"of {streams[0]['stream'].get('service_name', '?')}" if streams else None

    return look(
        "log line",
        what,
        f"Loki at {loki}",
        find,
        lambda: "it has no such line",
        "Write lines to files (LOG_DIR) and name these under `logs` of signalfire.yaml, or send stdout to such a file.",
        deadline,
    )


def look(
    signal: str,
    what: str,
    where: str,
    find: Callable[[], str | None],
    why_not: Callable[[], str],
    advice: str,
    deadline: float,
) -> SignalCheck:
    """Looks until it is found or the deadline is there."""
    began = time.monotonic()
    while True:
        try:
            found = find()
            problem = ""
        except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
            found, problem = None, printable(error) or type_name(error)
        seconds = round(time.monotonic() - began, 3)
        if found is not None:
            return SignalCheck(signal, what, True, seconds, f"{where}: {found}")
        if time.monotonic() + _PAUSE >= deadline:
            break
        time.sleep(_PAUSE)
    if problem:
        advice = "Start the stack (`make up`) or give the address of the server that you use."
        return SignalCheck(signal, what, False, seconds, f"{where} does not answer as it should: {problem}", advice)
    return SignalCheck(signal, what, False, seconds, f"{where}: {why_not()}", advice)


def targets(prometheus: str) -> str:
    """What Prometheus says about whom it asks."""
    try:
        active = fetch_json(f"{prometheus}/api/v1/targets?state=active")["data"]["activeTargets"]
    except (OSError, ValueError, KeyError, TypeError):
        return "it has no such series"
    down = [f"{target['scrapeUrl']} ({target['lastError']})" for target in active if target.get("health") == "down"]
    return f"it has no such series; it asks {len(active)} targets" + (f", down: {', '.join(down[:5])}" if down else "")


def not_sent(signal: str, what: str, why: str, advice: str) -> SignalCheck:
    return SignalCheck(signal, what, False, 0.0, f"not sent: {why}", advice)


def fetch_json(url: str, missing: Any = None) -> Any:
    """The JSON that a server answers; `missing` where it answers 404 and that is given. Raises OSError, ValueError."""
    try:
        with _opener.open(url, timeout=_ANSWER_WITHIN) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == 404 and missing is not None:
            return missing
        raise
