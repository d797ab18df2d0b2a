"""What a reviewer looks for in a PromQL expression; each rule here returns what is wrong, in words."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.unit.mixin.promql_tree import COMPARISONS, Tree, bare, called, is_scalar, is_selector, metrics_of, nodes

Json = dict[str, Any]
COUNTING = ("rate", "increase", "irate", "resets")
LEVELLING = ("deriv", "predict_linear", "delta", "idelta")
# Of series that are never 0, or gone rather than 0.
_NEVER_ZERO = ("count_over_time", "days_in_month", "time", "timestamp", "vector")
# Functions of a range to which one sample is enough.
_OF_ONE_SAMPLE = ("last_over_time", "max_over_time")
# Each value of such a label would be a series of its own, without an end.
UNBOUNDED = {
    "correlation_id", "email", "id", "ip", "message", "path", "prompt", "query", "request_id", "session_id", "span_id",
    "trace_id", "uri", "url", "user", "user_id", "user_name",
}  # fmt: skip


def unguarded_divisions(tree: Tree) -> Iterator[str]:
    """A division by what may be 0: its result would be no number, which no threshold catches."""
    for node in nodes(tree):
        if node["type"] == "binaryExpr" and node["op"] in ("/", "%") and not _never_zero(node["rhs"]):
            yield "a division whose right side may be 0: compare it with > 0"


def _never_zero(tree: Tree) -> bool:
    tree = bare(tree)
    if tree["type"] == "numberLiteral":
        return float(tree["val"]) != 0
    if tree["type"] == "binaryExpr":
        return _binary_never_zero(tree)
    if tree["type"] == "aggregation":
        return tree["op"] == "count" or _never_zero(tree["expr"])
    if called(tree) in ("clamp_min", "clamp"):
        return float(bare(tree["args"][1]).get("val", 0)) > 0
    if called(tree) in ("label_replace", "label_join", "scalar", "last_over_time"):
        return _never_zero(tree["args"][0])
    return called(tree) in _NEVER_ZERO


def _binary_never_zero(tree: Tree) -> bool:
    left, right, operator = tree["lhs"], tree["rhs"], tree["op"]
    if operator in COMPARISONS:
        zero = bare(right)
        return not tree["bool"] and (operator in (">", "!=") and is_scalar(zero))
    if operator in ("and", "unless"):
        return _never_zero(left)
    return operator in ("*", "/", "or") and _never_zero(left) and _never_zero(right)


def wrongly_ranged(tree: Tree, types: Mapping[str, str], shortest: float) -> Iterator[str]:
    """rate() of what is no counter, deriv() of one, and ranges shorter than `shortest` seconds."""
    for node in nodes(tree):
        name = called(node)
        if name not in COUNTING + LEVELLING:
            continue
        selectors = [inside for inside in nodes(node["args"][0]) if is_selector(inside)]
        for metric in (metric for selector in selectors for metric in metrics_of(selector)):
            counter = is_counter(metric, types)
            if counter is not None and counter != (name in COUNTING):
                yield f"{name} of {metric}, which is {'a' if counter else 'no'} counter"
    enough = [node["args"][0] for node in nodes(tree) if called(node) in _OF_ONE_SAMPLE]
    for node in nodes(tree):
        if node["type"] == "matrixSelector" and node["range"] < shortest * 1000 and node not in enough:
            yield f"a range of {node['range'] / 1000:.0f} s over {node['name']}; 4 scrapes take {shortest:.0f} s"


def is_counter(metric: str, types: Mapping[str, str]) -> bool | None:
    """None where nobody says."""
    if metric in types:
        return types[metric] == "counter"
    return True if metric.endswith(("_total", "_bucket")) else None


def unbounded_labels(tree: Tree) -> Iterator[str]:
    for node in nodes(tree):
        for label in UNBOUNDED & set(node.get("grouping") or ()):
            yield f"groups by {label}, which has no end of values"


def over_time_and_for(rule: Json, tree: Tree) -> Iterator[str]:
    """Such an alert waits twice: until enough of the range is bad, and then for its `for`."""
    if rule.get("for"):
        yield from (
            f"{called(node)} in an alert with for" for node in nodes(tree) if called(node).endswith("_over_time")
        )


EVERYWHERE: tuple[Callable[[Tree], Iterator[str]], ...] = (unguarded_divisions, unbounded_labels)
