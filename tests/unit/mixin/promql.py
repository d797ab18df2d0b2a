"""Which metrics and dashboard variables a PromQL expression names."""

import re

_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_LABELS = re.compile(r"\{[^}]*\}")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_RANGE = re.compile(r"\[[^\]]*\]")
_NAME = re.compile(r"(?<![\w$.])[a-zA-Z_:][\w:]*(?!\s*\()(?![\w:])")
_WORDS = {"and", "or", "unless", "offset", "bool", "inf", "nan"}
_BY_NAME = re.compile(r'__name__=~"([^"]*)"')


def metrics_of(expression: str) -> set[str]:
    """The metric names in an expression, those of a __name__ matcher included."""
    by_name = {name for names in _BY_NAME.findall(expression) for name in names.split("|")}
    rest = expression
    for pattern in (_TEXT, _LABELS, _GROUPING, _RANGE):
        rest = pattern.sub(" ", rest)
    return by_name | {name for name in _NAME.findall(rest) if name.lower() not in _WORDS}


def variables_of(expression: str) -> set[str]:
    """The dashboard variables ($env, ${env}); Grafana's own, which begin with __, are left out."""
    return {name for name in re.findall(r"\$\{?(\w+)", expression) if not name.startswith("__")}
