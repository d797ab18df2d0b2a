"""The journey of one fault: metric, alert, notification, trace, log, request, and back to normal."""

from __future__ import annotations

import time

from kit.verification.stack import LogLine, Notification, Stack, Trace
from kit.verification.steps import Found, Steps

FAULT = "errors"
SERVICE = "ad-api"
ALERT = "HighErrorRate"
FAILED_REQUESTS = f'sum(http_requests_total{{service="{SERVICE}",status=~"5.."}})'
LATENCY = f'http_request_duration_seconds_bucket{{service="{SERVICE}"}}'
# A few failures may be the service's own: the fault makes more than that.
FEWEST_FAILURES = 5


def follow(stack: Stack, steps: Steps) -> None:
    """Follows the fault the whole way. Raises StepMissingError at the first step that is missing."""
    steps.until(
        "before: the alert is silent",
        lambda: (
            None if stack.alert_state(ALERT, SERVICE) else Found(True, f"{ALERT} of {SERVICE} neither pends nor fires")
        ),
        within=300,
        look_at=f"{stack.prometheus}/api/v1/alerts, and whether a fault is still on: {stack.demo_api}/faults",
    )
    failures_before = stack.value(FAILED_REQUESTS) or 0.0
    began = time.time()
    with stack.fault(FAULT):
        _metric(stack, steps, failures_before)
        _alert(stack, steps, "pending")
        trace = _exemplar_trace(stack, steps, began)
        line = _log_line(stack, steps, trace, began)
        _request(stack, steps, line, trace, began)
        _alert(stack, steps, "firing")
        _notification(stack, steps, "firing", began, within=60)
    switched_off = time.time()
    _notification(stack, steps, "resolved", switched_off, within=420)


def _metric(stack: Stack, steps: Steps, before: float) -> None:
    def look() -> Found[float] | None:
        failures = (stack.value(FAILED_REQUESTS) or 0.0) - before
        return Found(failures, f"{failures:.0f} failed requests counted") if failures >= FEWEST_FAILURES else None

    steps.until(
        "the metric in Prometheus",
        look,
        within=60,
        look_at=f"the target's state at {stack.prometheus}/api/v1/targets and {stack.demo_api}/metrics",
    )


def _alert(stack: Stack, steps: Steps, wanted: str) -> None:
    def look() -> Found[str] | None:
        state = stack.alert_state(ALERT, SERVICE)
        # Firing comes after pending: whoever looks a moment late has still seen it.
        reached = state == wanted or (wanted == "pending" and state == "firing")
        return Found(wanted, f"{ALERT}{{service={SERVICE}}}") if reached else None

    steps.until(
        f"the alert {wanted}",
        look,
        within=240,
        look_at=f"{stack.prometheus}/api/v1/rules and {stack.dashboards}/d/api-performance?var-service={SERVICE}",
    )


def _exemplar_trace(stack: Stack, steps: Steps, began: float) -> Trace:
    def look() -> Found[Trace] | None:
        for trace_id in stack.exemplar_traces(LATENCY, began, time.time()):
            trace = stack.trace(trace_id)
            # Each service's spans arrive by themselves: the caller's may be there before those of the one that failed.
            if trace is not None and SERVICE in trace.failed_requests_of:
                return Found(trace, f"{trace.trace_id}: {trace.spans} spans of {', '.join(sorted(trace.services))}")
        return None

    return steps.until(
        "the exemplar's trace in Jaeger",
        look,
        within=120,
        look_at=(
            f"the collector's log (make logs NAME=collector), {stack.jaeger}/api/services, and the exemplars in "
            f"{stack.demo_api}/metrics (asked for as OpenMetrics)"
        ),
    )


def _log_line(stack: Stack, steps: Steps, trace: Trace, began: float) -> LogLine:
    def look() -> Found[LogLine] | None:
        query = f'{{service_name="{SERVICE}"}} | trace_id="{trace.trace_id}"'
        lines = stack.logs(query, began - 60, time.time() + 1)
        with_correlation = [line for line in lines if line.fields.get("correlation_id")]
        if not with_correlation:
            return None
        return Found(with_correlation[0], f"{len(lines)} lines, {with_correlation[0].text[:60]!r}")

    return steps.until(
        "the log lines of that trace in Loki",
        look,
        within=60,
        look_at="the service's log (make logs NAME=ad-api) and the collector's (make logs NAME=collector)",
    )


def _request(stack: Stack, steps: Steps, line: LogLine, trace: Trace, began: float) -> None:
    correlation_id = line.fields["correlation_id"]

    def look() -> Found[str] | None:
        query = f'{{service_name="{SERVICE}"}} | correlation_id="{correlation_id}" | status=~"5.."'
        requests = stack.logs(query, began - 60, time.time() + 1)
        as_it_is_now = stack.trace(trace.trace_id) or trace
        if not requests or not any(correlation_id in values for values in as_it_is_now.tags.values()):
            return None
        fields = requests[0].fields
        return Found(
            correlation_id,
            f"{correlation_id}: {fields.get('method')} {fields.get('endpoint')} → {fields.get('status')}",
        )

    steps.until(
        "its correlation id back to the request",
        look,
        within=60,
        look_at=f"the lines with correlation_id={correlation_id} in Loki, and that id among the trace's tags",
    )


def _notification(stack: Stack, steps: Steps, status: str, since: float, *, within: float) -> None:
    def look() -> Found[Notification] | None:
        for notification in stack.notifications(ALERT, SERVICE, since):
            if notification.status == status:
                was = "over; it was: " if status == "resolved" else ""
                return Found(notification, was + notification.summary)
        return None

    steps.until(
        f"the notification: {status}",
        look,
        within=within,
        look_at=f"{stack.alertmanager}/#/alerts, {stack.notifications_receiver}/ and make logs NAME=alertmanager",
    )
