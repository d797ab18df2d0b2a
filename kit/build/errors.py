"""What a failed build tells its user."""

from __future__ import annotations

import re
from pathlib import Path

# What Go, npm and pip print when a download is refused or nothing answers.
_DOWNLOAD_FAILED = re.compile(
    r"dial tcp|no such host|i/o timeout|connection refused|network is unreachable|TLS handshake timeout|proxyconnect"
    r"|EAI_AGAIN|ENOTFOUND|ECONNREFUSED|ETIMEDOUT|ECONNRESET|Temporary failure in name resolution|server response: "
    r"|Could not find a version|NewConnectionError"
)
_TAIL_LINES = 15

_NODE = "Install Node.js 20 or later with npm (nodejs.org, `apt-get install nodejs npm`, `brew install node`)."
_HOW_TO_INSTALL = {
    "go": "Install Go 1.21 or later (go.dev/dl, `brew install go`) and put its bin folder on the PATH.",
    "npm": _NODE,
    "node": _NODE,
}


class BuildError(Exception):
    """A build that failed: what, why as far as its output tells, and where all of the output is."""

    def __init__(self, name: str, output: list[str], log: Path) -> None:
        failed_download = next((line for line in output if _DOWNLOAD_FAILED.search(line)), None)
        reason = (
            f"a download failed: {failed_download.strip()}\n"
            "Check the network connection (behind a proxy: GOPROXY and npm's registry setting), "
            "then run the same command again: what was already downloaded is kept."
            if failed_download
            else "\n".join(output[-_TAIL_LINES:])
        )
        super().__init__(f"building {name} failed: {reason}\nAll of its output: {log}")
        self.name = name
        self.log = log


class MissingToolError(Exception):
    """A tool that a build needs is not on the PATH."""

    def __init__(self, tool: str, needed_for: str) -> None:
        how = _HOW_TO_INSTALL.get(tool, "Install it and put it on the PATH.")
        super().__init__(f"{tool} is missing: it is needed for {needed_for}. {how}")
        self.tool = tool
