"""What stands in the place of what was masked, and how signs of what is to be masked are looked for."""

import re
from collections.abc import Iterable

HIDDEN = "[MASKED]"
MARK = re.compile(r"\[MASKED(?::[a-z]{3,5})?\]")
"""Any mark: of a secret, or of a kind such as [MASKED:card]."""


def any_in(signs: Iterable[str], text: str) -> bool:
    for sign in signs:  # noqa: SIM110 - a generator for any() would cost more than the search
        if sign in text:
            return True
    return False
