"""A silence in Alertmanager, as a person sets it."""

import time

from tests.support import http

_COMMENT = "must not be forgotten"


def set_silence(alertmanager: str) -> str:
    """The id of one that lasts an hour. alertmanager: its URL."""
    now = time.time()
    silence = {
        "matchers": [{"name": "alertname", "value": "Any", "isRegex": False, "isEqual": True}],
        "startsAt": _rfc3339(now),
        "endsAt": _rfc3339(now + 3600),
        "createdBy": "test",
        "comment": _COMMENT,
    }
    return str(http.post(f"{alertmanager}/api/v2/silences", silence).json()["silenceID"])


def is_silenced(alertmanager: str, silence: str) -> bool:
    """Whether Alertmanager still knows it, with what was written in it."""
    answer = http.get(f"{alertmanager}/api/v2/silence/{silence}")
    return answer.is_success and bool(answer.json()["comment"] == _COMMENT)


def _rfc3339(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))
