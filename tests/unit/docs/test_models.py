"""Pages, examples and docstrings name models that are offered: those of tests/support/models.py, with a price.

A model that ended is taken out there; this test then says where it is still named, and the command that replaces it.
"""

import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from anthropic.resources.messages import DEPRECATED_MODELS
from genai_prices.data_snapshot import get_snapshot
from signalfire.llm.prices import PriceList, Usage

from examples.adplatform.provider.catalogue import CHAT_MODELS, UNPRICED_MODEL
from kit.paths import ROOT
from tests.support.models import CHAT_MODEL, EMBEDDING_MODEL, MESSAGE_MODEL, OFFERED

PLACES = (
    "README.md",
    "docs",
    "examples",
    "instrumentation/python/README.md",
    "instrumentation/python/src",
    "kit",
    "prometheus",
    "runbooks",
    "tests/unit/library/everything.py",
)
# What these know of models that ended is needed for bills of the past: prices, and names by which they are known.
OF_THE_PAST = {
    "instrumentation/python/src/signalfire/llm/charges.py",
    "instrumentation/python/src/signalfire/llm/names.py",
    "instrumentation/python/src/signalfire/providers/openai.py",
}
INVENTED = {"gpt-17", "gpt-17-mini"}  # in no price list, on purpose
NAMES = re.compile(
    r"(?<![\w.-])(?:chatgpt-|claude-|codestral-|command-(?=[ar])|dall-e-|deepseek-|embed-|gemini-(?=\d)|gemma-?(?=\d)|gpt-"
    r"|grok-(?=\d)|(?:magistral|ministral|mistral|pixtral|voxtral)-[a-z]+-|llama-?(?=\d)|o\d-(?=[a-z])|qwen-?(?=\d)"
    r"|sonar-|text-embedding-|tts-(?=\d)|whisper-)[\w.:-]*\w"
    r"|(?<=[\"'`/:])o\d(?=[\"'`])"
)


def named_in(text: str) -> Iterator[tuple[int, str]]:
    """Each line's number with a model that it names."""
    for number, line in enumerate(text.splitlines(), 1):
        yield from ((number, name) for name in NAMES.findall(line))


def files() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *PLACES], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    return [file for file in listed if file and file not in OF_THE_PAST and (ROOT / file).is_file()]


def test_every_model_that_is_named_is_one_that_is_offered() -> None:
    places: dict[str, list[str]] = {}
    for file in files():
        for line, name in named_in(_text(ROOT / file)):
            if name not in OFFERED and name not in INVENTED:
                places.setdefault(name, []).append(f"{file}:{line}")
    assert not places, "\n".join(
        f"{name} is not among those OFFERED of tests/support/models.py and stands at {', '.join(where)}. "
        f"If it is offered, add it there. If it has ended, run this, and correct the amounts beside it:\n"
        f"{' '.join(replacing(name, where))}"
        for name, where in places.items()
    )


def replacing(name: str, places: Iterable[str]) -> list[str]:
    """The command that puts the model of today in its place."""
    today = MESSAGE_MODEL if name.startswith("claude") else EMBEDDING_MODEL if "embed" in name else CHAT_MODEL
    program = f"s/(?<![\\w.-])\\Q{name}\\E(?![\\w-]|\\.\\w)/{today}/g"
    return ["perl", "-pi", "-e", f"'{program}'", *sorted({place.rpartition(":")[0] for place in places})]


def test_the_command_replaces_that_model_and_no_other(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text('`openai/gpt-4.1`, "gpt-4.1-mini", gpt-4.1. ft:gpt-4.1:acme, gpt-421\n', encoding="utf-8")
    subprocess.run(" ".join(replacing("gpt-4.1", [f"{page}:1"])), shell=True, check=True)
    said = f'`openai/{CHAT_MODEL}`, "gpt-4.1-mini", {CHAT_MODEL}. ft:{CHAT_MODEL}:acme, gpt-421\n'
    assert page.read_text(encoding="utf-8") == said


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:  # a picture
        return ""


@pytest.mark.parametrize(("model", "provider"), OFFERED.items())
def test_an_offered_model_has_a_price_and_is_not_listed_as_ended(model: str, provider: str) -> None:
    usage = Usage(units=(("audio_seconds", 60),)) if model.startswith("whisper") else Usage(1000)
    price = PriceList().price(provider, model, usage)
    assert price is not None, f"genai-prices has no price of {model} at {provider}"
    assert price.cost > 0
    _, listed = get_snapshot().find_provider_model(model, None, provider, None)
    assert not listed.deprecated, f"genai-prices says that {provider} ended {model}: replace it in OFFERED"
    assert model not in DEPRECATED_MODELS, f"{model} ends on {DEPRECATED_MODELS[model]}: replace it in OFFERED"


def test_the_models_of_the_demo_are_offered() -> None:
    """With the providers that its catalogue says; and the examples' model is among them, for their tests ask it."""
    demo = {name: model.owner for name, model in CHAT_MODELS.items() if name != UNPRICED_MODEL}
    assert demo.items() <= OFFERED.items()
    assert CHAT_MODEL in demo


def test_each_offered_model_is_named_somewhere() -> None:
    named = {name for file in files() for _, name in named_in(_text(ROOT / file))}
    tests = _text(ROOT / "tests/support/models.py")
    constants = set(re.findall(r'^[A-Z_]+ = "(.+?)"', tests, re.MULTILINE))
    assert set(OFFERED) - constants <= named, "OFFERED has models that nothing names"


@pytest.mark.parametrize(
    "name",
    [
        "gpt-4o-mini",
        "gpt-4.1",
        "o3",
        "o4-mini",
        "claude-3-5-haiku-latest",
        "claude-sonnet-4-5-20250929",
        "gemini-1.5-pro",
        "text-embedding-ada-002",
        "tts-1",
        "whisper-1",
        "mistral-small-2503",
        "grok-3-mini",
        "deepseek-chat",
        "llama-3.3-70b-versatile",
    ],
)
@pytest.mark.parametrize("text", ['model="{}",', "`openai/{}`", '[openai."{}"]', "provider:'{}'"])
def test_a_models_name_is_seen_in_whatever_stands_around_it(text: str, name: str) -> None:
    assert [found for _, found in named_in(text.format(name))] == [name]


@pytest.mark.parametrize("text", ["gemini/…", '[custom."llama-*"]', "mistral-ai", "to-o3", "Claude", "prompt-cache"])
def test_what_is_no_models_name_is_left_alone(text: str) -> None:
    assert not list(named_in(text))
