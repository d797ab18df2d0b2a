"""Questions to the tree of a PromQL expression, as Prometheus makes it: what it reads, which labels it leaves."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Tree = dict[str, Any]
Labels = frozenset[str]
NONE: Labels = frozenset()

COMPARISONS = (">", "<", ">=", "<=", "==", "!=")
# Aggregations that hand on whole series.
_CHOOSING = ("topk", "bottomk", "limitk", "limit_ratio")
_CHILDREN = ("expr", "lhs", "rhs", "param")


def nodes(tree: Tree) -> Iterator[Tree]:
    """The tree and all that is in it."""
    yield tree
    for child in children(tree):
        yield from nodes(child)


def children(tree: Tree) -> list[Tree]:
    found = [tree[key] for key in _CHILDREN if isinstance(tree.get(key), dict)]
    return found + list(tree.get("args") or [])


def bare(tree: Tree) -> Tree:
    """Without the parentheses around it."""
    return bare(tree["expr"]) if tree["type"] == "parenExpr" else tree


def is_selector(tree: Tree) -> bool:
    return tree["type"] in ("vectorSelector", "matrixSelector")


def metrics_of(selector: Tree) -> list[str]:
    """The metrics that a selector may read: several with __name__=~"a|b"."""
    if selector["name"]:
        return [selector["name"]]
    by_name = [matcher["value"] for matcher in selector["matchers"] if matcher["name"] == "__name__"]
    return [name for value in by_name for name in value.split("|")]


def called(tree: Tree) -> str:
    """The function that a node calls, or an empty text."""
    return str(tree["func"]["name"]) if tree["type"] == "call" else ""


def is_scalar(tree: Tree) -> bool:
    tree = bare(tree)
    if tree["type"] == "binaryExpr":
        return is_scalar(tree["lhs"]) and is_scalar(tree["rhs"])
    if tree["type"] == "unaryExpr":
        return is_scalar(tree["expr"])
    return bool(tree["type"] == "numberLiteral" or (called(tree) and tree["func"]["returnType"] == "scalar"))


@dataclass
class LabelsOf:
    """The labels that expressions leave, given those of each metric.

    `missing` collects every label that an expression asks of something that has no such label.
    """

    known: Mapping[str, Labels]
    missing: list[str] = field(default_factory=list)

    def __call__(self, tree: Tree) -> Labels:
        match tree["type"]:
            case "vectorSelector" | "matrixSelector":
                return self._selector(tree)
            case "aggregation":
                return self._aggregation(tree)
            case "binaryExpr":
                return self._binary(tree)
            case "call":
                return self._call(tree)
            case "numberLiteral" | "stringLiteral":
                return NONE
            case _:
                return self(tree["expr"])

    def _ask(self, labels: list[str], of: Labels, where: str) -> None:
        self.missing += [f"{where} has no label {label}" for label in labels if label not in of]

    def _selector(self, tree: Tree) -> Labels:
        found: Labels = NONE
        for metric in metrics_of(tree):
            if metric not in self.known:
                self.missing.append(f"there is no metric {metric}")
                continue
            found |= self.known[metric]
        asked = [matcher["name"] for matcher in tree["matchers"] if matcher["name"] != "__name__"]
        self._ask(asked, found, " or ".join(metrics_of(tree)))
        return found

    def _aggregation(self, tree: Tree) -> Labels:
        inside = self(tree["expr"])
        if tree["without"]:
            return inside - set(tree["grouping"])
        self._ask(tree["grouping"], inside, f"what {tree['op']} adds up")
        left = frozenset(tree["grouping"])
        if tree["op"] in _CHOOSING:
            return inside
        return left | {tree["param"]["val"]} if tree["op"] == "count_values" else left

    def _binary(self, tree: Tree) -> Labels:
        left, right = self(tree["lhs"]), self(tree["rhs"])
        if is_scalar(tree["lhs"]):
            return right
        if is_scalar(tree["rhs"]):
            return left
        matching = tree["matching"] or {"on": False, "labels": [], "include": [], "card": "one-to-one"}
        if matching["on"]:
            self._ask(matching["labels"], left, f"the left side of {tree['op']}")
            self._ask(matching["labels"], right, f"the right side of {tree['op']}")
        if tree["op"] in ("and", "unless"):
            return left
        if tree["op"] == "or":
            return left | right
        return self._joined(matching, left, right)

    def _joined(self, matching: Tree, left: Labels, right: Labels) -> Labels:
        if matching["card"] == "one-to-one":
            return frozenset(matching["labels"]) if matching["on"] else left - set(matching["labels"])
        many, one = (left, right) if matching["card"] == "many-to-one" else (right, left)
        self._ask(matching["include"], one, "the one side")
        return many | set(matching["include"])

    def _call(self, tree: Tree) -> Labels:
        name, args = called(tree), tree["args"]
        inside = [self(argument) for argument in args]
        left = frozenset().union(*inside)
        if name in ("label_replace", "label_join"):
            sources = [args[3]] if name == "label_replace" else args[3:]
            self._ask([source["val"] for source in sources if source["val"]], left, f"what {name} changes")
            return left | {args[1]["val"]}
        if name in ("histogram_quantile", "histogram_fraction"):
            self._ask(["le"], left, name)
            return left - {"le"}
        if name in ("absent", "absent_over_time"):
            selector = bare(args[0])
            matchers = selector["matchers"] if is_selector(selector) else []
            return frozenset(m["name"] for m in matchers if m["type"] == "=") - {"__name__"}
        return NONE if tree["func"]["returnType"] == "scalar" else left
