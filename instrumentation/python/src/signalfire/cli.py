"""The command `signalfire`, also `python -m signalfire`."""

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence

from signalfire.costs import command

OVER_BUDGET, WRONG_USE = command.OVER_BUDGET, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Gives the exit status: 0, 1 where a budget is used up, 2 for what cannot be done, with the reason on stderr."""
    options = parser().parse_args(arguments)
    try:
        status = command.run(options)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has seen enough
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError) as error:
        sys.stderr.write(f"signalfire: {error}\n")
        return WRONG_USE
    return status


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="signalfire", description="What an application watched by signalfire has done.")
    commands = top.add_subparsers(dest="command", metavar="command", required=True)
    command.add_to(commands)
    return top
