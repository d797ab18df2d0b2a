"""A silence in Alertmanager, as a person sets it."""

import time

import httpx

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
    answer = httpx.post(f"{alertmanager}/api/v2/silences", json=silence, trust_env=False)
    return str(answer.raise_for_status().json()["silenceID"])


def is_silenced(alertmanager: str, silence: str) -> bool:
    """Whether Alertmanager still knows it, with what was written in it."""
    answer = httpx.get(f"{alertmanager}/api/v2/silence/{silence}", trust_env=False)
    return answer.is_success and answer.json()["comment"] == _COMMENT


def _rfc3339(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))
