"""Every command that a page at the top or in docs/ shows is run by a test, or it is said here why none can."""

import re
import tomllib

import pytest

from kit.paths import ROOT
from tests.newcomer import pages

GATE = "tests/newcomer/test_first_run.py"
BACKUP = "tests/stack/test_backup.py"
BUNDLE = "tests/compose/test_bundle.py"
STATUS = "tests/unit/library/status/test_command.py"
STATUS_PAGE = "tests/unit/library/status/test_page.py"
COSTS = "tests/unit/library/costs/test_command.py"
MIXIN = "tests/unit/mixin/test_mixin_alone.py"
RESET = 'curl -X POST -H "Authorization: Bearer $SIGNALFIRE_STATUS_TOKEN" http://127.0.0.1:8000/status/reset'
FAULT = "curl -X PUT 127.0.0.1:8000/faults/errors -H 'content-type: application/json' -d '{\"active\": true}'"
STATUS_ALONE = (
    "python -m signalfire.status --target http://127.0.0.1:8000/metrics --target http://127.0.0.1:8001/metrics"
)
# The test that runs it, and its words for it.
RUN_BY = {
    "make up": (GATE, 'run("make up")'),
    "make status": (GATE, 'run("make status")'),
    "make doctor": (GATE, 'run("make doctor")'),
    "make verify": (GATE, 'run("make verify")'),
    "make down": (GATE, 'run("make down")'),
    "make backup": (GATE, 'run("make backup"'),
    "make demo OFF=1": (GATE, 'run("make demo OFF=1")'),
    "make logs NAME=loki": (GATE, "NAME=loki"),
    "make silence ALERT=HighErrorRate FOR=1h": ("tests/stack/test_silences.py", 'FOR="1h"'),
    "make restore FROM=…": (GATE, 'run("make restore FROM=…"'),
    "make images LIST=1": (GATE, 'run("make images LIST=1"'),
    'pip install "./instrumentation/python[fastapi]"': (GATE, "instrumentation/python[fastapi]"),
    "curl -X PUT 127.0.0.1:8000/faults/errors -H 'content-type: application/json' -d '{\"active\": true}'": (
        GATE,
        "FAULT",
    ),
    "LOG_DIR=/var/log/shop uvicorn shop:app --port 8080": (GATE, '"uvicorn" in shown'),
    "make clean": ("tests/newcomer/clone.py", "make clean"),
    "make restore": (BACKUP, '"restore"'),
    "make restore FROM=<file>": (BACKUP, '"restore"'),
    "make restore FROM=backups/signalfire-20260131T120000Z.tar": (BACKUP, '"restore"'),
    "make upgrade": ("tests/compose/test_upgrade.py", '"upgrade"'),
    "make bundle": (BUNDLE, '"bundle"'),
    "tar -xf signalfire-*.tar signalfire": (BUNDLE, '"tar"'),
    "cd signalfire && make up BUNDLE=../signalfire-0.1.0-linux-x86_64.tar": (BUNDLE, "BUNDLE="),
    "make test CHANGED=1": ("tests/unit/kit/testing/test_changes.py", "reached_by"),
    "make images": ("tests/compose/test_images.py", "ensure(client, IMAGES"),
    "curl -X POST 127.0.0.1:8080/products/7/slogan": ("tests/unit/library/test_docs.py", "/products/7/slogan"),
    "export SIGNALFIRE_COST_LEDGER=/var/lib/shop/costs": (COSTS, "SIGNALFIRE_COST_LEDGER"),
    "signalfire costs --period day": (COSTS, '"--period", "day"'),
    "signalfire costs --start 2026-03-01 --by model --format csv > march.csv": (COSTS, '"csv"'),
    "signalfire costs budgets": (COSTS, '"budgets"'),
    RESET: (STATUS_PAGE, "/status/reset"),
    STATUS_ALONE: (STATUS, "--target"),
    "jsonnet -J . -S -m out --create-output-dirs examples/mixin/files.jsonnet": (MIXIN, "files.jsonnet"),
    "promtool check rules out/rules/*.yaml": (MIXIN, '"check", "rules"'),
}
IN_CI = {"make test", "make test-quick", "make test-compose", "make lint", "make generate"}
"""The tests themselves, and what `make lint` runs with --check."""
BY_HAND = {
    "make lock": "it takes the versions that the package index has today",
    "make record-metrics": "it writes what the tests of rules and dashboards compare with, for a person to commit",
    ".venv/bin/pre-commit install": "it changes the clone's own git hooks",
    "make verify-alerts": "it takes as long as the alerts of all faults need",
    "make screenshots": "its pictures are for people; tests/browser opens the same pages",
    "make bench": "benchmarks measure and assert nothing",
    "make bench-stack": "benchmarks measure and assert nothing",
    "make bench-library": "benchmarks measure and assert nothing",
    "make bench-anomalies": "benchmarks measure and assert nothing",
    "cat .signalfire/compose/secrets/grafana_admin_password": "where Grafana's image can be had",
}
SHOWN = {command: page for page in pages.PAGES for command in pages.commands(page)}
_PIP = re.compile(r"pip install \"(?:signalfire|\./instrumentation/python)\[(.+)\]\"")


def is_one_of_many(command: str) -> bool:
    """Whether it is chosen tests, or the package with chosen extras: each kind is run once."""
    return command.startswith("make test ARGS=") or _PIP.fullmatch(command) is not None


def test_every_command_of_a_page_is_accounted_for() -> None:
    known = {*RUN_BY, *IN_CI, *BY_HAND}
    unknown = {command: page for command, page in SHOWN.items() if command not in known and not is_one_of_many(command)}
    assert unknown == {}


def test_no_command_is_accounted_for_that_no_page_shows() -> None:
    assert {*RUN_BY, *IN_CI, *BY_HAND} - set(SHOWN) == set()


@pytest.mark.parametrize("command", RUN_BY)
def test_the_test_that_is_named_runs_the_command(command: str) -> None:
    file, words = RUN_BY[command]
    assert words in (ROOT / file).read_text()


def test_every_extra_that_a_page_installs_is_there() -> None:
    project = tomllib.loads((ROOT / "instrumentation/python/pyproject.toml").read_text())["project"]
    named = {name for command in SHOWN if (match := _PIP.fullmatch(command)) for name in match[1].split(",")}
    assert named
    assert named - set(project["optional-dependencies"]) == set()


def test_every_test_file_that_a_page_runs_is_there() -> None:
    named = [name for command in SHOWN for name in re.findall(r"tests/[\w/]+\.py", command)]
    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []
