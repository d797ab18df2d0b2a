"""What a forked child process does first: each module that keeps something of its process registers it here."""

import os
from collections.abc import Callable


def after_in_child(function: Callable[[], object]) -> None:
    """Has the function called in each child that is forked from now on; nothing where there is no fork.

    A child has the parent's locks, whose holders it lacks, and what the parent has queued and counted.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=function)
