"""An override in signalfire.yaml for each alert there is: another threshold, `for`, severity, and a service's own."""

from typing import Any

from tests.support.mixin import evaluate

Json = dict[str, Any]
_FACTOR = 1.5
_SEVERITIES = ("info", "warning", "error", "critical")
_SHAPES = """{
  [a.name]: {
    levels: [{ severity: level.severity, threshold: level.threshold } for level in a.each],
    'for': a['for'],
    by: a.by,
  }
  for a in std.objectValues(signalfire.alerts)
}"""


def overrides() -> Json:
    """alerts of signalfire.yaml, with an entry for every alert there is."""
    shapes: Json = evaluate(_SHAPES)
    return {name: _override(shape) for name, shape in shapes.items()}


def _override(shape: Json) -> Json:
    levels = shape["levels"]
    changed: Json = {"for": "0s" if shape["for"] == "3m" else "3m", "labels": {"team": "shop"}}
    if len(levels) == 1:
        [level] = levels
        changed["threshold"] = level["threshold"] * _FACTOR
        changed["severity"] = next(other for other in _SEVERITIES if other != level["severity"])
        of_service: Any = level["threshold"] * 2
    else:
        changed["threshold"] = {level["severity"]: level["threshold"] * _FACTOR for level in levels[1:]}
        changed["threshold"][levels[0]["severity"]] = False
        of_service = {levels[-1]["severity"]: levels[-1]["threshold"] * 2}
    if "service" in shape["by"]:
        changed["services"] = {"batch.jobs": {"enabled": False}, "busy": {"threshold": of_service}}
    return changed
