"""The files in which the databases' exporters find users and passwords."""

import json
from pathlib import Path
from typing import Any

import yaml


def database_secrets(databases: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """By kind of database, the exporter's secret files: name to content.

    databases: as the object `runtime` has them, with addresses as a container calls them.
    """
    return {
        "redis": {"redis.json": json.dumps(dict(_redis(d) for d in databases if d["kind"] == "redis"))},
        "postgres": {
            "postgres.yaml": yaml.safe_dump(
                {"auth_modules": {d["service"]: _postgres(d) for d in databases if d["kind"] == "postgres"}}
            )
        },
    }


def _redis(database: dict[str, Any]) -> tuple[str, str]:
    """The exporter looks a password up by the URL that the scrape names."""
    scheme = "rediss" if database["tls"] else "redis"
    return f"{scheme}://{database['address']}", _password(database)


def _postgres(database: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "userpass",
        "userpass": {"username": database["user"], "password": _password(database)},
        "options": {"sslmode": "require" if database["tls"] else "disable"},
    }


def _password(database: dict[str, Any]) -> str:
    file = database["password_file"]
    return Path(file).read_text(encoding="utf-8").strip() if file else ""
