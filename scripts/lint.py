"""`make lint`: every hook of .pre-commit-config.yaml, over all files."""

import sys

import typer
import yaml

from kit.paths import ROOT
from kit.testing import suites
from kit.testing.suites import Suite

CONFIGURATION = ROOT / ".pre-commit-config.yaml"


def hooks() -> list[Suite]:
    """One each, so that the table says how long it took."""
    repositories = yaml.safe_load(CONFIGURATION.read_text())["repos"]
    return [
        Suite(hook["name"], (sys.executable, "-m", "pre_commit", "run", hook["id"], "--all-files"))
        for repository in repositories
        for hook in repository["hooks"]
    ]


def main() -> None:
    raise typer.Exit(suites.run([[hook] for hook in hooks()]))
