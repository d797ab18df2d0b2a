"""Read signalfire.yaml; every error names the file, the line, what is wrong and what to write instead."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from kit.paths import ROOT
from kit.settings import files
from kit.settings.alerts import misfits
from kit.settings.document import MAX_BYTES, Document, DocumentError, Fault, Location, parse
from kit.settings.explaining import explain, location_of
from kit.settings.models import Settings

_MOST_TOLD = 50
"""Problems at once: who has more has made one of them many times."""


@dataclass(frozen=True)
class Problem:
    file: Path
    line: int
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}; {self.hint}"


class SettingsError(Exception):
    """The settings cannot be used. `problems` is never empty."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def settings_path() -> Path:
    """The signalfire.yaml in use: the one that SIGNALFIRE_CONFIG names, else the repository's. Raises SettingsError
    where it names a file of nobody."""
    named = os.environ.get("SIGNALFIRE_CONFIG")
    if not named:
        return ROOT / "signalfire.yaml"
    try:
        return files.absolute(named, Path()).absolute()
    except files.UnusableError as error:
        raise SettingsError([Problem(Path(named), 1, str(error), "correct SIGNALFIRE_CONFIG")]) from None


def load(path: Path) -> Settings:
    """Read and validate; relative paths in the file start at the file. Raises SettingsError with all problems."""
    text = _text(path)
    try:
        document = parse(text)
    except DocumentError as error:
        raise _error(path, error.faults) from None
    try:
        settings = Settings.model_validate(document.data)
    except ValidationError as error:
        raise _error(path, _explained(document, error)) from None
    settings, of_files = files.resolved(settings, path.resolve().parent)
    of_alerts = misfits(settings.alerts, settings.scrape.interval)
    faults = [_on_its_line(document, at, fault) for at, fault in (*of_files, *of_alerts)]
    if faults:
        raise _error(path, faults)
    return settings


def _error(path: Path, faults: Iterable[Fault]) -> SettingsError:
    told = sorted(faults, key=lambda fault: fault.line)[:_MOST_TOLD]
    return SettingsError([Problem(path, fault.line, fault.message, fault.hint) for fault in told])


def _explained(document: Document, error: ValidationError) -> list[Fault]:
    details = [(location_of(detail), detail) for detail in error.errors(include_url=False)]
    details.sort(key=lambda found: document.line(found[0]))
    return [Fault(document.line(at), *explain(at, detail)) for at, detail in details[:_MOST_TOLD]]


def _on_its_line(document: Document, at: Location, fault: Fault) -> Fault:
    return Fault(document.line(at), fault.message, fault.hint)


def _text(path: Path) -> str:
    try:
        return files.read(path, MAX_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SettingsError([Problem(path, line, "not UTF-8 text", "save the file as UTF-8")]) from None
    except files.MissingError as error:
        hint = "create it (an empty file means all defaults), or correct SIGNALFIRE_CONFIG if that names it"
        raise _error(path, [Fault(1, str(error), hint)]) from None
    except files.UnusableError as error:
        hint = f"it must be a file with at most {MAX_BYTES // 1024} KiB of settings that you may read"
        raise _error(path, [Fault(1, str(error), hint)]) from None
