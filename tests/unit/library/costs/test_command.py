"""`signalfire costs`, run as its users do."""

import csv
import io
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from signalfire import Metrics
from signalfire.cli import main
from signalfire.costs import Budget, CostTracker
from signalfire.costs.entries import Entry, render
from signalfire.costs.ledger import costs_path, open_to_append

from tests.support.models import MESSAGE_MODEL, TOKENS_FOR_A_DOLLAR


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("SIGNALFIRE"):
            monkeypatch.delenv(name)


TODAY = datetime.now(UTC).date()


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: text for name, text in os.environ.items() if not name.startswith("SIGNALFIRE")} | variables
    return subprocess.run(
        [sys.executable, "-m", "signalfire", *arguments], capture_output=True, text=True, timeout=60, env=environment
    )


def told(*arguments: str, **variables: str) -> str:
    """What is printed where all is well."""
    done = run(*arguments, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with three calls of today, one of them without a price."""
    path = tmp_path_factory.mktemp("costs") / "ledger"
    tracker = CostTracker(path, [Budget("total", 4, "day"), Budget("copy", 1000, "month", operation="ad_copy")])
    tracker.track_api_call("ad_copy", MESSAGE_MODEL, TOKENS_FOR_A_DOLLAR, 0)
    tracker.track_api_call("review", MESSAGE_MODEL, 2 * TOKENS_FOR_A_DOLLAR, 0)
    tracker.track_api_call("review", "no-such-model", 1000, 5)
    assert tracker.close()
    return path


def test_a_report_as_text(folder: Path) -> None:
    wide = max(len(MESSAGE_MODEL), len("no-such-model"))
    text = told("costs", "--ledger", str(folder), "--period", "day")
    assert text == (
        f"Costs from {TODAY} to {TODAY} (UTC)\n"
        "\n"
        "operation  calls  input tokens  output tokens  cost USD    share  unpriced calls\n"
        "--------------------------------------------------------------------------------\n"
        "review         2     1,001,000              5  2.000000   66.7 %               1\n"
        "ad_copy        1       500,000              0  1.000000   33.3 %\n"
        "total          3     1,501,000              5  3.000000  100.0 %               1\n"
        "\n"
        f"{'model':{wide}}  calls  input tokens  output tokens  cost USD    share  unpriced calls\n"
        f"{'-' * (wide + 71)}\n"
        f"{MESSAGE_MODEL:{wide}}      2     1,500,000              0  3.000000  100.0 %\n"
        f"{'no-such-model':{wide}}      1         1,000              5  no price    0.0 %               1\n"
        f"{'total':{wide}}      3     1,501,000              5  3.000000  100.0 %               1\n"
        "\n"
        "day         calls  input tokens  output tokens  cost USD    share  unpriced calls\n"
        "---------------------------------------------------------------------------------\n"
        f"{TODAY}      3     1,501,000              5  3.000000  100.0 %               1\n"
        "total           3     1,501,000              5  3.000000  100.0 %               1\n"
        "\n"
        "NOT INCLUDED: 1 of 3 calls, because their model has no known price: no-such-model (1)\n"
    )


def test_one_table_alone(folder: Path) -> None:
    text = told("costs", "--by", "model", SIGNALFIRE_COST_LEDGER=str(folder))
    assert [line.split(" ")[0] for line in text.splitlines()[2:7]] == [
        "model",
        "-" * (max(len(MESSAGE_MODEL), len("no-such-model")) + 71),
        MESSAGE_MODEL,
        "no-such-model",
        "total",
    ]
    assert "operation" not in text


def test_the_same_as_json_and_csv(folder: Path) -> None:
    found = json.loads(told("costs", "--format", "json", SIGNALFIRE_COST_LEDGER=str(folder)))
    assert found["total"]["cost_usd"] == "3"
    assert [row["cost_usd"] for row in found["by_model"]] == ["3", None]
    rows = list(csv.DictReader(io.StringIO(told("costs", "report", "--format", "csv", "--ledger", str(folder)))))
    assert [(row["day"], row["model"], row["cost_usd"]) for row in rows] == [
        (str(TODAY), MESSAGE_MODEL, "1"),
        (str(TODAY), MESSAGE_MODEL, "2"),
        (str(TODAY), "no-such-model", ""),
    ]


def test_budgets_are_those_of_the_processes(folder: Path) -> None:
    text = told("costs", "budgets", "--ledger", str(folder))
    lines = text.splitlines()
    assert " ".join(lines[0].split()) == "budget period spent USD limit USD used left USD forecast USD state"
    assert lines[2].split()[:7] == ["total", "day", "3.000000", "4", "75.0", "%", "1.000000"]
    assert lines[2].endswith(" ok")
    assert lines[3].split()[:4] == ["copy", "month", "1.000000", "1,000"]
    assert "NOT INCLUDED in total (day): 1 of 3 calls" in text
    assert "copy (month)" not in text


def test_budgets_of_the_environment_come_first_and_one_that_is_used_up_is_status_1(folder: Path) -> None:
    done = run("costs", "budgets", "--format", "json", "--ledger", str(folder), SIGNALFIRE_BUDGET_MONTH_USD="3")
    assert done.returncode == 1
    (budget,) = json.loads(done.stdout)["budgets"]
    assert (budget["budget"], budget["period"], budget["state"], budget["left_usd"]) == (
        "total",
        "month",
        "exceeded",
        "0",
    )


def test_days_are_those_of_the_processes_unless_something_else_is_said(tmp_path: Path, metrics: Metrics) -> None:
    noon = datetime(2026, 3, 10, 20, tzinfo=UTC)
    tracker = CostTracker(tmp_path, [], timezone="Asia/Tokyo", metrics=metrics, clock=noon.timestamp)
    tracker.track_api_call("a", MESSAGE_MODEL, 1, 1)
    tracker.close()

    def days(*arguments: str, **variables: str) -> list[str]:
        asked = ("--ledger", str(tmp_path), "--start", "2026-03-01", "--end", "2026-03-20", "--format", "csv")
        rows = csv.DictReader(io.StringIO(told("costs", *asked, *arguments, **variables)))
        return [row["day"] for row in rows]

    assert days() == ["2026-03-11"]
    assert days(SIGNALFIRE_TIMEZONE="Europe/Berlin") == ["2026-03-10"]
    assert days("--timezone", "Asia/Tokyo", SIGNALFIRE_TIMEZONE="Europe/Berlin") == ["2026-03-11"]


def test_lines_that_are_not_whole_are_told(tmp_path: Path) -> None:
    with open_to_append(costs_path(tmp_path, TODAY)) as file:
        entry = Entry(datetime.now(UTC) - timedelta(microseconds=1), "a", "p", "m", 1, 1, 10**12)
        file.write(render(entry)[:40] + render(entry) + b"garbage\n")
    done = run("costs", "--ledger", str(tmp_path), "--by", "operation")
    assert done.returncode == 0
    assert "a              1             1              1  1.000000" in done.stdout
    assert "holds lines that are not whole" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no cost ledger is named: set SIGNALFIRE_COST_LEDGER to its folder, or write --ledger FOLDER"),
        (("--ledger", "/no/such/folder"), "/no/such/folder holds no cost ledger"),
        (("--ledger", "/usr/bin"), "/usr/bin holds no cost ledger"),
        (("--ledger", "/etc/hostname"), "ledger is '/etc/hostname', which is a file"),
        (("--ledger", "{folder}", "--timezone", "Mars"), "timezone is 'Mars', which is no time zone"),
        (("--ledger", "{folder}", "--start", "today"), "the start is 'today', which is no day"),
        (("budgets", "--ledger", "{folder}", "--format", "csv"), "budgets are told as text or json, not as csv"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(
    arguments: tuple[str, ...], message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["costs", *(argument.format(folder=folder) for argument in arguments)]) == 2
    out, errors = capsys.readouterr()
    assert out == ""
    assert errors.startswith(f"signalfire: {message}")
    assert errors.count("\n") == 1


def test_a_ledger_without_budgets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    costs_path(tmp_path, TODAY).touch()
    assert main(["costs", "budgets", "--ledger", str(tmp_path)]) == 2
    assert "there are no budgets: set SIGNALFIRE_BUDGET_DAY_USD" in capsys.readouterr().err
    (tmp_path / "budgets.json").write_text('{"timezone": "UTC", "budgets": [{"name": 1}]}')
    assert main(["costs", "budgets", "--ledger", str(tmp_path)]) == 2
    assert "budgets.json cannot be read" in capsys.readouterr().err


def test_a_reader_that_has_seen_enough_is_no_error(folder: Path) -> None:
    command = f"{sys.executable} -m signalfire costs --ledger {folder} | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Costs from")


def test_help_names_the_variables() -> None:
    text = told("costs", "--help")
    assert "SIGNALFIRE_COST_LEDGER" in text
    assert "Exit status" in text
    assert run().returncode == 2
