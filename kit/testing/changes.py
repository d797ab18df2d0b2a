"""What a change can reach: for each place in the repository, the tests that look at it or at what is made of it.

The table is coarse on purpose. A file that it does not know, and one that everything stands on, reaches everything.
"""

import subprocess
from collections.abc import Iterable

from kit.paths import ROOT

EVERYTHING = ("tests", "viewer", "collector", "frameworks")
"""Folders and files of tests/, and the suites that have their tests elsewhere or an environment of their own."""

# Of the engine, of the commands and of what containers run; quick, and one looks at files of the other.
_KIT = ("tests/unit/kit", "tests/unit/scripts", "tests/unit/compose")
_SERVERS_RUN = ("tests/stack", "tests/compose", "tests/browser", "tests/newcomer")
_CONFIGURATION = ("tests/config", *_KIT, *_SERVERS_RUN)
_MIXIN = ("tests/unit/mixin", *_CONFIGURATION)

# The first row whose place a file's path begins with says what it reaches.
TABLE: tuple[tuple[str, tuple[str, ...]], ...] = (
    # What is told to people. Pages have code in them that tests run.
    ("docs/images/", ()),
    ("docs/README.md", ("tests/unit/docs", "tests/newcomer")),
    ("docs/library/", ("tests/unit/library", "tests/newcomer")),
    ("docs/adding.md", (*_KIT, "tests/unit/mixin", "tests/newcomer")),
    ("docs/", ("tests/unit/mixin", "tests/unit/library", *_KIT, "tests/config", "tests/newcomer")),
    ("README.md", ("tests/unit/mixin", "tests/newcomer")),
    ("CHANGELOG.md", ("tests/newcomer",)),
    ("CONTRIBUTING.md", ("tests/newcomer",)),
    ("SECURITY.md", ("tests/newcomer",)),
    ("LICENSE", ()),
    ("runbooks/", ("tests/unit/mixin", "tests/unit/viewer", "tests/browser")),
    # What the servers are given.
    ("prometheus/", _MIXIN),
    ("mixin.libsonnet", _MIXIN),
    ("grafana/viewer/server/", ("tests/unit/viewer", "tests/unit/mixin", *_KIT, *_SERVERS_RUN)),
    ("grafana/viewer/", ("viewer", "tests/unit/viewer", *_KIT, "tests/compose", "tests/browser")),
    ("grafana/", (*_MIXIN, "viewer")),
    ("alertmanager/", _CONFIGURATION),
    ("loki/", _CONFIGURATION),
    ("jaeger/", _CONFIGURATION),
    ("collector/", _CONFIGURATION),
    ("servers/collector/", ("collector", *_CONFIGURATION)),
    ("servers/processes.toml", EVERYTHING),
    ("servers/", _MIXIN),
    ("compose/", (*_KIT, "tests/compose", "tests/newcomer")),
    # What is watched.
    ("instrumentation/", ("tests/unit/library", "tests/unit/examples", "frameworks", *_MIXIN)),
    ("examples/adplatform/processes.toml", EVERYTHING),
    ("examples/mixin/", ("tests/unit/mixin",)),
    ("examples/", ("tests/unit/examples", "tests/unit/library", "frameworks", *_MIXIN)),
    # The engine and the commands.
    ("kit/backups/", (*_KIT, "tests/stack", "tests/compose")),
    ("kit/bundles/", (*_KIT, "tests/compose")),
    ("kit/images/", (*_KIT, "tests/compose", "tests/newcomer")),
    ("kit/runtimes/compose/", (*_KIT, "tests/compose", "tests/newcomer")),
    ("kit/runtimes/native/", (*_KIT, "tests/config", *_SERVERS_RUN)),
    ("kit/stack/", (*_KIT, "tests/config", *_SERVERS_RUN)),
    ("kit/generators/", ("tests/unit/library", "tests/unit/mixin", *_KIT)),
    ("kit/verification/", (*_KIT, *_SERVERS_RUN)),
    ("kit/benchmarks/", (*_KIT, "tests/config", "tests/unit/library")),
    ("scripts/bench", _KIT),
    ("kit/testing/frameworks.py", ("frameworks",)),
    ("scripts/lint.py", ("tests/unit/scripts",)),
    ("scripts/lock.py", ()),
    # Tests, and what they have for themselves.
    ("tests/config/", ("tests/config",)),
    ("tests/stack/", ("tests/stack", "tests/compose")),
    ("tests/compose/", ("tests/compose",)),
    ("tests/newcomer/", ("tests/newcomer",)),
    ("tests/browser/", ("tests/browser",)),
    ("tests/upgrade/", ("tests/stack", "tests/compose", *_KIT)),
    ("tests/frameworks/", ("frameworks",)),
    ("tests/lint/", _KIT),
    ("tests/unit/compose/", _KIT),
    ("tests/unit/docs/", ("tests/unit/docs",)),
    ("tests/unit/examples/", ("tests/unit/examples",)),
    ("tests/unit/kit/", _KIT),
    ("tests/unit/library/", ("tests/unit/library", "frameworks", "tests/stack", "tests/browser")),
    ("tests/unit/mixin/", ("tests/unit/mixin",)),
    ("tests/unit/scripts/", _KIT),
    ("tests/unit/viewer/", ("tests/unit/viewer", "tests/browser")),
    # What everything stands on.
    ("kit/", EVERYTHING),
    ("scripts/", EVERYTHING),
    ("tests/", EVERYTHING),
    ("signalfire.yaml", EVERYTHING),
    ("Makefile", EVERYTHING),
    ("pyproject.toml", EVERYTHING),
    ("requirements", EVERYTHING),
    (".dockerignore", (*_KIT, "tests/compose")),
    (".gitignore", ()),
    (".pre-commit-config.yaml", ("tests/unit/scripts",)),
    (".yamllint.yaml", ()),
    (".ci/", EVERYTHING),
)

