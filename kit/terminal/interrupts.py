"""SIGTERM and a closed terminal end a command as Ctrl-C does: by an exception, so that everything is cleaned up."""

import functools
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import ParamSpec, TypeVar

import typer

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class InterruptedBySignal(KeyboardInterrupt):
    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


@contextmanager
def signals_interrupt() -> Iterator[None]:
    """The first signal raises InterruptedBySignal; while that is handled, more of them change nothing."""

    def interrupt(number: int, _: FrameType | None) -> None:
        for one in _SIGNALS:
            signal.signal(one, signal.SIG_IGN)
        raise InterruptedBySignal(number)

    before = {number: signal.signal(number, interrupt) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def interruptible(command: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """The command, which a signal ends with InterruptedBySignal, and with the exit code that says so."""

    @functools.wraps(command)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        try:
            with signals_interrupt():
                return command(*args, **kwargs)
        except InterruptedBySignal as interrupt:
            raise typer.Exit(interrupt.exit_code) from None

    return run
