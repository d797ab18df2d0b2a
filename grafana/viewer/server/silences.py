"""Silences: the one thing that the page may change, through Alertmanager's API.

A foreign page must not be able to make a browser ask for one. The guard refuses requests whose Origin or Host is not
ours; each change needs a token besides, which this process makes anew at its start and only our own page can read.
"""

import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

TOKEN_HEADER: Final = "X-Silence-Token"  # noqa: S105 -- a header's name
LARGEST_BODY: Final = 32 * 1024
LONGEST: Final = timedelta(days=30)
SHORTEST: Final = timedelta(minutes=1)

Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class Matcher(BaseModel):
    """A condition on a label, as Alertmanager's API has it."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$", max_length=200)]
    value: Annotated[str, StringConstraints(max_length=2000)]
    isRegex: bool = False  # noqa: N815 -- Alertmanager's names
    isEqual: bool = True  # noqa: N815

    @property
    def lets_through_no_label(self) -> bool:
        """Whether an alert without this label fits, so that it alone would silence everything else."""
        if not self.isRegex:
            return self.isEqual == (self.value == "")
        try:
            return self.isEqual == (re.fullmatch(self.value, "") is not None)
        except re.error:  # Alertmanager's expressions are of another kind: it decides
            return False


class Wanted(BaseModel):
    """A silence to be made: which alerts, for how long, and why."""

    model_config = ConfigDict(extra="forbid")

    matchers: Annotated[list[Matcher], Field(min_length=1, max_length=50)]
    seconds: Annotated[float, Field(ge=SHORTEST.total_seconds(), le=LONGEST.total_seconds())]
    comment: _Text
    created_by: _Text

    @model_validator(mode="after")
    def _says_which(self) -> "Wanted":
        if all(matcher.lets_through_no_label for matcher in self.matchers):
            raise ValueError("no matcher says which alerts: it would silence all of them")
        return self

    def to_alertmanager(self, now: datetime | None = None) -> dict[str, Any]:
        """The body of POST /api/v2/silences."""
        start = now or datetime.now(UTC)
        return {
            "matchers": [matcher.model_dump() for matcher in self.matchers],
            "startsAt": start.isoformat(),
            "endsAt": (start + timedelta(seconds=self.seconds)).isoformat(),
            "createdBy": self.created_by,
            "comment": self.comment,
        }


def explain(error: ValidationError) -> str:
    """What is wrong with a silence, in one line."""
    parts = [
        f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" if problem["loc"] else problem["msg"]
        for problem in error.errors()
    ]
    return "; ".join(part.removeprefix("Value error, ") for part in parts)


class Token:
    """What a change has to bring along: random, and another one after each start of the viewer."""

    def __init__(self) -> None:
        self.value = secrets.token_urlsafe(32)

    def is_given_by(self, header: str | None) -> bool:
        return header is not None and secrets.compare_digest(header.encode(), self.value.encode())
