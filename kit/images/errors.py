"""What a missing image tells its user, and what an engine's words about a pull mean."""

from __future__ import annotations

import re

# How an engine says that it could not talk to a registry, or that the registry serves nobody just now.
_UNREACHABLE = re.compile(
    r"dial tcp|no such host|i/o timeout|TLS handshake timeout|connection refused|connection reset"
    r"|network is unreachable|no route to host|Client\.Timeout exceeded|context deadline exceeded|request canceled"
    r"|proxyconnect|server misbehaving|x509: |HTTP response to HTTPS client|unexpected EOF|\bEOF$|Read timed out"
    # A proxy or a filter that answers in the registry's place, and a registry that is down or wants a pause.
    r"|unexpected HTTP status: (?:403|407|5\d\d)|error parsing HTTP (?:403|407|5\d\d) response|toomanyrequests"
)
_UNKNOWN = re.compile(r"manifest unknown|name unknown|manifest for .+ not found|no matching manifest", re.IGNORECASE)
_DENIED = re.compile(r"access denied|access to the resource is denied|^denied|denied: |unauthorized", re.IGNORECASE)


class ImageError(Exception):
    """An image that cannot be had: which, why, and what to do."""


class ImageUnavailableError(ImageError):
    """The registry cannot be reached, and the image is none that can be built from this repository.

    reason: why the registry cannot be reached.
    """

    def __init__(self, image: str, reason: str) -> None:
        super().__init__(
            f"{image}: the registry cannot be reached ({reason}), and this image cannot be built here. "
            f"Bring it over from a machine that has it: `docker save {image}` there, `docker load` here."
        )
        self.reason = reason


def registry_is_unreachable(said: str) -> bool:
    """Whether the engine's error is about reaching the registry, not about the image that was asked for."""
    return bool(_UNREACHABLE.search(said))


def refused(name: str, said: str) -> ImageError:
    """The error for a pull to which the registry said no."""
    if _UNKNOWN.search(said):
        return ImageError(
            f"{name}: the registry has no such image ({said}). "
            "Correct its name or version in compose/compose.yaml; there may be none for this machine's architecture."
        )
    if _DENIED.search(said):
        return ImageError(
            f"{name}: the registry denies access ({said}). "
            "Correct its name in compose/compose.yaml, or log in with `docker login`."
        )
    return ImageError(f"{name}: pulling it failed: {said}. `docker pull {name}` shows all of it.")
