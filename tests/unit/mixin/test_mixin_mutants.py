"""Every change of an alert is noticed by its own tests."""

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.overrides import overrides
from tests.unit.mixin.conftest import MixinWith
from tests.unit.mixin.exceptions import SURVIVING_MUTANTS
from tests.unit.mixin.mutants import Mutant, mutants_of, survivors

Json = dict[str, Any]
pytestmark = pytest.mark.promtool


def mutants_in(mixin: Json) -> list[Mutant]:
    return [mutant for group in mixin["alerts"]["groups"] for rule in group["rules"] for mutant in mutants_of(rule)]


def score(mutants: list[Mutant], left: list[Mutant], seconds: float) -> str:
    killed, alerts = len(mutants) - len(left), len({mutant.alert for mutant in mutants})
    share = killed / len(mutants)
    return f"{killed} of {len(mutants)} mutants of {alerts} alerts are noticed ({share:.1%}), in {seconds:.0f} s\n"


def test_a_changed_alert_fails_its_tests(mixin: Json, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    mutants = mutants_in(mixin)
    left = survivors(tmp_path, mixin["tests"], mutants)
    with capsys.disabled():
        sys.stdout.write("\n" + score(mutants, left, time.monotonic() - began))
    assert sorted(map(str, left)) == sorted(SURVIVING_MUTANTS), "make the tests notice it, or say why they need not"


# A service's own threshold is put into every alert by the same few lines: a plain alert and one with levels and guards.
WITH_SERVICES = ("HighErrorRate", "HttpErrorRatio")


def test_a_changed_threshold_of_a_service_fails_its_tests(mixin_with: MixinWith, tmp_path: Path) -> None:
    every = overrides()
    overridden = mixin_with(
        {"alerts": {name: {"services": every[name]["services"]} for name in WITH_SERVICES}}, "alerts", "tests"
    )
    mutants = [mutant for mutant in mutants_in(overridden) if mutant.alert in WITH_SERVICES and " at " in mutant.change]
    left = [str(mutant) for mutant in survivors(tmp_path, overridden["tests"], mutants)]
    assert left == [], "\n".join(left)


def test_a_mutant_that_is_not_noticed_is_found(mixin: Json, tmp_path: Path) -> None:
    rule = mixin["alerts"]["groups"][0]["rules"][0]
    same = Mutant(rule["alert"], rule["labels"]["severity"], "nothing", rule, rule)
    assert survivors(tmp_path, mixin["tests"], [same]) == [same]


@pytest.mark.parametrize("change", [{"expr": "vector(0) > 1"}, {"labels": {"severity": "another"}}])
def test_an_alert_whose_own_tests_fail_proves_nothing(mixin: Json, tmp_path: Path, change: Json) -> None:
    """Else a mutant would count as noticed by what notices the alert itself."""
    rule = mixin["alerts"]["groups"][0]["rules"][0]
    [mutant, *_] = [one for one in mutants_of(rule) if one.by_labels is ("labels" in change)]
    broken = replace(mutant, original=mutant.original | change)
    with pytest.raises(AssertionError, match="unchanged_0"):
        survivors(tmp_path, mixin["tests"], [broken])
