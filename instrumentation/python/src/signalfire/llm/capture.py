"""Whether the application asked for prompts and answers to be recorded."""

import os

from signalfire.settings import SettingError, check, flag_problems

VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_ON = {"1", "true", "yes", "on", "span_only", "span_and_event"}
_OFF = {"", "0", "false", "no", "off", "no_content", "event_only"}

_recording: set[str] = set()  # client libraries that were instrumented so


def content_is_recorded(keyword: bool | None) -> bool:
    """Keyword, then the variable, else not. Raises SettingError for another value of it."""
    if keyword is not None:
        check(flag_problems({"record_content": keyword}))
        return keyword
    text = os.environ.get(VARIABLE, "").strip().lower()
    if text not in _ON | _OFF:
        raise SettingError(f"{VARIABLE} is {text!r}, which is neither true nor false: write true or false")
    return text in _ON


def note_recording(library: str, *, records: bool) -> None:
    """Says whether the calls of that client library are recorded with their content."""
    if records:
        _recording.add(library)
    else:
        _recording.discard(library)


def content_may_be_told() -> bool:
    """Whether a message that may quote a prompt or an answer may be told: content was asked for, somewhere."""
    try:
        return bool(_recording) or content_is_recorded(None)
    except SettingError:
        return False
