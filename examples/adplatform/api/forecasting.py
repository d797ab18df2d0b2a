"""Two simple models of a campaign's return on ad spend (ROAS), and how well each of them does."""

import math
import threading
from collections import deque
from collections.abc import Iterable

from signalfire import metrics

from examples.adplatform.tables import Campaign

PLATFORM_ROAS = {"search": 3.2, "social": 2.1, "video": 1.6, "display": 1.1}
PRIOR_SPEND_USD = 300.0  # how much spending the platform's average outweighs
OUTCOMES_REMEMBERED = 200


def platform_average(campaign: Campaign) -> float:
    return PLATFORM_ROAS[campaign.platform]


def campaign_history(campaign: Campaign) -> float:
    """The campaign's own return, drawn towards its platform's average while little was spent."""
    prior_revenue = PRIOR_SPEND_USD * platform_average(campaign)
    return (campaign.revenue_usd + prior_revenue) / (campaign.spend_usd + PRIOR_SPEND_USD)


MODELS = {"platform-average": platform_average, "campaign-history": campaign_history}
BEST_MODEL = "campaign-history"


class Accuracy:
    """Compares each model with the outcomes that came in last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._outcomes: dict[str, deque[tuple[float, float]]] = {
            model: deque(maxlen=OUTCOMES_REMEMBERED) for model in MODELS
        }

    def learn(self, campaign: Campaign, actual_roas: float) -> None:
        """`campaign` as it was before the outcome was known."""
        with self._lock:
            for model, predict in MODELS.items():
                outcomes = self._outcomes[model]
                outcomes.append((predict(campaign), actual_roas))
                for measure, value in measures(outcomes).items():
                    metrics.prediction_accuracy.labels(model=model, measure=measure).set(value)


def measures(outcomes: Iterable[tuple[float, float]]) -> dict[str, float]:
    """Mean absolute error, root mean squared error and R² of (predicted, actual) pairs; at least one pair."""
    pairs = list(outcomes)
    mean_actual = sum(actual for _, actual in pairs) / len(pairs)
    squared_error = sum((predicted - actual) ** 2 for predicted, actual in pairs)
    variation = sum((actual - mean_actual) ** 2 for _, actual in pairs)
    return {
        "mae": sum(abs(predicted - actual) for predicted, actual in pairs) / len(pairs),
        "rmse": math.sqrt(squared_error / len(pairs)),
        "r2": 1 - squared_error / variation if variation else 0.0,
    }
