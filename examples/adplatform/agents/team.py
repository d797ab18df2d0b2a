"""Who is in the team, what each of them is told, and which of them work on a task in which order."""

from dataclasses import dataclass
from pathlib import Path

from examples.adplatform.provider.catalogue import (
    CHAT_MODELS,
    REASONING_MODEL,
    SMALL_MODEL,
    SMALL_MODEL_OF_MISTRAL,
)

BRAND_BOOK = (Path(__file__).parent / "brand_book.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Agent:
    name: str
    operation: str
    task_type: str
    model: str
    instructions: str
    streams: bool = False
    most_tokens: int | None = None
    repeats_itself: bool = True  # the same question may get an earlier answer
    tools: tuple[str, ...] = ()
    waits_for: str = ""  # what must be there before it can begin

    @property
    def provider(self) -> str:
        return CHAT_MODELS[self.model].owner


ANALYST = Agent(
    name="analyst",
    operation="analyse",
    task_type="market_analysis",
    model=REASONING_MODEL,
    instructions="You analyse markets. Name the audience, its season and its strongest wish, in three sentences.",
    tools=("market_data", "season_calendar"),
    waits_for="market_report",
)
COPYWRITER = Agent(
    name="copywriter",
    operation="write",
    task_type="ad_copy",
    model=SMALL_MODEL,
    instructions=BRAND_BOOK,
    streams=True,
    most_tokens=120,
)
REVIEWER = Agent(
    name="reviewer",
    operation="review",
    task_type="copy_review",
    model=SMALL_MODEL,
    instructions=BRAND_BOOK,
    tools=("spell_check",),
)
BIDDER = Agent(
    name="bidder",
    operation="bid",
    task_type="bid_plan",
    model=SMALL_MODEL_OF_MISTRAL,
    instructions="You plan bids. Say where to raise, where to lower and when to look again.",
    tools=("bid_history",),
)
WATCHER = Agent(
    name="bidder",
    operation="watch",
    task_type="bid_watch",
    model=SMALL_MODEL,
    instructions=f"{BRAND_BOOK}\nYou watch bids. Say whether to raise, lower or keep this one.",
    repeats_itself=False,
    tools=("bid_history",),
    waits_for="fresh_prices",
)

WORKFLOWS = {
    "campaign_launch": (ANALYST, COPYWRITER, REVIEWER, BIDDER),
    "copy_refresh": (COPYWRITER, REVIEWER),
    "bid_watch": (WATCHER,),
}
