"""The certificates of the authorities that this machine trusts, for images whose base has none."""

from __future__ import annotations

from pathlib import Path

from kit.images.errors import ImageError

FILE = Path("/etc/ssl/certs/ca-certificates.crt")
"""Debian's and Ubuntu's place, and Alpine's and Arch's too."""


def certificates() -> Path:
    """Raises ImageError where they are missing."""
    if not FILE.is_file():
        raise ImageError(f"{FILE} is missing: install the package ca-certificates")
    return FILE
