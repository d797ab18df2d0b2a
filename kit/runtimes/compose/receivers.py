"""Receivers of notifications as the container of Alertmanager reaches them: addresses, and secrets as files."""

import os
from pathlib import Path
from typing import Any

from scripts.compose import layout
from scripts.render import runtime
from scripts.settings import Settings
from scripts.settings.models import Email, PagerDuty, Receiver, Slack, Webhook


def secrets(settings: Settings) -> dict[str, str]:
    """The files that receivers need, by name: what the container finds in its folder of secrets."""
    hidden = {
        _file(receiver): _seen_inside(receiver, _secret(receiver))
        for receiver in settings.receivers
        if _has_secret(receiver)
    }
    certificates = {
        _certificates(receiver): Path(receiver.email.ca_file).read_text(encoding="utf-8")
        for receiver in settings.receivers
        if receiver.email and receiver.email.ca_file
    }
    return hidden | certificates


def inside(receiver: Receiver) -> dict[str, Any]:
    """The receiver as templates get it, for the container."""
    fields: dict[str, Any] = receiver.model_dump(mode="json", by_alias=True)
    way, section = receiver.way, fields[receiver.kind]
    section.pop(f"{way.hidden}_env")
    if _has_secret(receiver):
        section[f"{way.hidden}_file"] = f"{layout.SECRETS}/{_file(receiver)}"
    if section.get("url"):
        section["url"] = runtime.url_from_container(section["url"])
    if isinstance(way, Email):
        section["smarthost"] = runtime.from_container(way.smarthost)
        if way.ca_file:
            section["ca_file"] = f"{layout.SECRETS}/{_certificates(receiver)}"
    return fields


def address(receiver: Receiver) -> str:
    """`host:port` of the server that it is reached by."""
    way = receiver.way
    if isinstance(way, Email):
        return way.smarthost
    if isinstance(way, PagerDuty):
        return runtime.address_of(way.url)
    if isinstance(way, Webhook) and way.url:
        return runtime.address_of(way.url)
    return runtime.address_of(_secret(receiver))


def _has_secret(receiver: Receiver) -> bool:
    return bool(receiver.way.secret_file or receiver.way.secret_env)


def _secret(receiver: Receiver) -> str:
    way = receiver.way
    if way.secret_file:
        return Path(way.secret_file).read_text(encoding="utf-8").strip()
    assert way.secret_env is not None
    return os.environ[way.secret_env].strip()


def _seen_inside(receiver: Receiver, secret: str) -> str:
    """Some secrets are addresses."""
    return runtime.url_from_container(secret) if isinstance(receiver.way, Webhook | Slack) else secret


def _certificates(receiver: Receiver) -> str:
    return f"{receiver.name}.ca"


def _file(receiver: Receiver) -> str:
    return f"{receiver.name}.{receiver.way.hidden}"
