"""What masking does to identifiers, and what the worst lines cost it.

`python -m kit.benchmarks.library.masking identifiers <count>` and `… lines` print their result as JSON.
"""

from __future__ import annotations

import json
import sys
import time

from kit.benchmarks.library.identifiers import KINDS, identifiers

LENGTH = 16_384
WORST = {
    "digits": "4",
    "digits and spaces": "4 ",
    "groups of a card": "4111 ",
    "beginnings of an IBAN": "DE89 ",
    "names of secrets": "password ",
    "values without an end": "password=[",
    "cookies": "cookie: a b; ",
    "beginnings of a token": "-eyJ",
    "at signs": "a@",
    "addresses": "://a:b",
    "columns of passwords": "password\n--\n",
    "cells of passwords": "| password | ",
    "rows of passwords": "insert into t(password) values('a'),",
    "quotes that are escaped": '\\"',
    "nothing to mask": "a walnut, ",
}


def changed(count: int) -> dict[str, int]:
    """How many of so many random identifiers masking changes, by their kind."""
    from signalfire.masking import mask_text

    return {kind: sum(mask_text(found) != found for found in identifiers(kind, count)) for kind in KINDS}


def milliseconds() -> dict[str, float]:
    """The time to mask a line of the greatest length, in processor time."""
    from signalfire.masking import mask_text

    found = {}
    for name, unit in WORST.items():
        line = (unit * LENGTH)[:LENGTH]
        mask_text(line)
        began = time.process_time()
        mask_text(line)
        found[name] = (time.process_time() - began) * 1e3
    return found


if __name__ == "__main__":
    print(json.dumps(changed(int(sys.argv[2])) if sys.argv[1] == "identifiers" else milliseconds()))
