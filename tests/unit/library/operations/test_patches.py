"""Methods that are wrapped in place: what is undone, and in which order."""

import asyncio
import functools
import itertools
from collections.abc import Callable
from typing import Any

import openai._base_client
import pytest
from signalfire.operations.patches import Patches
from signalfire.providers.openai import instrument_openai, uninstrument_openai


class Client:
    def ask(self, text: str) -> str:
        return text

    async def ask_later(self, text: str) -> str:
        return text

    @classmethod
    def make(cls, text: str) -> str:
        return text

    @staticmethod
    def plain(text: str) -> str:
        return text


METHODS = ["ask", "ask_later", "make", "plain"]


def adds(mark: str) -> Callable[[Any], Any]:
    def wrap(original: Any) -> Any:
        if asyncio.iscoroutinefunction(original):

            @functools.wraps(original)
            async def marked_later(*args: Any) -> Any:
                return mark + await original(*args)

            return marked_later

        @functools.wraps(original)
        def marked(*args: Any) -> Any:
            return mark + original(*args)

        return marked

    return wrap


def answer(client: type, name: str) -> Any:
    answered = getattr(client(), name)("x")
    return asyncio.run(answered) if asyncio.iscoroutine(answered) else answered


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("undone", list(itertools.permutations("abc")))
def test_each_undo_takes_its_own_away(name: str, undone: tuple[str, ...]) -> None:
    client = type("Copy", (), dict(vars(Client)))
    before = vars(client)[name]
    patches = {mark: Patches() for mark in "abc"}
    for mark, patch in patches.items():
        patch.replace(client, name, adds(mark))
    left = ["c", "b", "a"]
    assert answer(client, name) == "cbax"
    for mark in undone:
        patches[mark].undo()
        left.remove(mark)
        assert answer(client, name) == "".join(left) + "x"
    if undone == ("c", "b", "a"):
        assert vars(client)[name] is before


def test_somebody_elses_wrapper_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    owner = openai._base_client.SyncAPIClient
    monkeypatch.setattr(owner, "request", owner.request)  # put back at the end
    instrument_openai()
    ours = owner.request

    def theirs(*args: Any, **kwargs: Any) -> Any:
        seen.append("theirs")
        return ours(*args, **kwargs)

    owner.request = theirs  # type: ignore[method-assign]
    uninstrument_openai()
    assert owner.request is theirs
    instrument_openai()
    uninstrument_openai()
    assert owner.request is theirs
    with pytest.raises(openai.APIConnectionError):
        openai.OpenAI(base_url="http://127.0.0.1:9", api_key="k", max_retries=0).models.list()
    assert seen == ["theirs"]


def test_what_another_version_has_not_is_left_out() -> None:
    patches = Patches()
    patches.replace(Client, "missing", adds("a"))
    assert not patches
    assert not hasattr(Client, "missing")
