"""What promtool said of tests and rules, kept by the content of both and of promtool itself.

The same tests of the same rules by the same program have the same result, so they need not be run again. Whatever is
changed has another key and no verdict yet; an entry that is not whole counts as none. SIGNALFIRE_VERDICTS=anew makes
every run judge everything anew, and keep what it finds.
"""

import hashlib
import json
import os
import time
from functools import cache
from pathlib import Path
from typing import Any

from kit.build.cache import cache_folder

Json = dict[str, Any]
_SECONDS_KEPT = 30 * 86400


class Verdicts:
    """The failures of each test file that was run by this program; none of a file that passed."""

    def __init__(self, program: Path) -> None:
        self._program = _digest_of(program)
        self._folder = cache_folder() / "verdicts"
        self._anew = os.environ.get("SIGNALFIRE_VERDICTS") == "anew"

    def find(self, content: Json) -> list[str] | None:
        """What is known of a test file with its rules; None where that is nothing."""
        path = self._path(content)
        if self._anew:
            return None
        try:
            key, seal, failures = json.loads(path.read_text())
            whole = key == path.name and seal == _seal(key, failures)
        except (OSError, ValueError, TypeError):
            return None
        if not whole:
            return None
        os.utime(path)
        return [str(failure) for failure in failures]

    def keep(self, content: Json, failures: list[str]) -> None:
        path = self._path(content)
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_name(f".{path.name}.{os.getpid()}")
        scratch.write_text(json.dumps([path.name, _seal(path.name, failures), failures]))
        scratch.replace(path)

    def tidy(self) -> None:
        """Removes what nobody has asked for in a long time."""
        for path in self._folder.glob("*"):
            if path.stat().st_mtime < time.time() - _SECONDS_KEPT:
                path.unlink(missing_ok=True)

    def _path(self, content: Json) -> Path:
        text = json.dumps(content, sort_keys=True)
        return self._folder / hashlib.sha256(f"{self._program}\0{text}".encode()).hexdigest()


def _seal(key: str, failures: list[str]) -> str:
    """Another text for every other content: half an entry, or that of another file, is not taken for one."""
    return hashlib.sha256(json.dumps([key, failures]).encode()).hexdigest()


@cache
def _digest_of(program: Path) -> str:
    with program.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
