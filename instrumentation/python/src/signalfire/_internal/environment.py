"""The environment variables of logs, traces and the process' identity, and what each of them may be."""

import logging
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})
MAX_KEEP_DAYS = 36_500

LEVELS = "DEBUG, INFO, WARNING, ERROR or CRITICAL"
HOST_OR_URL = "a host, a host and port or a URL, for example jaeger:4318"
HOST_OR_URL_OF_GATEWAY = "a host, a host and port or a URL, for example pushgateway:9091"
_SAMPLERS = ("always_on", "always_off", "traceidratio")
SAMPLERS = frozenset({*_SAMPLERS, *(f"parentbased_{name}" for name in _SAMPLERS)})
_HOST = re.compile(r"[\w.-]+(?::[0-9]{1,5})?|\[[0-9a-fA-F:.]+\](?::[0-9]{1,5})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable; `advice` is what to write instead of a value that is not `valid`."""

    name: str
    valid: Callable[[str], bool]
    advice: str


def anything(_: str) -> bool:
    return True


def is_flag(text: str) -> bool:
    return text.lower() in TRUE | FALSE


def is_level(text: str) -> bool:
    return text.upper() in logging.getLevelNamesMapping()


def is_url(text: str) -> bool:
    """Whether it is an http(s) URL with a host, and a port that there can be."""
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and " " not in text
    except ValueError:
        return False


def is_host_or_url(text: str) -> bool:
    return is_url(text if "//" in text else f"http://{text}") and ("//" in text or _HOST.match(text) is not None)


def is_positive(text: str) -> bool:
    try:
        return 0 < float(text) < math.inf
    except ValueError:
        return False


def is_whole(text: str, least: int = 1, most: float = math.inf) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most


def is_limit(text: str) -> bool:
    return is_whole(text, least=0)


def is_keep_days(text: str) -> bool:
    return is_whole(text, most=MAX_KEEP_DAYS)


def is_ratio(text: str) -> bool:
    try:
        return 0 <= float(text) <= 1
    except ValueError:
        return False


def is_sampler(text: str) -> bool:
    return text.lower() in SAMPLERS


def is_span_exporter(text: str) -> bool:
    return text.lower() == "none" or text.lower().startswith("otlp")


_FLAG = "write true or false"
_URL = "write a URL, for example http://127.0.0.1:4318"

SWITCHES = (
    Variable("SIGNALFIRE_DISABLED", is_flag, _FLAG),
    Variable("OTEL_SDK_DISABLED", is_flag, _FLAG),
)
IDENTITY = (
    Variable("OTEL_SERVICE_NAME", anything, ""),
    Variable("OTEL_RESOURCE_ATTRIBUTES", anything, ""),
    Variable("SIGNALFIRE_ENV", anything, ""),
)
LOGGING = (
    Variable("LOG_LEVEL", is_level, f"write {LEVELS}"),
    Variable("LOG_DIR", anything, ""),
    Variable("LOG_STDOUT", is_flag, _FLAG),
    Variable("LOG_KEEP_DAYS", is_keep_days, f"write a whole number of days from 1 to {MAX_KEEP_DAYS}, for example 30"),
)
MASKING = (
    Variable("SIGNALFIRE_MASK_KEYS", anything, ""),
    Variable("SIGNALFIRE_MASK_PHONES", is_flag, _FLAG),
)
LENGTH_LIMITS = ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT")
_LIMITS = (
    *LENGTH_LIMITS,
    "OTEL_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_SPAN_EVENT_COUNT_LIMIT",
    "OTEL_SPAN_LINK_COUNT_LIMIT",
)
TRACING = (
    Variable("OTEL_TRACES_EXPORTER", is_span_exporter, "write otlp or none"),
    Variable("OTEL_EXPORTER_OTLP_ENDPOINT", is_url, _URL),
    Variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", is_url, f"{_URL}/v1/traces"),
    Variable("JAEGER_ENDPOINT", is_host_or_url, f"write {HOST_OR_URL}"),
    Variable("OTEL_EXPORTER_OTLP_TIMEOUT", is_positive, "write a number of seconds, for example 10"),
    Variable("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", is_positive, "write a number of seconds, for example 10"),
    Variable("OTEL_BSP_MAX_QUEUE_SIZE", is_whole, "write a whole number of spans, for example 2048"),
    Variable("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", is_whole, "write a whole number of spans, for example 512"),
    Variable("OTEL_BSP_SCHEDULE_DELAY", is_positive, "write a number of milliseconds, for example 1000"),
    Variable("OTEL_TRACES_SAMPLER", is_sampler, f"write one of {', '.join(sorted(SAMPLERS))}"),
    Variable("OTEL_TRACES_SAMPLER_ARG", is_ratio, "write a number from 0 to 1, for example 0.1"),
    *(Variable(name, is_limit, "write a whole number, or nothing for no limit") for name in _LIMITS),
)
PUSHING = (Variable("PROMETHEUS_GATEWAY", is_host_or_url, f"write {HOST_OR_URL_OF_GATEWAY}"),)
