"""A secret that is known by the words around it, and its sign."""

import re
from dataclasses import dataclass

from signalfire.masking.marks import HIDDEN


@dataclass(frozen=True, slots=True)
class Phrase:
    signs: tuple[str, ...]
    pattern: re.Pattern[str]
    replacement: str = rf"\1{HIDDEN}"
