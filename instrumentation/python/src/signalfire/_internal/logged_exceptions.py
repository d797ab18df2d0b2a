"""Which exceptions have been told with their stack trace already, so that one failure does not fill the log with it.

An exception passes through a model call, a task, an agent, a workflow and a request, each with a line of its own: the
first has the stack trace, the others only name the exception.
"""


def is_logged(error: object) -> bool:
    """Whether a line with this exception's stack trace has been written."""
    return getattr(error, "signalfire_logged", False) is True


def mark_logged(error: BaseException) -> None:
    """Says that a line with this exception's stack trace has been written."""
    try:
        error.signalfire_logged = True  # type: ignore[attr-defined]
    except AttributeError:  # an exception with slots
        return


def unless_logged(error: BaseException | None) -> BaseException | None:
    """The exception for the line that is about to be written, None where an earlier one has its stack trace."""
    if error is None or is_logged(error):
        return None
    mark_logged(error)
    return error
