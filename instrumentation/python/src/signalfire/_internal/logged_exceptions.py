"""Which exceptions have been told with their stack trace already, so that one failure does not fill the log with it.

An exception passes through a model call, a task, an agent, a workflow and a request, each with a line of its own: the
first has the stack trace, the others only name the exception.
"""

from signalfire._internal.attributes import has_mark, leave_mark

_LOGGED = "signalfire_logged"


def is_logged(error: object) -> bool:
    """Whether a line with this exception's stack trace has been written."""
    return has_mark(error, _LOGGED)


def mark_logged(error: BaseException) -> None:
    """Says that a line with this exception's stack trace has been written."""
    leave_mark(error, _LOGGED)


def unless_logged(error: BaseException | None) -> BaseException | None:
    """The exception for the line that is about to be written, None where an earlier one has its stack trace."""
    if error is None or is_logged(error):
        return None
    mark_logged(error)
    return error
