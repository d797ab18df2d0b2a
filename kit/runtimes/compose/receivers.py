"""Receivers of notifications as the container of Alertmanager reaches them: addresses, and secrets as files."""

from pathlib import Path
from typing import Any

from kit.render.secrets import file_name, has_secret, read_from, secret
from kit.settings import Settings
from kit.settings.receivers import Email, PagerDuty, Receiver, Slack, Webhook
from kit.stack import addresses, container_layout


def secrets(settings: Settings) -> dict[str, str]:
    """The files that receivers need, by name: what the container finds in its folder of secrets."""
    hidden = {
        file_name(receiver): _seen_inside(receiver, secret(receiver))
        for receiver in settings.receivers
        if has_secret(receiver)
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
    mounted = f"{container_layout.SECRETS}/{file_name(receiver)}" if has_secret(receiver) else None
    read_from(section, receiver, mounted)
    if section.get("url"):
        section["url"] = addresses.url_from_container(section["url"])
    if isinstance(way, Email):
        section["smarthost"] = addresses.from_container(way.smarthost)
        if way.ca_file:
            section["ca_file"] = f"{container_layout.SECRETS}/{_certificates(receiver)}"
    return fields


def address(receiver: Receiver) -> str:
    """`host:port` of the server that it is reached by."""
    way = receiver.way
    if isinstance(way, Email):
        return way.smarthost
    if isinstance(way, PagerDuty):
        return addresses.address_of(way.url)
    if isinstance(way, Webhook) and way.url:
        return addresses.address_of(way.url)
    return addresses.address_of(secret(receiver))


def _seen_inside(receiver: Receiver, text: str) -> str:
    """Some secrets are addresses."""
    return addresses.url_from_container(text) if isinstance(receiver.way, Webhook | Slack) else text


def _certificates(receiver: Receiver) -> str:
    return f"{receiver.name}.ca"
