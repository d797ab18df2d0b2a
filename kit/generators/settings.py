"""The JSON schema of signalfire.yaml, with which an editor completes and checks it."""

import json
from pathlib import Path
from typing import Any

from kit.settings import Settings

_NOTICE = "Generated from kit/settings/models.py by make generate; do not edit."


def generate(root: Path) -> dict[Path, str]:  # noqa: ARG001 - every generator gets the repository's root
    schema = Settings.model_json_schema(by_alias=True)
    described = {"$comment": _NOTICE, "$schema": "https://json-schema.org/draft/2020-12/schema", **_allow_empty(schema)}
    return {Path("docs/signalfire.schema.json"): json.dumps(described, indent=2, ensure_ascii=False) + "\n"}


def _allow_empty(schema: dict[str, Any]) -> dict[str, Any]:
    """A section whose entries are all commented out reads as null, and means the default."""
    properties = {}
    for name, value in schema["properties"].items():
        is_section = "$ref" in value or value.get("type") in ("array", "object")
        properties[name] = {"anyOf": [value, {"type": "null"}]} if is_section else value
    return {**schema, "properties": properties}
