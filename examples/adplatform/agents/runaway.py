"""The fault "cost_runaway": an agent that is never content sends all its data to an expensive model in a loop."""

import asyncio
import dataclasses
import random

from openai import OpenAIError
from signalfire import get_logger, track_agent_execution, track_task, track_workflow

from examples.adplatform.agents.asking import Provider
from examples.adplatform.agents.team import ANALYST
from examples.adplatform.faults import Fault, FaultBoard
from examples.adplatform.running import pause

log = get_logger(__name__)

AUDITOR = dataclasses.replace(ANALYST, operation="audit", task_type="campaign_audit", model="gpt-5-pro")
ROWS_OF_DATA = 2500  # about 24,000 tokens


async def run_away(provider: Provider, faults: FaultBoard, stopping: asyncio.Event) -> None:
    data = campaign_export()
    while not stopping.is_set():
        if not faults.active(Fault.COST_RUNAWAY):
            await pause(stopping, 0.5)
            continue
        try:
            await audit(provider, data)
        except OpenAIError as error:
            log.warning("audit failed", error=type(error).__name__)
            await pause(stopping, 1)


async def audit(provider: Provider, data: str) -> None:
    async with (
        track_workflow(AUDITOR.task_type),
        track_agent_execution(agent=AUDITOR.name, operation=AUDITOR.operation),
        track_task(task_type=AUDITOR.task_type, agent=AUDITOR.name) as step,
    ):
        await provider.ask(
            AUDITOR,
            [
                {"role": "system", "content": "Find every weakness in this export. Do not stop before all are found."},
                {"role": "user", "content": data},
            ],
        )
        step.set_quality(0.2)
        log.warning("audit not conclusive, starting again")


def campaign_export() -> str:
    rows = range(ROWS_OF_DATA)
    return "\n".join(f"day {row},campaign {random.randrange(100)},{random.randrange(10_000)} shown" for row in rows)
