"""What every section of signalfire.yaml is, and how its errors are told."""

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


class Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        validate_by_name=True,
        validate_by_alias=True,
        allow_inf_nan=False,
    )


def wrong(message: str, hint: str, *at: str | int) -> PydanticCustomError:
    """An error whose text says what is wrong and what to write instead; `at` leads to the culprit inside a section."""
    return PydanticCustomError("signalfire", "{message}; {hint}", {"message": message, "hint": hint, "at": at})


def listing(names: list[str]) -> str:
    """`a, b and c`."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
