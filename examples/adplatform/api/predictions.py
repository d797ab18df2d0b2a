import random
import time

from fastapi import APIRouter, Depends, Request
from signalfire import get_logger

from examples.adplatform.api.cache import PredictionCache
from examples.adplatform.api.dependencies import DatabaseSession, existing_campaign
from examples.adplatform.api.forecasting import BEST_MODEL, MODELS
from examples.adplatform.api.injection import respond_late
from examples.adplatform.api.schemas import Prediction, PredictionRequest
from examples.adplatform.latency import log_normal

log = get_logger(__name__)
router = APIRouter(prefix="/predictions", tags=["predictions"])

MODEL_SECONDS = 0.04
MODEL_FAILURE_SHARE = 0.002  # of the computed ones: a failure every few minutes, as in any real service


class ModelUnavailableError(Exception):
    """The prediction model's process was being replaced."""


@router.post("", dependencies=[Depends(respond_late)])
def predict(wanted: PredictionRequest, request: Request, session: DatabaseSession) -> Prediction:
    cache: PredictionCache = request.app.state.predictions
    known = cache.get(wanted.campaign_id, wanted.days)
    if known is not None:
        return known
    campaign = existing_campaign(wanted.campaign_id, session)
    roas = run_model(MODELS[BEST_MODEL](campaign), wanted.days)
    prediction = Prediction(campaign_id=campaign.id, days=wanted.days, roas=round(roas, 3), model=BEST_MODEL)
    cache.put(prediction)
    log.info("return predicted", campaign_id=campaign.id, days=wanted.days, roas=prediction.roas)
    return prediction


def run_model(roas: float, days: int) -> float:
    """Stands for a real model, with its time and its failures. Returns fall every day, as people tire of an ad."""
    time.sleep(log_normal(MODEL_SECONDS))
    if random.random() < MODEL_FAILURE_SHARE:
        raise ModelUnavailableError("the prediction model is being replaced by a new version")
    return float(roas * 0.995**days)
