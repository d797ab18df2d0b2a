"""What the agents of the example platform have to do with each other."""

import pytest

from examples.adplatform.agents.answers import AnswerCache
from examples.adplatform.agents.asking import Provider
from examples.adplatform.agents.tools import Toolbox
from examples.adplatform.agents.workflows import Team, settled
from examples.adplatform.database import Sessions
from examples.adplatform.faults import FaultBoard
from examples.adplatform.provider import errors
from examples.adplatform.provider.app import create_app
from examples.adplatform.tables import AgentTask
from tests.support.serving import Sample, Serve

GOOD = "Try it for sixty days and send it back if it does not earn its place. " * 3 + "Rain or shine, it goes along."


async def test_each_hands_its_draft_to_the_next(
    serve: Serve, database_url: str, sessions: Sessions, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    for share in ("RATE_LIMITED_SHARE", "FAILED_SHARE", "OVERLOADED_SHARE"):
        monkeypatch.setattr(errors, share, 0.0)
    sent = {"sender": "copywriter", "receiver": "reviewer", "message_type": "draft"}
    remembered = {"operation": "write", "store": "answers"}
    messages = sample("agent_messages_total", **sent)
    written = sample("memory_operation_duration_seconds_count", **remembered)
    faults = FaultBoard(sessions)
    provider = Provider(serve(create_app(database_url)))
    team = Team(provider, AnswerCache(sessions), Toolbox(sessions, faults), faults)
    await team.work_on(AgentTask(workflow="copy_refresh", product="Trail Shoes", platform="search"))
    assert sample("agent_messages_total", **sent) == messages + 1
    assert sample("memory_operation_duration_seconds_count", **remembered) == written + 2


def test_a_review_that_makes_the_draft_worse_is_a_conflict(sample: Sample) -> None:
    labels = {"conflict_type": "copy_quality", "resolution_method": "better_score", "status": "resolved"}
    before = sample("conflicts_total", **labels)
    assert settled(draft=GOOD, review="Nice") == GOOD
    assert sample("conflicts_total", **labels) == before + 1
    assert settled(draft="Nice", review=GOOD) == GOOD
    assert sample("conflicts_total", **labels) == before + 1


def test_a_conflict_of_two_texts_that_are_no_good_stays_unresolved(sample: Sample) -> None:
    labels = {"conflict_type": "copy_quality", "resolution_method": "none", "status": "unresolved"}
    before = sample("conflicts_total", **labels)
    assert settled(draft="Try it", review="Nice") == "Try it"
    assert sample("conflicts_total", **labels) == before + 1
