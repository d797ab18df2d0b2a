"""The tools that agents look things up with before they ask their model."""

import asyncio
import random

from signalfire import get_logger, track_dependency, track_tool_call
from sqlalchemy import func, select

from examples.adplatform.agents.team import Agent
from examples.adplatform.database import Sessions
from examples.adplatform.faults import Fault, FaultBoard
from examples.adplatform.latency import log_normal
from examples.adplatform.tables import Campaign

LOOK_UP_SECONDS = 0.03  # median
WAIT_SECONDS = 0.02
FAILURE_SHARE = 0.005
TROUBLED_SHARE = 0.5
TROUBLED_WAIT_SECONDS = 2.0

log = get_logger(__name__)


class ToolError(Exception):
    pass


class Toolbox:
    def __init__(self, sessions: Sessions, faults: FaultBoard) -> None:
        self._sessions = sessions
        self._faults = faults

    async def gather(self, agent: Agent) -> str:
        """What the agent's tools know, one fact a line. It does without a tool that fails."""
        if agent.waits_for:
            with track_dependency(agent.waits_for):
                await asyncio.sleep(log_normal(TROUBLED_WAIT_SECONDS if self._troubled() else WAIT_SECONDS))
        return "\n".join([await self._try(tool) for tool in agent.tools])

    async def _try(self, tool: str) -> str:
        try:
            with track_tool_call(tool):
                return await self._use(tool)
        except ToolError as error:
            log.warning("working without a tool", tool=tool, error=str(error))
            return ""

    async def _use(self, tool: str) -> str:
        await asyncio.sleep(log_normal(LOOK_UP_SECONDS))
        if random.random() < (TROUBLED_SHARE if self._troubled() else FAILURE_SHARE):
            raise ToolError(f"{tool} answered with status 502")
        with self._sessions() as session:
            campaigns, spend, revenue = session.execute(
                select(func.count(), func.sum(Campaign.spend_usd), func.sum(Campaign.revenue_usd))
            ).one()
        return f"{tool}: {campaigns} campaigns, {spend or 0:.0f} USD spent, {revenue or 0:.0f} USD earned."

    def _troubled(self) -> bool:
        return self._faults.active(Fault.TOOL_ERRORS)
