"""What must be masked, and what must not: the cases in secrets/."""

import re
from pathlib import Path

FOLDER = Path(__file__).parent / "secrets"
ESCAPES = {"\\n": "\n", "\\t": "\t", "\\\\": "\\", "~": ""}


def rows(file: str) -> list[list[str]]:
    """The cases of a file, their parts unescaped; its README says what they are."""
    lines = [row for row in (FOLDER / file).read_text().splitlines() if row and not row.startswith("#")]
    return [re.sub(r"\\[nt\\]|~", lambda found: ESCAPES[found.group()], row).split("\t") for row in lines]


def secret_of(masked: str, text: str) -> str:
    """The part of a text that masking has to replace."""
    start = next((place for place, (a, b) in enumerate(zip(masked, text, strict=False)) if a != b), 0)
    end = next((place for place, (a, b) in enumerate(zip(masked[::-1], text[::-1], strict=False)) if a != b), 0)
    return text[start : len(text) - end]


MASKED, LEFT = rows("masked.tsv"), rows("left.tsv")
