"""What model calls cost: a ledger, budgets that tell in time, and reports."""

from signalfire.costs.budgets import Budget, BudgetEvent, BudgetStatus
from signalfire.costs.spending import Spend
from signalfire.costs.tracker import CostTracker

__all__ = ["Budget", "BudgetEvent", "BudgetStatus", "CostTracker", "Spend"]
