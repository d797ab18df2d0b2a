"""What the page and its JSON say, each part as plain data computed from a reading.

Durations are in seconds, sizes in bytes, money in US dollars, shares from 0 to 1; None stands for what is not known or
cannot be said, such as the mean of nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from signalfire.errors import ErrorKind
from signalfire.health import OVERALL, Report, Status
from signalfire.status.history import QUANTILE_WINDOW, RATE_WINDOW, Point, increase, lines, server_errors
from signalfire.status.readings import DURATIONS, LOGGED_ERRORS, REQUESTS, Distribution, Reading
from signalfire.status.sources import TargetState

Row = dict[str, Any]

_HISTORY_DIGITS = 6
_MAX_PLACES = 5  # where an error happened, those with the most of it


def share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def timestamp(at: float) -> str:
    """RFC 3339 in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def durations(histogram: Distribution) -> Row:
    return {
        "mean": histogram.mean,
        "p50": histogram.quantile(0.5),
        "p95": histogram.quantile(0.95),
        "p99": histogram.quantile(0.99),
    }


# --- requests ---


def requests(reading: Reading) -> Row:
    """Since the start or the last reset."""
    total, errors = reading.total(REQUESTS), server_errors(reading)
    by_class: dict[str, float] = {}
    for (status,), count in sorted(reading.by(REQUESTS, "status").items()):
        kind = f"{status[:1]}xx"
        by_class[kind] = by_class.get(kind, 0.0) + count
    return {
        "total": total,
        "errors": errors,
        "error_share": share(errors, total),
        "in_progress": reading.total("http_requests_in_progress"),
        "by_status": by_class,
        "duration_seconds": durations(reading.histogram(DURATIONS)),
    }


def recent_requests(points: Sequence[Point], newest: Point) -> Row:
    """Rates over the last minute, durations over the last five, or as long as is known."""
    minute = increase(points, newest, RATE_WINDOW)
    minutes = increase(points, newest, QUANTILE_WINDOW)
    return {
        "seconds": minute and round(minute.seconds, 3),
        "requests": minute and minute.requests,
        "errors": minute and minute.errors,
        "requests_per_second": minute and minute.requests_per_second,
        "errors_per_second": minute and minute.errors_per_second,
        "error_share": minute and share(minute.errors, minute.requests),
        "duration_window_seconds": minutes and round(minutes.seconds, 3),
        "duration_seconds": durations(minutes.durations if minutes else Distribution({})),
    }


def history(points: Sequence[Point]) -> Row:
    """The course of the last ten minutes."""
    return {
        name: [None if value is None else round(value, _HISTORY_DIGITS) for value in values]
        for name, values in asdict(lines(points)).items()
    }


def endpoints(reading: Reading) -> list[Row]:
    """One row a method and route template, the busiest first."""
    total = reading.total(REQUESTS)
    timed = reading.histograms(DURATIONS, "method", "endpoint")
    counts: dict[tuple[str, str], list[float]] = {}
    for (method, endpoint, status), count in reading.by(REQUESTS, "method", "endpoint", "status").items():
        sums = counts.setdefault((method, endpoint), [0.0, 0.0])
        sums[0] += count
        sums[1] += count if status.startswith("5") else 0.0
    rows = [
        {
            "method": method,
            "endpoint": endpoint,
            "requests": count,
            "share": share(count, total),
            "errors": errors,
            "error_share": share(errors, count),
            "duration_seconds": durations(timed.get((method, endpoint), Distribution({}))),
        }
        for (method, endpoint), (count, errors) in counts.items()
        if count
    ]
    return busiest(rows, "requests")


def busiest(rows: Iterable[Row], key: str) -> list[Row]:
    return sorted(rows, key=lambda row: row[key], reverse=True)


# --- errors ---


def errors(reading: Reading, kinds: Iterable[ErrorKind], since: float | None) -> list[Row]:
    """Errors by kind and by what they came from, the most frequent first, with what is known of the last one.

    The latter is known of this process alone, and only of errors after `since` (Unix time).
    """
    last = {kind.kind: last_of(kind) for kind in kinds if since is None or kind.last_seen.timestamp() >= since}
    rows = [
        *errors_of(reading, "requests", "http_exceptions_total", "exception_type", "endpoint"),
        *errors_of(reading, "models", "ai_api_errors_total", "error_type", "model"),
        *errors_of(reading, "databases", "database_errors_total", "error_type", "database"),
    ]
    counted = {row["kind"] for row in rows}
    rows += [row for row in errors_of(reading, "log", LOGGED_ERRORS, "kind", "") if row["kind"] not in counted]
    return busiest(({**row, "last": last.get(row["kind"])} for row in rows), "count")


