"""A kept verdict saves a run of promtool and never makes a broken rule or test pass."""

import copy
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kit.build import binary
from tests.unit.mixin import promtool
from tests.unit.mixin.promtool import PromtoolError
from tests.unit.mixin.verdicts import Verdicts

Json = dict[str, Any]
pytestmark = pytest.mark.promtool

FILE: Json = {
    "evaluation_interval": "15s",
    "tests": [
        {
            "interval": "15s",
            "input_series": [{"series": "errors", "values": "7x10"}],
            "alert_rule_test": [
                {"alertname": "TooMany", "eval_time": "60s", "exp_alerts": [{"exp_labels": {"severity": "error"}}]}
            ],
        }
    ],
    "rules": {
        "groups": [
            {
                "name": "group",
                "rules": [{"alert": "TooMany", "expr": "errors > 5", "for": "30s", "labels": {"severity": "error"}}],
            }
        ]
    },
}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, with the promtool that all share."""
    monkeypatch.setenv("SIGNALFIRE_BIN_DIR", str(binary("promtool").parent))
    monkeypatch.setenv("SIGNALFIRE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SIGNALFIRE_VERDICTS", raising=False)
    return tmp_path / "cache" / "verdicts"


@pytest.fixture
def judged(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Json], tuple[bool, bool]]:
    """Whether a file passes, and whether promtool was run to know it."""

    def judge(content: Json) -> tuple[bool, bool]:
        folder = tmp_path_factory.mktemp("run")
        passes = promtool.run(folder, {"file.yaml": content}) == {}
        return passes, any(folder.iterdir())

    return judge


def changed(change: Callable[[Json, Json], None]) -> Json:
    """The file with its rule, or its test, changed."""
    other = copy.deepcopy(FILE)
    change(other["rules"]["groups"][0]["rules"][0], other["tests"][0])
    return other


BROKEN = {
    "another threshold": changed(lambda rule, _: rule.update(expr="errors > 8")),
    "another hold": changed(lambda rule, _: rule.update({"for": "5m"})),
    "another label": changed(lambda rule, _: rule["labels"].update(severity="warning")),
    "another series": changed(lambda _, test: test["input_series"][0].update(values="3x10")),
    "another moment": changed(lambda _, test: test["alert_rule_test"][0].update(eval_time="1h")),
    "another expectation": changed(lambda _, test: test["alert_rule_test"][0].update(exp_alerts=[])),
    "another interval": FILE | {"evaluation_interval": "61s"},
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_what_has_changed_is_judged_anew(broken: Json, judged: Callable[[Json], tuple[bool, bool]]) -> None:
    assert judged(FILE) == (True, True)
    assert judged(FILE) == (True, False)
    assert judged(broken) == (False, True)
    assert judged(broken) == (False, False), "what fails is known to fail"
    assert judged(FILE) == (True, False)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "half of it": lambda entry: entry[: len(entry) // 2],
    "nothing": lambda _: b"",
    "no JSON": lambda entry: b"\xff" + entry,
    "another shape": lambda _: b"[]",
    "a failure less": lambda entry: json.dumps([*json.loads(entry)[:2], []]).encode(),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_entry_is_none(
    damage: Callable[[bytes], bytes], cache: Path, judged: Callable[[Json], tuple[bool, bool]]
) -> None:
    broken = BROKEN["another threshold"]
    assert judged(broken) == (False, True)
    [entry] = cache.iterdir()
    entry.write_bytes(damage(entry.read_bytes()))
    assert judged(broken) == (False, True)
    assert judged(broken) == (False, False)


def test_the_entry_of_another_file_is_none(cache: Path, judged: Callable[[Json], tuple[bool, bool]]) -> None:
    broken = BROKEN["another threshold"]
    assert judged(broken) == (False, True)
    [of_broken] = cache.iterdir()
    assert judged(FILE) == (True, True)
    [of_passing] = set(cache.iterdir()) - {of_broken}
    of_broken.write_bytes(of_passing.read_bytes())
    assert judged(broken) == (False, True)


def test_everything_can_be_judged_anew(
    monkeypatch: pytest.MonkeyPatch, judged: Callable[[Json], tuple[bool, bool]]
) -> None:
    assert judged(FILE) == (True, True)
    monkeypatch.setenv("SIGNALFIRE_VERDICTS", "anew")
    assert judged(FILE) == (True, True)


def test_another_promtool_has_verdicts_of_its_own(tmp_path: Path) -> None:
    """Any file will do as a program that nobody runs."""
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"3.14")
    other.write_bytes(b"3.15")
    Verdicts(one).keep(FILE, [])
    assert Verdicts(one).find(FILE) == []
    assert Verdicts(other).find(FILE) is None


def test_nothing_is_kept_of_a_run_that_was_cut_off(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, judged: Callable[[Json], tuple[bool, bool]]
) -> None:
    script = tmp_path / "promtool"
    script.write_text(f'#!/bin/sh\n{binary("promtool")} "$@"\nkill -KILL $$\n')
    script.chmod(0o755)
    monkeypatch.setenv("SIGNALFIRE_BIN_DIR", str(tmp_path))
    with pytest.raises(PromtoolError, match="promtool ended with -9"):
        judged(FILE)
    assert not cache.exists()


def test_what_nobody_asks_for_is_removed_in_time(cache: Path, judged: Callable[[Json], tuple[bool, bool]]) -> None:
    for content in (FILE, BROKEN["another hold"]):
        judged(content)
        for entry in cache.iterdir():
            os.utime(entry, (0, time.time() - 20 * 86400))
    judged(FILE)
    for entry in cache.iterdir():
        os.utime(entry, (0, entry.stat().st_mtime - 20 * 86400))
    judged(BROKEN["another label"])
    assert judged(FILE) == (True, False)
    assert judged(BROKEN["another hold"]) == (False, True)
