"""Where this machine downloads packages from, for the builds that download the same."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache

_PROXIES = ("http_proxy", "https_proxy", "no_proxy")
# Each setting as an environment variable, and what tells it where it stands in a configuration file instead.
_INDEXES: dict[str, tuple[str, ...]] = {
    "PIP_INDEX_URL": (sys.executable, "-m", "pip", "config", "get", "global.index-url"),
    "PIP_EXTRA_INDEX_URL": (sys.executable, "-m", "pip", "config", "get", "global.extra-index-url"),
    "npm_config_registry": ("npm", "config", "get", "registry"),
    "GOPROXY": ("go", "env", "GOPROXY"),
    "GOSUMDB": ("go", "env", "GOSUMDB"),
}


@cache
def of_this_machine() -> dict[str, str]:
    """Build arguments; those that are not set here are left out. They stay out of the finished images."""
    proxies = {name: os.environ.get(name) or os.environ.get(name.upper(), "") for name in _PROXIES}
    indexes = {name: os.environ.get(name) or _configured(command) for name, command in _INDEXES.items()}
    return {name: value for name, value in {**proxies, **indexes}.items() if value}


def _configured(command: tuple[str, ...]) -> str:
    if shutil.which(command[0]) is None:
        return ""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
