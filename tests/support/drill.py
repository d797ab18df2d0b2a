"""The restore drill: what one stack had stored until its backup, another one answers after the restore."""

import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from kit.backups.archive import Archive, Manifest
from kit.backups.questions import Answers, Interval, Questions, differences
from tests.stack.traffic import SPANS_IN_A_TRACE, Traffic
from tests.support.http import get
from tests.support.running import Stack
from tests.support.servers import eventually, lines_in_loki, trace_in_jaeger
from tests.support.silences import is_silenced, set_silence

# In the shortest window over which a rule takes a rate two scrapes have to lie.
LONGEST_GAP = 30.0
_SETTLED_SECONDS = 20
_LEAST_LINES = 100
_SHORTEST_SECONDS = 30


@dataclass
class Saved:
    """A stack's backup, made while traffic ran, and what the stack answered before it."""

    file: Path
    output: str
    seconds: tuple[float, float]
    """When the backup began and ended."""
    traffic: Traffic
    silence: str
    interval: Interval
    answers: Answers
    lines: list[dict[str, Any]]

    @property
    def manifest(self) -> Manifest:
        with Archive(self.file) as archive:
            return archive.manifest


def save(stack: Stack, to: Path) -> Saved:
    """Let a running stack with the demo gather some history, and back it up under traffic."""
    silence = set_silence(stack.url("alertmanager"))
    otlp = f"http://127.0.0.1:{stack.settings.ports.otlp_http}"
    with Traffic(otlp) as traffic:
        interval, answers = _answers(stack)
        lines = _lines(stack, interval)
        began = time.time()
        done = stack.command("backup", "--to", str(to))
        ended = time.time()
        traffic.goes_on()
    assert done.returncode == 0, done.stdout + done.stderr
    [file] = to.iterdir()
    return Saved(file, done.stdout, (began, ended), traffic, silence, interval, answers, lines)


def must_answer_the_same(stack: Stack, saved: Saved) -> None:
    found = differences(saved.answers, Questions(stack.settings).ask(saved.interval))
    assert found == [], "\n".join(map(str, found[:20]))
    assert _lines(stack, saved.interval) == saved.lines
    assert is_silenced(stack.url("alertmanager"), saved.silence)
    settled = saved.traffic.traces[: len(saved.traffic.traces) // 2]  # the later ones were perhaps still on their way
    missing = [trace for trace in settled if len(trace_in_jaeger(stack.url("jaeger"), trace)) != SPANS_IN_A_TRACE]
    assert missing == []


def must_not_be_empty(saved: Saved) -> None:
    """The drill would be content with nothing at all."""
    assert _empty(saved.answers) == []
    assert len(saved.lines) > _LEAST_LINES


def must_have_scraped(stack: Stack, targets: int, seconds: tuple[float, float]) -> None:
    """Each target between these two moments, without a failure, and so often that no rate loses its value."""
    began, ended = seconds
    window = int(ended - began + 2 * LONGEST_GAP)
    answer = get(f"{stack.url('prometheus')}/api/v1/query", query=f"up[{window}s]", time=ended + LONGEST_GAP)
    scrapes = {series["metric"]["instance"]: series["values"] for series in answer.json()["data"]["result"]}
    assert len(scrapes) == targets
    for target, values in scrapes.items():
        # What came before tells of gaps alone: a target may still have been on its way up.
        assert {up for moment, up in values if moment >= began} == {"1"}, f"a scrape of {target} failed: {values}"
        gap = max(later - earlier for (earlier, _), (later, _) in pairwise(values))
        assert gap <= LONGEST_GAP, f"{target} was not scraped for {gap:.0f} s"


def scraped_since(stack: Stack, moment: float) -> bool:
    """Whether a target was scraped since then."""
    answer = get(f"{stack.url('prometheus')}/api/v1/query", query="max(timestamp(up))").json()["data"]["result"]
    return bool(answer) and float(answer[0]["value"][1]) > moment


def value(stack: Stack, query: str) -> float:
    answer = get(f"{stack.url('prometheus')}/api/v1/query", query=query)
    return float(answer.json()["data"]["result"][0]["value"][1])


def wait_for_history(stack: Stack, settled: float) -> Interval:
    """Until there is some that is older than `settled` seconds."""
    questions = Questions(stack.settings)

    def history() -> Interval | None:
        found = questions.stored(time.time(), settled)
        return found if found and found.end - found.start > _SHORTEST_SECONDS else None

    eventually(history, f"{_SHORTEST_SECONDS} seconds of history", settled + 90)
    interval = history()
    assert interval
    return interval


def _answers(stack: Stack) -> tuple[Interval, Answers]:
    """About an interval from which every question has an answer."""
    found: list[tuple[Interval, Answers]] = []

    def complete() -> bool:
        interval = wait_for_history(stack, _SETTLED_SECONDS)
        found[:] = [(interval, Questions(stack.settings).ask(interval))]
        return not _empty(found[0][1]) and len(_lines(stack, interval)) > _LEAST_LINES

    eventually(complete, "every question has an answer")
    return found[0]


def _empty(answers: Answers) -> list[str]:
    return [question for question, answer in answers.items() if not answer]


def _lines(stack: Stack, interval: Interval) -> list[dict[str, Any]]:
    found = lines_in_loki(stack.url("loki"), '{service_name=~".+"}', interval.start)
    inside = [line for line in found if line["time"] <= interval.end * 1_000_000_000]
    return sorted(inside, key=str)