def errors_of(reading: Reading, source: str, name: str, kind_label: str, place_label: str) -> list[Row]:
    places: dict[str, dict[str, float]] = {}
    for (kind, place), count in reading.by(name, kind_label, place_label).items():
        if count:
            places.setdefault(kind, {})[place] = count
    return [
        {
            "kind": kind,
            "source": source,
            "count": sum(counts.values()),
            "where": most(counts) if place_label else {},
        }
        for kind, counts in places.items()
    ]


def most(counts: Mapping[str, float]) -> dict[str, float]:
    return dict(sorted(counts.items(), key=lambda item: item[1], reverse=True)[:_MAX_PLACES])


def last_of(kind: ErrorKind) -> Row:
    """The message is masked."""
    return {
        "at": timestamp(kind.last_seen.timestamp()),
        "endpoint": kind.endpoint,
        "message": kind.message,
        "correlation_id": kind.correlation_id,
        "trace_id": kind.trace_id,
    }


# --- caches, rate limits, money ---


def caches(reading: Reading) -> Row:
    """The application's own caches, and the prompt caches of the model providers."""
    own = hit_rate(reading.by("cache_requests_total", "result"))
    by_cache: dict[str, dict[tuple[str, ...], float]] = {}
    for (cache, result), count in reading.by("cache_requests_total", "cache", "result").items():
        by_cache.setdefault(cache, {})[(result,)] = count
    hits, misses = reading.total("ai_cache_hits_total"), reading.total("ai_cache_misses_total")
    return {
        **own,
        "caches": busiest(({"cache": cache, **hit_rate(found)} for cache, found in by_cache.items()), "hits"),
        "prompts": {
            "hits": hits,
            "misses": misses,
            "hit_rate": share(hits, hits + misses),
            "saved_usd": reading.total("ai_cache_saved_usd_total"),
        },
    }


def hit_rate(results: Mapping[tuple[str, ...], float]) -> Row:
    hits, misses = results.get(("hit",), 0.0), results.get(("miss",), 0.0)
    return {"hits": hits, "misses": misses, "hit_rate": share(hits, hits + misses)}


def rate_limits(reading: Reading) -> Row:
    """What the application's rate limiter decided."""
    name = "rate_limit_requests_total"
    by_type: dict[str, Row] = {}
    for (limit_type, decision), count in sorted(reading.by(name, "limit_type", "decision").items()):
        by_type.setdefault(limit_type, {"allowed": 0.0, "blocked": 0.0})[decision] = count
    allowed, blocked = reading.total(name, decision="allowed"), reading.total(name, decision="blocked")
    return {
        "allowed": allowed,
        "blocked": blocked,
        "blocked_share": share(blocked, allowed + blocked),
        "limits": [{"limit_type": limit_type, **counts} for limit_type, counts in by_type.items()],
    }


def spend(reading: Reading) -> Row:
    """What the calls to model providers cost, and the budgets for it."""
    return {
        "cost_usd": reading.total("ai_api_cost_usd_total"),
        "calls": reading.total("ai_api_calls_total"),
        "unpriced_calls": reading.total("ai_api_unpriced_calls_total"),
        "tokens": tokens(reading, {}),
        "budgets": budgets(reading),
    }


def budgets(reading: Reading) -> list[Row]:
    """By budget and period; one without a limit has only what was spent."""
    columns = {
        name: reading.by(f"budget_{name}", "budget", "period")
        for name in ("spent_usd", "limit_usd", "used_ratio", "forecast_usd")
    }
    keys = sorted(columns["spent_usd"].keys() | columns["limit_usd"].keys())
    return [
        {"budget": budget, "period": period} | {name: values.get((budget, period)) for name, values in columns.items()}
        for budget, period in keys
    ]


def tokens(reading: Reading, labels: Mapping[str, str]) -> Row:
    name = "ai_api_tokens_total"
    return {kind: reading.total(name, type=kind, **labels) for kind in ("input", "output")}


# --- models, agents, databases, the application's own operations ---