# Links lead from page to page, pages name what is anywhere, and the table itself must know every file.
_ALWAYS = ("tests/unit/docs", "tests/unit/mixin/test_mixin_links.py", "tests/unit/kit/testing/test_changes.py")


def row_of(file: str) -> tuple[str, ...] | None:
    """What the table says of a file; None where it does not know it."""
    return next((reached for place, reached in TABLE if file.startswith(place)), None)


def reached_by(files: Iterable[str]) -> set[str]:
    """Folders and files of tests/, and names of suites; of a test that file alone. Nothing where nothing changed."""
    reached: set[str] = set()
    for file in files:
        row = row_of(file)
        if _is_test(file):
            reached |= {"frameworks"} if file.startswith("tests/frameworks/") else {file}
        else:
            reached |= set(EVERYTHING if row is None else row)
        reached |= set(_ALWAYS)
    return {place for place in reached if place in EVERYTHING or (ROOT / place).exists()}


def changed_files() -> list[str]:
    """What differs from where this branch left origin/main, or from HEAD; what is not committed included."""
    base = _git("merge-base", "HEAD", "origin/main") or ["HEAD"]
    differing = _git("diff", "--name-only", "--no-renames", base[0])
    return sorted({*differing, *_git("ls-files", "--others", "--exclude-standard")})


def narrowed(folders: Iterable[str], reached: set[str]) -> list[str]:
    """Of a suite's folders of tests, what is reached."""
    found: set[str] = set()
    for folder in folders:
        if any(_is_within(folder, place) for place in reached):
            found.add(folder)
        else:
            found |= {place for place in reached if _is_within(place, folder)}
    return sorted(found)


def _is_test(file: str) -> bool:
    name = file.rsplit("/", 1)[-1]
    return file.startswith("tests/") and name.startswith("test_") and name.endswith(".py")


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def _git(*arguments: str) -> list[str]:
    """The lines that git prints; none where it fails, as without a remote."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.splitlines() if done.returncode == 0 else []
