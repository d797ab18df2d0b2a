"""The mixin as jsonnet gives it."""

from typing import Any

from kit.render import jsonnet


def evaluate(expression: str) -> Any:
    """The value of a jsonnet expression in which `signalfire` is the mixin. Raises JsonnetError with the reason."""
    return jsonnet.evaluate(f"local signalfire = import 'mixin.libsonnet'; {expression}")
