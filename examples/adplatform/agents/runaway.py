"""The fault "cost_runaway": an agent that is never content sends all its data to an expensive model in a loop.

Now and then it tries a model that is in no price list, whose cost nobody knows.
"""

import asyncio
import dataclasses
import itertools
import random

from openai import OpenAIError
from signalfire import get_logger, track_agent_execution, track_task, track_workflow

from examples.adplatform.agents.asking import Provider
from examples.adplatform.agents.team import ANALYST, Agent
from examples.adplatform.faults import Fault, FaultBoard
from examples.adplatform.provider.catalogue import LARGEST_MODEL, UNPRICED_MODEL
from examples.adplatform.running import pause

log = get_logger(__name__)

AUDITOR = dataclasses.replace(ANALYST, operation="audit", task_type="campaign_audit", model=LARGEST_MODEL)
CURIOUS_AUDITOR = dataclasses.replace(AUDITOR, model=UNPRICED_MODEL)
PRICED_AUDITS = 9  # for each that has no price
ROWS_OF_DATA = 2500  # about 24,000 tokens


async def run_away(provider: Provider, faults: FaultBoard, stopping: asyncio.Event) -> None:
    auditors = itertools.cycle([CURIOUS_AUDITOR, *[AUDITOR] * PRICED_AUDITS])
    while not stopping.is_set():
        if not faults.active(Fault.COST_RUNAWAY):
            await pause(stopping, 0.5)
            continue
        try:
            await audit(provider, next(auditors), campaign_export())
        except OpenAIError as error:
            log.warning("audit failed", error=type(error).__name__)
            await pause(stopping, 1)


async def audit(provider: Provider, auditor: Agent, data: str) -> None:
    async with (
        track_workflow(auditor.task_type),
        track_agent_execution(agent=auditor.name, operation=auditor.operation),
        track_task(task_type=auditor.task_type, agent=auditor.name) as step,
    ):
        await provider.ask(
            auditor,
            [
                {"role": "system", "content": "Find every weakness in this export. Do not stop before all are found."},
                {"role": "user", "content": data},
            ],
        )
        step.set_quality(0.2)
        log.warning("audit not conclusive, starting again")


def campaign_export() -> str:
    """Another one each time, so that no prompt is read from the provider's cache."""
    rows = range(ROWS_OF_DATA)
    return "\n".join(f"day {row},campaign {random.randrange(100)},{random.randrange(10_000)} shown" for row in rows)
