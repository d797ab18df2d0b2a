"""The visitors: their day, and what they send."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta

import httpx
import pytest
from signalfire.logs.line import line

from examples.adplatform.api.app import create_app
from examples.adplatform.settings import Settings
from examples.adplatform.traffic.generator import Generator
from examples.adplatform.traffic.rhythm import Noise, activity
from examples.adplatform.traffic.visitors import Visitors
from tests.support.serving import Sample, Serve, run_until

MIDNIGHT = datetime(2026, 3, 2)  # noqa: DTZ001 - the visitors' local time
DAY = [activity(MIDNIGHT + timedelta(minutes=minute)) for minute in range(24 * 60)]


def test_the_day_has_a_rhythm_around_its_mean() -> None:
    assert sum(DAY) / len(DAY) == pytest.approx(1.0)
    assert min(DAY) == pytest.approx(0.35)
    assert max(DAY) == pytest.approx(1.65)
    assert DAY.index(max(DAY)) == 15 * 60


def test_noise_stays_near_one() -> None:
    noise = Noise()
    values = [noise.next() for _ in range(20_000)]
    assert 0.4 < min(values) < 0.9
    assert 1.1 < max(values) < 2.5


async def test_visitors_do_everything_and_each_request_has_its_own_id(serve: Serve, settings: Settings) -> None:
    seen: list[httpx.Response] = []

    async def note(response: httpx.Response) -> None:
        seen.append(response)

    client = httpx.AsyncClient(base_url=serve(create_app(settings)), event_hooks={"response": [note]})
    async with client:
        visitors = Visitors(client)
        for number in range(50):
            await visitors.act(f"user-{number}")
        for number, action in enumerate(visitors.actions):
            await action(f"thorough-user-{number}")

    ids = Counter(response.request.headers["X-Request-ID"] for response in seen)
    assert set(ids.values()) == {1}
    assert all(response.headers["X-Request-ID"] == response.request.headers["X-Request-ID"] for response in seen)
    statuses = Counter(response.status_code for response in seen)
    assert {200, 201, 202, 404, 422, 429} <= set(statuses)
    assert max(statuses) < 500
    paths = {response.request.url.path.split("/")[-1] for response in seen}
    assert {"campaigns", "ads", "launch", "results", "videos", "predictions"} <= paths


async def test_the_generator_sends_visitors(serve: Serve, settings: Settings, sample: Sample) -> None:
    listed = {"method": "GET", "endpoint": "/api/v1/campaigns", "status": "200"}
    before = sample("http_requests_total", **listed)
    generator = Generator(serve(create_app(settings)), 50.0)
    await run_until(generator.run, lambda: sample("http_requests_total", **listed) >= before + 10)


async def test_an_api_that_is_away_is_mentioned_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "stream", None)  # what is captured
    stopping = asyncio.Event()
    generating = asyncio.create_task(Generator("http://127.0.0.1:9", 200.0).run(stopping))
    await asyncio.sleep(3)
    stopping.set()
    await generating
    assert capsys.readouterr().out.count("the API does not answer") == 1
