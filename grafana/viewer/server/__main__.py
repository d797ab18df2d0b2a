"""`python -m grafana.viewer.server --config viewer.json`"""

import argparse
import json
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from grafana.viewer.server import __version__
from grafana.viewer.server.app import Viewer
from grafana.viewer.server.config import ConfigError, load


class JsonLines(logging.Formatter):
    """One JSON object a line, with the same first keys as every other log of the stack."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            "logger": record.name,
            "service": "dashboards",
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m grafana.viewer.server", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="viewer.json, written by viewer.jsonnet")
    parser.add_argument("--check", action="store_true", help="read the configuration, say what is wrong, and stop")
    parser.add_argument("--version", action="version", version=__version__)
    arguments = parser.parse_args()
    try:
        config = load(arguments.config)
    except ConfigError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    if arguments.check:
        return 0
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    uvicorn.run(
        Viewer(config).application(),
        host=config.listen_host,
        port=config.listen_port,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=3,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
