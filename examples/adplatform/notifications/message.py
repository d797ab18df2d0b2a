"""The message that Alertmanager posts to a webhook (version 4)."""

from typing import Literal

from pydantic import BaseModel


class Alert(BaseModel):
    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    startsAt: str  # noqa: N815 - Alertmanager's names
    endsAt: str = ""  # noqa: N815
    generatorURL: str = ""  # noqa: N815
    fingerprint: str = ""


class Message(BaseModel):
    version: Literal["4"]
    externalURL: str = ""  # noqa: N815
    alerts: list[Alert]
