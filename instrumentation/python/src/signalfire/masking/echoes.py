"""A secret that was found once, wherever else the same text has it: `'…' is too short … On instance['password']`."""

import re
from collections.abc import Iterable

from signalfire.masking.marks import HIDDEN
from signalfire.masking.words import looks_secret

_MOST = 8
_SHORTEST, _LONGEST = 6, 128


def mask_echoes(text: str, secrets: Iterable[str]) -> str:
    """The text without the first of these secrets. Only those that can be nothing else are looked for."""
    words = [word for word in dict.fromkeys(secrets) if _SHORTEST <= len(word) <= _LONGEST and looks_secret(word)]
    if not words:
        return text
    pattern = "|".join(re.escape(word) for word in sorted(words[:_MOST], key=len, reverse=True))
    return re.sub(rf"(?<![\w/-])(?:{pattern})(?![\w/-])", HIDDEN, text)
