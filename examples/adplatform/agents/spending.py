"""What the agents may spend on models, and where each call's price is written down.

An ordinary day costs at most nine dollars, whatever the visitors do: answers are kept for a quarter of an hour, and
the bids are looked at every two seconds. The fault "cost_runaway" spends twenty to thirty dollars a minute.
"""

from pathlib import Path

from signalfire.costs import Budget, CostTracker
from sqlalchemy.engine import make_url

BUDGETS = (Budget("agents", 15, "day"), Budget("agents", 400, "month"))


def track_costs(database_url: str, budgets: tuple[Budget, ...] = BUDGETS) -> CostTracker:
    """Records every model call of this process, in a ledger beside the database where that is a file."""
    tracker = CostTracker(ledger_beside(database_url), budgets)
    tracker.watch_calls()
    return tracker


def ledger_beside(database_url: str) -> Path | str:
    url = make_url(database_url)
    is_file = url.get_backend_name() == "sqlite" and url.database
    return Path(url.database or "").parent / "costs" if is_file else ""
