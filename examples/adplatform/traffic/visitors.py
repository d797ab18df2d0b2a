"""What the visitors do."""

import random
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import httpx

Choice = TypeVar("Choice")

CAMPAIGNS = "/api/v1/campaigns"
VIDEOS = "/api/v1/videos"
PREDICTIONS = "/api/v1/predictions"

PRODUCTS = [
    "Trail Shoes",
    "City Bike",
    "Rain Jacket",
    "Camp Stove",
    "Headlamp",
    "Daypack",
    "Sleeping Bag",
    "Water Bottle",
]
# Each choice with its weight.
PLATFORMS = {"search": 4, "social": 3, "video": 2, "display": 1}
AD_FORMATS = {"text": 4, "image": 3, "carousel": 2, "video": 1}
VIDEO_FORMATS = {"vertical": 5, "square": 3, "landscape": 2}
HORIZON_DAYS = {7: 5, 30: 3, 90: 1}

TYPICAL_ROAS = {"search": 3.4, "social": 2.2, "video": 1.5, "display": 1.0}
BURST_REQUESTS = 30  # more than one user may send within a moment


class Visitors:
    """All of them together: they remember the campaigns and video jobs that earlier answers told them of."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._campaigns: list[dict[str, Any]] = []
        self._videos: deque[int] = deque(maxlen=50)
        self.actions: dict[Callable[[str], Awaitable[None]], float] = {
            self.list_campaigns: 20,
            self.read_campaign: 18,
            self.predict: 30,
            self.list_ads: 8,
            self.publish_ad: 4,
            self.report_results: 6,
            self.order_video: 8,
            self.read_video: 4,
            self.create_campaign: 2,
            self.launch_campaign: 1,
            self.ask_for_missing_campaign: 0.5,
            self.send_nonsense: 0.5,
            self.burst: 0.1,
        }

    async def act(self, user: str) -> None:
        """One action of one user. Raises httpx.TransportError when the API cannot be reached."""
        if not self._campaigns:
            await self.list_campaigns(user)
            return
        await pick(self.actions)(user)

    async def list_campaigns(self, user: str) -> None:
        response = await self._send(user, "GET", CAMPAIGNS, params={"limit": 20})
        if response.is_success:
            self._campaigns = response.json()

    async def read_campaign(self, user: str) -> None:
        await self._send(user, "GET", self._some_campaign_path())

    async def create_campaign(self, user: str) -> None:
        product, platform = random.choice(PRODUCTS), pick(PLATFORMS)
        campaign = {
            "name": f"{product} for {platform} {random.randrange(1000)}",
            "product": product,
            "platform": platform,
            "daily_budget_usd": random.randrange(20, 2000),
        }
        await self._send(user, "POST", CAMPAIGNS, json=campaign)

    async def launch_campaign(self, user: str) -> None:
        await self._send(user, "POST", f"{self._some_campaign_path()}/launch")

    async def report_results(self, user: str) -> None:
        campaign = random.choice(self._campaigns)
        character = random.Random(campaign["id"]).uniform(0.5, 1.6)  # how well this campaign does
        spend = random.uniform(5, 60)
        roas = TYPICAL_ROAS[campaign["platform"]] * character * random.lognormvariate(0, 0.15)
        results = {"spend_usd": round(spend, 2), "revenue_usd": round(spend * roas, 2)}
        await self._send(user, "POST", f"{CAMPAIGNS}/{campaign['id']}/results", json=results)

    async def list_ads(self, user: str) -> None:
        await self._send(user, "GET", f"{self._some_campaign_path()}/ads")

    async def publish_ad(self, user: str) -> None:
        ad = {
            "format": pick(AD_FORMATS),
            "headline": f"{random.choice(PRODUCTS)}: ready when you are",
            "refresh_copy": random.random() < 0.4,
        }
        await self._send(user, "POST", f"{self._some_campaign_path()}/ads", json=ad)

    async def order_video(self, user: str) -> None:
        video = {
            "campaign_id": random.choice(self._campaigns)["id"],
            "format": pick(VIDEO_FORMATS),
            "length_seconds": random.randrange(6, 61),
        }
        response = await self._send(user, "POST", VIDEOS, json=video)
        if response.is_success:
            self._videos.append(response.json()["id"])

    async def read_video(self, user: str) -> None:
        if self._videos:
            await self._send(user, "GET", f"{VIDEOS}/{random.choice(self._videos)}")

    async def predict(self, user: str) -> None:
        wanted = {"campaign_id": random.choice(self._campaigns)["id"], "days": pick(HORIZON_DAYS)}
        await self._send(user, "POST", PREDICTIONS, json=wanted)

    async def ask_for_missing_campaign(self, user: str) -> None:
        await self._send(user, "GET", f"{CAMPAIGNS}/{random.randrange(10**8, 10**9)}")

    async def send_nonsense(self, user: str) -> None:
        await self._send(user, "POST", CAMPAIGNS, json={"name": "x", "platform": "billboard", "daily_budget_usd": -1})

    async def burst(self, user: str) -> None:
        for _ in range(BURST_REQUESTS):
            await self.list_campaigns(user)

    def _some_campaign_path(self) -> str:
        return f"{CAMPAIGNS}/{random.choice(self._campaigns)['id']}"

    async def _send(
        self, user: str, method: str, path: str, *, params: dict[str, int] | None = None, json: object = None
    ) -> httpx.Response:
        headers = {"X-Request-ID": uuid.uuid4().hex, "X-User-Id": user}
        return await self._client.request(method, path, params=params, json=json, headers=headers)


def pick(weighted: Mapping[Choice, float]) -> Choice:
    return random.choices(list(weighted), weights=list(weighted.values()))[0]
