"""What a cost tracker and the command line are told: by keyword first, then by the environment."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from signalfire.costs.budgets import Budget, check_budgets
from signalfire.costs.calendar import Period
from signalfire.costs.money import from_usd
from signalfire.settings import SettingError

LEDGER = "SIGNALFIRE_COST_LEDGER"
RETENTION = "SIGNALFIRE_COST_RETENTION_DAYS"
TIMEZONE = "SIGNALFIRE_TIMEZONE"
_LIMITS: dict[str, Period] = {"SIGNALFIRE_BUDGET_DAY_USD": "day", "SIGNALFIRE_BUDGET_MONTH_USD": "month"}

DEFAULT_RETENTION_DAYS = 400  # the same month of last year, for comparison
_MAX_RETENTION_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class Options:
    """Where the ledger is (None: in memory alone), what may be spent, and when a day begins."""

    folder: Path | None
    budgets: tuple[Budget, ...]
    zone: tzinfo
    retention_days: int


OFF = Options(None, (), UTC, DEFAULT_RETENTION_DAYS)


def read_options(
    ledger: str | os.PathLike[str] | None,
    budgets: Iterable[Budget] | None,
    timezone: str | None,
    retention_days: int | None,
) -> Options:
    """Raises SettingError for what is invalid."""
    return Options(
        ledger_folder(ledger),
        check_budgets(environment_budgets() if budgets is None else budgets),
        time_zone(timezone),
        days_kept(retention_days),
    )


def variable(name: str) -> str:
    return os.environ.get(name, "").strip()


def ledger_folder(keyword: str | os.PathLike[str] | None) -> Path | None:
    if keyword is not None and not isinstance(keyword, str | os.PathLike):
        raise SettingError(
            f"ledger is {keyword!r}, which is no folder: write for example "
            'CostTracker("/var/lib/shop/costs", budgets=[Budget("total", 25, "day")])'
        )
    source, chosen = (LEDGER, variable(LEDGER)) if keyword is None else ("ledger", os.fspath(keyword))
    if not chosen:
        return None
    folder = Path(chosen).expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise SettingError(f"{source} is {chosen!r}, which is a file: name a folder, which is made where it is missing")
    return folder


def environment_budgets() -> list[Budget]:
    limits = ((name, period, variable(name)) for name, period in _LIMITS.items())
    return [environment_budget(name, period, text) for name, period, text in limits if text]


def environment_budget(name: str, period: Period, text: str) -> Budget:
    try:
        if from_usd(text) > 0:
            return Budget("total", text, period)
    except ValueError:
        pass
    raise SettingError(f"{name} is {text!r}, which is no amount of US dollars above 0: write for example 25")


def time_zone(keyword: str | None) -> tzinfo:
    source, chosen = (TIMEZONE, variable(TIMEZONE)) if keyword is None else ("timezone", keyword)
    if not chosen or chosen == str(UTC):
        return UTC  # also where the machine knows no time zones
    try:
        return ZoneInfo(chosen)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        raise SettingError(
            f"{source} is {chosen!r}, which is no time zone that this machine knows: write for example Europe/Berlin "
            "(where the machine knows none at all, install the package tzdata)"
        ) from None


def days_kept(keyword: int | None) -> int:
    source, chosen = (RETENTION, variable(RETENTION)) if keyword is None else ("retention_days", str(keyword))
    if not chosen:
        return DEFAULT_RETENTION_DAYS
    try:
        days = int(chosen)
    except ValueError:
        days = 0
    if not 1 <= days <= _MAX_RETENTION_DAYS:
        raise SettingError(
            f"{source} is {chosen!r}, which is not a whole number from 1 to {_MAX_RETENTION_DAYS}: write for example "
            f"{DEFAULT_RETENTION_DAYS}"
        )
    return days
