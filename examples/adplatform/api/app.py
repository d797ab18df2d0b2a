"""The application itself: routers, what they share, and the one line that has it watched."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from signalfire import setup_monitoring
from signalfire.databases import instrument_sqlalchemy
from signalfire.workers import setup_celery_monitoring

from examples.adplatform.api import campaigns, faults, predictions, videos
from examples.adplatform.api.background import every_second
from examples.adplatform.api.cache import PredictionCache
from examples.adplatform.api.flagships import plant_flagships
from examples.adplatform.api.forecasting import Accuracy
from examples.adplatform.api.injection import fail_sometimes
from examples.adplatform.api.orders import Orders
from examples.adplatform.api.users import Users, limit_rate
from examples.adplatform.broker import create_celery
from examples.adplatform.database import engine_of, open_database, prune
from examples.adplatform.faults import FaultBoard
from examples.adplatform.queue import QueueFullError
from examples.adplatform.running import flush_at_the_end
from examples.adplatform.settings import Settings
from examples.adplatform.taking import every

SECONDS_A_PREDICTION_HOLDS = 30
SECONDS_BETWEEN_REMINDERS = 15.0
SECONDS_BETWEEN_PRUNINGS = 60.0


def create_app(settings: Settings) -> FastAPI:
    app = FastAPI(title="Ad platform", lifespan=lifespan)
    app.state.monitoring = monitoring = setup_monitoring(app, service_name="ad-api", status_page=True)

    sessions = open_database(settings.database_url)
    plant_flagships(sessions)
    engine = engine_of(sessions)
    celery = create_celery(settings)
    setup_celery_monitoring(celery, service_name="ad-api")
    instrument_sqlalchemy(engine, database="adplatform")
    monitoring.health.check_database(engine)
    monitoring.health.check_system_resources(cpu=None, disk=0.98)  # the load generator shares the machine
    app.state.sessions = sessions
    app.state.faults = FaultBoard(sessions)
    app.state.users = Users()
    app.state.orders = Orders(celery)
    app.state.accuracy = Accuracy()
    app.state.predictions = PredictionCache(settings.redis_url, seconds=SECONDS_A_PREDICTION_HOLDS)

    version_1 = APIRouter(prefix="/api/v1", dependencies=[Depends(limit_rate), Depends(fail_sometimes)])
    version_1.include_router(campaigns.router)
    version_1.include_router(videos.router)
    version_1.include_router(predictions.router)
    app.include_router(version_1)
    app.include_router(faults.router)
    app.add_exception_handler(QueueFullError, refuse_job)
    app.add_exception_handler(RequestValidationError, refuse_input)
    return app


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with flush_at_the_end(app):
        stopping = asyncio.Event()
        sessions = app.state.sessions
        background = [
            asyncio.create_task(every_second(app.state.users, app.state.faults)),
            asyncio.create_task(every(SECONDS_BETWEEN_REMINDERS, sessions, app.state.orders.remind, stopping)),
            asyncio.create_task(every(SECONDS_BETWEEN_PRUNINGS, sessions, prune, stopping)),
        ]
        yield
        for task in background:
            task.cancel()


def refuse_job(_request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, status_code=429, headers={"Retry-After": "60"})


def refuse_input(_request: Request, error: Exception) -> JSONResponse:
    """What is wrong and where, without the input: NaN, or half a character, can be no part of an answer."""
    assert isinstance(error, RequestValidationError)
    problems = [{"type": each["type"], "loc": each["loc"], "msg": each["msg"]} for each in error.errors()]
    return JSONResponse({"detail": problems}, status_code=422)
