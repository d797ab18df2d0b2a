"""Model names as labels: what was never answered takes no answered model's place."""

from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry
from signalfire import Metrics, track_ai_call, track_tokens
from signalfire.llm.model_labels import MOST_FAILED, model_labels
from signalfire.llm.prices import price_list
from signalfire.prometheus.bounded import DEFAULT_CAP, OTHER

from tests.support.models import CHAT_MODEL, MESSAGE_MODEL
from tests.unit.library.helpers import series


@pytest.fixture(autouse=True)
def _afresh() -> Iterator[None]:
    model_labels._start_afresh()
    yield
    model_labels._start_afresh()


class NotFoundError(Exception):
    status_code = 404


def fail(model: str, metrics: Metrics) -> None:
    with pytest.raises(NotFoundError), track_ai_call("openai", model, metrics=metrics):
        raise NotFoundError


def models(registry: CollectorRegistry, status: str) -> set[str]:
    return {labels[0] for labels in series(registry, "ai_api_calls_total") if labels[-1] == status}


@pytest.mark.parametrize("real", [CHAT_MODEL, "our-own-model"])
@pytest.mark.parametrize("fails_first", [False, True])
def test_a_real_model_has_its_name_after_any_number_of_invented_ones(
    real: str, fails_first: bool, metrics: Metrics, registry: CollectorRegistry
) -> None:
    for number in range(2 * DEFAULT_CAP):
        fail(f"invented-{number}", metrics)
    if fails_first:
        fail(real, metrics)
    track_tokens("openai", real, input=10, output=1, metrics=metrics)
    with track_ai_call("openai", real, metrics=metrics):
        pass
    fail(real, metrics)
    assert models(registry, "success") == {real}
    failed = models(registry, "error")
    assert {real, OTHER} <= failed
    assert len(failed) <= MOST_FAILED + 2


def test_the_models_of_the_price_list_have_their_own_place(metrics: Metrics, registry: CollectorRegistry) -> None:
    price_list._load()
    for number in range(DEFAULT_CAP + 5):
        track_tokens("custom", f"own-{number}", input=1, metrics=metrics)
    for model in (CHAT_MODEL, "gpt-4o-2024-08-06", MESSAGE_MODEL):
        track_tokens("openai", model, input=1, metrics=metrics)
    counted = models(registry, "success")
    assert {CHAT_MODEL, "gpt-4o-2024-08-06", MESSAGE_MODEL, OTHER} <= counted
    assert len(counted) == DEFAULT_CAP + 4


def test_a_name_that_only_begins_as_a_listed_one_has_no_place_of_its_own() -> None:
    price_list._load()
    assert price_list.names(CHAT_MODEL)
    assert not price_list.names(f"{CHAT_MODEL}-of-somebody-else")
