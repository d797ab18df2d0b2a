"""`make lint` and what a commit runs are one list, and need nothing that this repository does not pin."""

import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from kit.paths import ROOT
from kit.testing import linters, suites
from scripts import lint

Json = dict[str, Any]
CONFIGURATION = ROOT / ".pre-commit-config.yaml"
HOOKS = [
    "ruff", "ruff-format", "mypy", "generated", "jsonnetfmt", "jsonnet-lint", "yamllint", "viewer-types",
    "viewer-lint", "go-vet",
]  # fmt: skip


def configured() -> list[Json]:
    repositories: list[Json] = yaml.safe_load(CONFIGURATION.read_text())["repos"]
    assert {repository["repo"] for repository in repositories} == {"local"}
    return [hook for repository in repositories for hook in repository["hooks"]]


def test_every_linter_is_a_hook() -> None:
    assert [hook["id"] for hook in configured()] == HOOKS


def test_make_lint_runs_every_hook_over_all_files() -> None:
    command = (sys.executable, "-m", "pre_commit", "run")
    assert [(suite.name, suite.command) for suite in lint.hooks()] == [
        (hook["name"], (*command, hook["id"], "--all-files")) for hook in configured()
    ]


def test_no_hook_downloads_an_environment_of_its_own() -> None:
    for hook in configured():
        assert hook["language"] == "system", hook["id"]
        assert hook["entry"].startswith(".venv/bin/python -m "), hook["id"]


def test_no_exception_hides_what_it_was_not_made_for() -> None:
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    excluded = [
        file for hook in configured() if "exclude" in hook for file in files if re.search(hook["exclude"], file)
    ]
    assert excluded == ["examples/mixin/kube-prometheus.jsonnet"]


def test_pre_commit_understands_it() -> None:
    command = [sys.executable, "-m", "pre_commit", "validate-config", str(CONFIGURATION)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_a_linter_of_the_viewer_runs_there() -> None:
    words, folder = linters.command("viewer", "lint")
    assert (words, folder) == (["npm", "run", "--silent", "lint"], suites.VIEWER)


def test_a_linter_that_cannot_be_got_says_why(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert linters.main("go", "vet", "./...") == 1
    assert "go is missing: it is needed for the collector's tests" in capsys.readouterr().err
