"""The services that `targets` of signalfire.yaml lists, as Prometheus finds them."""

from dataclasses import dataclass
from typing import Any

import httpx

from kit.settings import Settings

_PATIENCE_SECONDS = 5.0


@dataclass(frozen=True)
class OwnService:
    """One instance of a service, and what became of the last time that it was asked for its metrics."""

    service: str
    address: str
    state: str
    """up, down, waiting for the first time that it is asked, or unknown to Prometheus."""
    detail: str = ""
    """Why it is not up."""


def own_services(settings: Settings, prometheus: str) -> list[OwnService]:
    """Every instance, by the service in the settings' order. Raises httpx.HTTPError where Prometheus does not answer.

    prometheus: its address.
    """
    if not settings.targets:
        return []
    with httpx.Client(trust_env=False, timeout=_PATIENCE_SECONDS) as client:
        answer = client.get(f"{prometheus}/api/v1/targets", params={"state": "active"}).raise_for_status()
    asked: list[dict[str, Any]] = answer.json()["data"]["activeTargets"]
    services = dict.fromkeys(target.service for target in settings.targets)
    return [one for service in services for one in _instances(service, asked)]


def _instances(service: str, asked: list[dict[str, Any]]) -> list[OwnService]:
    found = [
        OwnService(service, each["scrapeUrl"], _STATES.get(each["health"], each["health"]), each["lastError"])
        for each in asked
        if each["labels"].get("service") == service
    ]
    return found or [
        OwnService(service, "-", "unknown", "Prometheus does not ask it: `make up` takes the settings over")
    ]


_STATES = {"unknown": "waiting"}
"""Prometheus calls unknown what it has not asked yet."""
