"""Secrets of receivers: read where signalfire.yaml says, given to the servers as files and never in a configuration."""

import os
from pathlib import Path
from typing import Any

from kit.settings.receivers import Receiver


def has_secret(receiver: Receiver) -> bool:
    return bool(receiver.way.secret_file or receiver.way.secret_env)


def secret(receiver: Receiver) -> str:
    """What its file or its variable holds. Raises OSError or KeyError where there is none."""
    way = receiver.way
    if way.secret_file:
        return Path(way.secret_file).read_text(encoding="utf-8").strip()
    assert way.secret_env is not None
    return os.environ[way.secret_env].strip()


def file_name(receiver: Receiver) -> str:
    """Of the file that is made for its secret."""
    return f"{receiver.name}.{receiver.way.hidden}"


def read_from(section: dict[str, Any], receiver: Receiver, file: str | None) -> None:
    """In the receiver's section as templates get it: where its server finds the secret, None for where it is anyway."""
    hidden = receiver.way.hidden
    section.pop(f"{hidden}_env")
    if file is not None:
        section[f"{hidden}_file"] = file
