"""Which models' names become label values: what nobody could call takes no other model's place.

A label takes a hundred names. Those of the price list have a place of their own, and so have the first few names whose
calls failed; what fails beyond them is "other", because whoever may choose a model may also invent names.
"""

import threading

from signalfire._internal import fork
from signalfire.llm.prices import price_list
from signalfire.prometheus import bounded
from signalfire.prometheus.bounded import OTHER

MOST_FAILED = 20  # names of models that have only failed so far
_MOST_ANSWERED = 1000


class ModelLabels:
    """Safe to use from any thread."""

    def __init__(self) -> None:
        self._start_afresh()
        fork.after_in_child(self._start_afresh)

    def _start_afresh(self) -> None:
        self._lock = threading.Lock()
        self._failed: set[str] = set()
        self._answered: set[str] = set()

    def label(self, model: str, *, failed: bool) -> str:
        """The label of a call of that model."""
        if model in self._answered or model in self._failed:
            return model
        with self._lock:
            if not failed and len(self._answered) < _MOST_ANSWERED:
                self._answered.add(model)
            elif failed and not price_list.names(model):
                if len(self._failed) >= MOST_FAILED:
                    return OTHER
                self._failed.add(model)
        return model

    def has_place(self, model: str) -> bool:
        """Whether the model's place is none of the hundred."""
        return model in self._failed or price_list.names(model)


model_labels = ModelLabels()
bounded.reserve("model", model_labels.has_place)