def models(reading: Reading) -> list[Row]:
    """One row a provider and model, the one called most first."""
    timed = reading.histograms("ai_api_duration_seconds", "provider", "model")
    first = reading.histograms("ai_api_time_to_first_token_seconds", "provider", "model")
    failed = reading.by("ai_api_errors_total", "provider", "model")
    cost = reading.by("ai_api_cost_usd_total", "provider", "model")
    unpriced = reading.by("ai_api_unpriced_calls_total", "provider", "model")
    rows = [
        {
            "provider": key[0],
            "model": key[1],
            "calls": calls,
            "errors": failed.get(key, 0.0),
            "error_share": share(failed.get(key, 0.0), calls),
            "tokens": tokens(reading, {"provider": key[0], "model": key[1]}),
            "cost_usd": cost.get(key),
            "unpriced_calls": unpriced.get(key, 0.0),
            "duration_seconds": durations(timed.get(key, Distribution({}))),
            "first_token_seconds": durations(first.get(key, Distribution({}))),
        }
        for key, calls in reading.by("ai_api_calls_total", "provider", "model").items()
        if calls
    ]
    return busiest(rows, "calls")


def agents(reading: Reading) -> list[Row]:
    """One row an agent, the busiest first."""
    active = reading.by("agents_active", "agent")
    rows = counted_and_timed(reading, "agent_executions_total", "agent_execution_duration_seconds", "agent")
    return busiest(({**row, "active": active.get((row["agent"],), 0.0)} for row in rows), "count")


def tools(reading: Reading) -> list[Row]:
    """One row a tool, the one called most first."""
    return counted_and_timed(reading, "tool_calls_total", "tool_duration_seconds", "tool")


def operations(reading: Reading) -> list[Row]:
    """One row a name given to PerformanceTracker or measured, the one run most first."""
    return counted_and_timed(reading, "operations_total", "operation_duration_seconds", "operation")


def counted_and_timed(reading: Reading, counter: str, histogram: str, label: str) -> list[Row]:
    """Of a counter with a status and a histogram without."""
    timed = reading.histograms(histogram, label)
    failed = {key[:1]: count for key, count in reading.by(counter, label, "status").items() if key[1] == "error"}
    rows = [
        {
            label: key[0],
            "count": count,
            "errors": failed.get(key, 0.0),
            "error_share": share(failed.get(key, 0.0), count),
            "duration_seconds": durations(timed.get(key, Distribution({}))),
        }
        for key, count in reading.by(counter, label).items()
        if count
    ]
    return busiest(rows, "count")


def databases(reading: Reading) -> list[Row]:
    """One row a database, the one asked most first; Redis is one of them."""
    failed = reading.by("database_errors_total", "database")
    connections = reading.by("database_connections", "database", "state")
    rows = [
        {
            "database": key[0],
            "queries": timed.count,
            "errors": failed.get(key, 0.0),
            "connections": {state: connections.get((key[0], state)) for state in ("active", "idle")},
            "duration_seconds": durations(timed),
        }
        for key, timed in reading.histograms("database_query_duration_seconds", "database").items()
        if timed.count
    ]
    redis = reading.histogram("redis_operation_duration_seconds")
    if redis.count:
        rows.append(
            {
                "database": "redis",
                "queries": redis.count,
                "errors": reading.total("redis_operations_total", status="error"),
                "connections": {"active": None, "idle": None},
                "duration_seconds": durations(redis),
            }
        )
    return busiest(rows, "queries")


# --- the process ---


def memory(reading: Reading) -> Row:
    """Resident bytes, summed over the processes that serve."""
    return {"resident_bytes": reading.memory.now, "peak_bytes": reading.memory.peak}


def health(reading: Reading, report: Report | None, targets: Sequence[TargetState] = ()) -> Row:
    """The checks as `service_health` has them, with details of this process' own; a silent target is unhealthy."""
    found = reading.by("service_health", "component", "check")
    components = {component for component, _ in found}
    checks: list[Row] = [
        {"check": target.url, "status": "unhealthy", "detail": target.error, "seconds": None}
        for target in targets
        if target.unreachable_since is not None
    ]
    for (component, check), value in found.items():
        if check != OVERALL:
            name = check if len(components) < 2 else f"{component}: {check}"
            checks.append({"check": name, "status": status_name(value), **details(report, check)})
    checks.sort(key=lambda check: (order.index(check["status"]), check["check"]))
    worst = min((value for (_, check), value in found.items() if check == OVERALL), default=None)
    if any(target.unreachable_since is not None for target in targets):
        worst = Status.UNHEALTHY.value
    return {"status": "unknown" if worst is None else status_name(worst), "checks": checks}


order = ["unhealthy", "degraded", "healthy"]


def status_name(value: float) -> str:
    """Several processes may have set it, or another version: what lies between is degraded."""
    if value >= Status.HEALTHY.value:
        return "healthy"
    return "unhealthy" if value <= Status.UNHEALTHY.value else "degraded"


def details(report: Report | None, check: str) -> Row:
    result = report.results.get(check) if report is not None else None
    return {"detail": "", "seconds": None} if result is None else {"detail": result.detail, "seconds": result.seconds}
