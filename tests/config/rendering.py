"""A server's configuration as it is rendered from settings, and what its own checker says of it."""

import subprocess
from pathlib import Path
from typing import Any

from kit import processes
from kit.build import binary
from kit.paths import State
from kit.render.addresses_for_templates import native
from kit.render.files import write_folder
from kit.render.template import Rendered, evaluate
from kit.settings import Settings

SERVERS = ["prometheus", "alertmanager", "loki", "jaeger", "collector", "node_exporter"]
DEMO = [
    {"name": "ad-api", "port": 8000, "webhook": None},
    {"name": "notifications", "port": 8005, "webhook": "/alerts"},
]


def rendered(name: str, settings: dict[str, Any], folder: Path) -> Rendered:
    valid = Settings.model_validate(settings)
    runtime = native(valid, State(folder), demo=DEMO, page=folder)
    result = evaluate(processes.named(name).template, valid.model_dump(mode="json", by_alias=True), runtime)
    write_folder(folder / "config" / name, result.files)
    return result


def checked(result: Rendered) -> list[subprocess.CompletedProcess[str]]:
    """What each of its checks said."""
    return [
        subprocess.run([str(binary(program)), *arguments], capture_output=True, text=True, timeout=120, check=False)
        for program, *arguments in result.checks
    ]
