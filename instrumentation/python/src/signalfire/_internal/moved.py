"""Documented modules that have moved can still be imported by the names that they had, with a warning."""

import importlib
import sys
import warnings
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

MOVED = {
    "signalfire.ai": "signalfire.llm.call",
    "signalfire.carrier": "signalfire.context.propagation",
    "signalfire.coordination": "signalfire.agents.coordination",
    "signalfire.log_events": "signalfire.logs.events",
    "signalfire.performance": "signalfire.operations.performance",
    "signalfire.push": "signalfire.prometheus.push",
    "signalfire.threads": "signalfire.context.threads",
}


class MovedModules(MetaPathFinder, Loader):
    """Asked for what no other finder has found, so it costs nothing where only today's names are imported."""

    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname in MOVED else None

    def exec_module(self, module: ModuleType) -> None:
        home = MOVED[module.__name__]
        warnings.warn(f"{module.__name__} has moved to {home}", DeprecationWarning, stacklevel=2)
        names = vars(importlib.import_module(home))
        vars(module).update({name: value for name, value in names.items() if not name.startswith("__")})


def install() -> None:
    if not any(isinstance(finder, MovedModules) for finder in sys.meta_path):
        sys.meta_path.append(MovedModules())
