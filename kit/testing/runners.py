"""Test runners: how each is made to report its tests, and in which lines it says how they went."""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

_COLOURS = re.compile(r"\x1b\[[\d;]*m")


@dataclass(frozen=True)
class Runner:
    """`reports_to`: the arguments that make it write a JUnit report. `summary`: a line in which it sums up."""

    name: str
    summary: re.Pattern[str]
    reports_to: Callable[[Path], Sequence[str]] = lambda _: ()
    last: int = 1
    """Only so many of those lines, for a failing test may print some of another run."""

    def summary_in(self, output: str) -> Sequence[str]:
        lines = _COLOURS.sub("", output).splitlines()
        return [line.strip() for line in lines if self.summary.search(line)][-self.last :]


PYTEST = Runner(
    "pytest",
    re.compile(r"^(=+ )?(\d+ (passed|failed|skipped|deselected|warnings?|errors?|x\w+)|no tests ran)\b.* in [\d.]+s"),
    lambda file: (f"--junit-xml={file}",),
)
VITEST = Runner(
    "vitest",
    re.compile(r"^ *(Test Files|Tests) "),
    lambda file: ("--", "--reporter=default", "--reporter=junit", f"--outputFile.junit={file}"),
    last=2,
)
# With which pytest ends if it has found no test.
NOTHING_COLLECTED = 5
GO = Runner("go test", re.compile(r"^(ok|FAIL)\s+\S+\s"), last=100)


@dataclass(frozen=True)
class Test:
    """One test. `seconds`: with its fixtures; what several share is counted with the first of them."""

    name: str
    seconds: float


@dataclass(frozen=True)
class Report:
    """What a test runner has reported."""

    tests: Sequence[Test]

    def slowest(self, count: int) -> Sequence[Test]:
        return sorted(self.tests, key=lambda test: test.seconds, reverse=True)[:count]


def read(file: Path) -> Report | None:
    """A JUnit report; None where there is none, or half of one: its runner was ended before its time."""
    try:
        cases = list(ElementTree.parse(file).iter("testcase"))  # noqa: S314 - written by our own runners
    except (FileNotFoundError, ElementTree.ParseError):
        return None
    return Report([Test(_name(case), float(case.get("time") or 0)) for case in cases])


def _name(case: ElementTree.Element) -> str:
    return f"{case.get('classname', '')}: {case.get('name', '')}".removeprefix("tests.")
