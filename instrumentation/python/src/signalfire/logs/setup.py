"""`setup_logging`: where this process' lines go, from which level on, and what is masked in them."""

import logging
import os
import re
import sys
from collections.abc import Iterable
from typing import TextIO

from signalfire import masking, settings
from signalfire._internal.calls import explained
from signalfire.logs.line import NEVER, line
from signalfire.logs.loguru import route_loguru
from signalfire.logs.stdlib import route_server_logging, route_standard_logging
from signalfire.logs.structlog import configure as configure_structlog


def level_number(level: str | int | None) -> int:
    """A level given by keyword, else by LOG_LEVEL, else INFO. Raises KeyError for a name that there is not."""
    chosen = os.environ.get("LOG_LEVEL", "").strip() or "INFO" if level is None else level
    return chosen if isinstance(chosen, int) else logging.getLevelNamesMapping()[chosen.strip().upper()]


def rename_service(who: settings.Identity) -> None:
    """Names the process anew, in its lines and its files' names."""
    line.identify(who)
    if line.files is not None:
        line.open_files(line.files.folder, who.service, line.files.keep_days)


def is_set_up() -> bool:
    return line.level != NEVER


@explained
def setup_logging(
    service_name: str | None = None,
    *,
    level: str | int | None = None,
    env: str | None = None,
    mask: bool = True,
    mask_keys: Iterable[str] = (),
    mask_patterns: Iterable[str | re.Pattern[str]] = (),
    mask_phones: bool = False,
    stream: TextIO | None = None,
    log_dir: str | os.PathLike[str] | None = None,
    log_stdout: bool | None = None,
) -> None:
    """Sends structlog's and the standard library's logs to stdout (or `stream`) as JSON. May be called again.

    With `log_dir` (or LOG_DIR) they are written to `<service>.log` in that folder as well, those of level error and
    worse also to `<service>.error.log`; `log_stdout` (or LOG_STDOUT) False then leaves stdout to lines that cannot be
    written there. With the first line after midnight UTC the files are renamed to `<file>.YYYY-MM-DD`, and those are
    kept for LOG_KEEP_DAYS days. What cannot be written is told on stderr, once a cause; nothing is raised.

    `mask_keys`, `mask_patterns` and `mask_phones` are those of `masking.add`: what is masked in this process' logs,
    spans and errors beside what always is. Raises SettingError, which names every keyword and variable that cannot be
    used.
    """
    if settings.disabled():
        return
    settings.check(
        settings.identity_problems(service_name, env),
        settings.logging_problems(
            level=level, log_dir=log_dir, log_stdout=log_stdout, mask=mask, mask_phones=mask_phones
        ),
        masking.problems(mask_keys, mask_patterns),
    )
    masking.add(keys=mask_keys, patterns=mask_patterns, phones=mask_phones)
    who = settings.identity(service_name, env)
    line.identify(who)
    line.masking = mask
    line.stream = stream or sys.stdout  # that of now: an agent's tool may redirect it for what it calls
    folder, to_stream = settings.log_folder(log_dir), settings.log_stdout(log_stdout)
    if folder is None and not to_stream:
        settings.warn_once(
            "LOG_STDOUT is false and no LOG_DIR is set, which would leave no logs, so they go to stdout: "
            "set LOG_DIR to a folder, or LOG_STDOUT to true"
        )
    line.to_stream = to_stream or folder is None
    line.open_files(folder, who.service, settings.log_keep_days())
    line.level = number = level_number(level)
    configure_structlog()
    route_standard_logging(number)
    route_loguru()
    route_server_logging(access_log=True)
