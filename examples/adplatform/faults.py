"""Faults that can be switched on to see what the stack makes of them. The switches stand in the database."""

import time
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from examples.adplatform.database import Sessions, apart
from examples.adplatform.tables import FaultSwitch

SECONDS_BETWEEN_READS = 0.5


class Fault(StrEnum):
    ERRORS = "errors"
    LATENCY = "latency"
    PROVIDER_DOWN = "provider_down"
    QUEUE_STUCK = "queue_stuck"
    COST_RUNAWAY = "cost_runaway"
    MEMORY_GROWTH = "memory_growth"
    AGENTS_STUCK = "agents_stuck"
    LOW_QUALITY = "low_quality"
    TOOL_ERRORS = "tool_errors"


DESCRIPTIONS = {
    Fault.ERRORS: "about 30 % of the API's requests fail with status 500",
    Fault.LATENCY: "predictions take 1.5 to 4 seconds longer",
    Fault.PROVIDER_DOWN: "the model provider answers 503 to everything",
    Fault.QUEUE_STUCK: "the worker takes no video jobs from the queue",
    Fault.COST_RUNAWAY: "agents loop with long prompts on an expensive model, and on one whose price is not known",
    Fault.MEMORY_GROWTH: "the API grows by 5 MB a second, up to 600 MB",
    Fault.AGENTS_STUCK: "agents hang in the middle of their work and finish nothing",
    Fault.LOW_QUALITY: "the models answer in fragments, and agents cannot agree on a text",
    Fault.TOOL_ERRORS: "half of the agents' tool calls fail, and what agents wait for comes two seconds late",
}


class FaultBoard:
    """Every process asks its own board; the database is read at most twice a second however often it is asked."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = apart(sessions)
        self._active: frozenset[str] = frozenset()
        self._read_at = float("-inf")

    def active(self, fault: Fault) -> bool:
        if time.monotonic() - self._read_at >= SECONDS_BETWEEN_READS:
            self._read_at = time.monotonic()
            self._read()
        return fault in self._active

    def switch(self, fault: Fault, *, active: bool) -> FaultSwitch:
        with self._sessions() as session:
            switch = session.merge(FaultSwitch(name=fault.value, active=active, changed_at=time.time()))
            session.commit()
        self._read()
        return switch

    def switches(self) -> dict[Fault, FaultSwitch]:
        """The faults that were ever switched."""
        with self._sessions() as session:
            return {Fault(switch.name): switch for switch in session.scalars(select(FaultSwitch))}

    def _read(self) -> None:
        try:
            with self._sessions() as session:
                self._active = frozenset(session.scalars(select(FaultSwitch.name).where(FaultSwitch.active)))
        except DBAPIError:
            return  # what was known holds until the database answers again
