"""Where a notification leads: Alertmanager's own pages for it, and the addresses that the alert names."""

import json
import re
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from examples.adplatform.notifications.message import Alert
from examples.adplatform.tables import Notification

# Beside `alertname`, what tells one alert from another; these say how it is notified.
NOT_IN_A_SILENCE = {"cooldown", "condition", "pipeline"}
# Annotations that are addresses: under which name a person finds them, in this order.
NAMED = {"dashboard": "dashboard_url", "runbook": "runbook_url", "logs": "logs_url", "traces": "traces_url"}
# The browser's form would take a value that holds these for the end of it, and silence something else.
_UNQUOTABLE = re.compile(r'["\\\x00-\x1f\x7f]')
SILENCE = "silence_url"


def silence_url(alertmanager: str, alert: Alert) -> str:
    """Alertmanager's form for a silence of this alert; empty where Alertmanager did not say where it is.

    Where a label cannot stand in its filter, the form opens empty rather than silence too much.
    """
    if not alertmanager:
        return ""
    form = f"{alertmanager.rstrip('/')}/#/silences/new"
    labels = {name: value for name, value in sorted(alert.labels.items()) if name not in NOT_IN_A_SILENCE}
    if any(_UNQUOTABLE.search(value) for value in labels.values()):
        return form
    matchers = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return f"{form}?filter={quote('{' + matchers + '}', safe='')}"


def query_url(notification: Notification) -> str:
    """The alert's expression in the dashboards' Explore; empty where the alert does not say where those are.

    Alertmanager passes on the address of Prometheus' own page, which a Prometheus that is built from its module lacks.
    """
    expressions = parse_qs(urlsplit(notification.source_url).query).get("g0.expr", [])
    dashboard = urlsplit(notification.annotations.get("dashboard_url", ""))
    if not expressions or not dashboard.netloc:
        return ""
    source = {"type": "prometheus", "uid": "prometheus"}
    pane = {
        "datasource": "prometheus",
        "queries": [{"refId": "A", "datasource": source, "expr": expressions[0]}],
        "range": {"from": "now-1h", "to": "now"},
    }
    panes = quote(json.dumps({"a": pane}, separators=(",", ":")), safe="")
    base = f"{dashboard.scheme}://{dashboard.netloc}{dashboard.path.partition('/d/')[0]}"
    return f"{base}/explore?schemaVersion=1&panes={panes}"


def links(notification: Notification) -> dict[str, str]:
    """Title and address of where the alert leads; web addresses only, so that none of them can run a script."""
    annotations: dict[str, Any] = notification.annotations
    addresses = {title: annotations.get(name, "") for title, name in NAMED.items()}
    addresses["query"] = query_url(notification)
    if notification.status == "firing":
        addresses["silence"] = annotations.get(SILENCE, "")
    return {title: address for title, address in addresses.items() if address.startswith(("http://", "https://"))}
