"""Jsonnet, evaluated with this repository's root as the place where imports are looked for."""

import json
from pathlib import Path
from typing import Any

import rjsonnet

from kit.paths import ROOT

_MAX_STACK = 2000


class JsonnetError(Exception):
    """Jsonnet that cannot be evaluated; the text is jsonnet's own and names file and line."""


def evaluate_file(path: Path | str, **arguments: Any) -> Any:
    """The value of a file, relative to the root, that is a function of these arguments. Raises JsonnetError."""
    codes = {name: json.dumps(value) for name, value in arguments.items()}
    try:
        text = rjsonnet.evaluate_file(str(ROOT / path), jpathdir=[str(ROOT)], max_stack=_MAX_STACK, tla_codes=codes)
    except RuntimeError as error:
        raise JsonnetError(str(error).strip()) from None
    return json.loads(text)


def evaluate(expression: str, root: Path = ROOT) -> Any:
    """The value of an expression. Raises JsonnetError."""
    try:
        text = rjsonnet.evaluate_snippet("expression", expression, jpathdir=[str(root)], max_stack=_MAX_STACK)
    except RuntimeError as error:
        raise JsonnetError(str(error).strip()) from None
    return json.loads(text)
