"""The library's own errors: counted, logged once a place, never seen by the application."""

import logging

from signalfire.prometheus.default import metrics

_log = logging.getLogger("signalfire")
_reported: set[tuple[str, type[BaseException]]] = set()


def internal_error(component: str, error: BaseException) -> None:
    """Counts an error inside the instrumentation and logs its first occurrence with the stack trace."""
    try:
        metrics.signalfire_internal_errors_total.labels(component=component).inc()
        place = (component, type(error))
        if place not in _reported and len(_reported) < 100:
            _reported.add(place)
            _log.error("signalfire's %s failed; the application is not affected", component, exc_info=error)
    except Exception:  # noqa: BLE001, S110 - there is nobody left to tell
        pass
