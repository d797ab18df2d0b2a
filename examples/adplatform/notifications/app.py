"""The receiver's routes."""

from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError
from signalfire import get_logger, setup_monitoring
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from examples.adplatform.database import check_database, open_database
from examples.adplatform.notifications.links import SILENCE, links
from examples.adplatform.notifications.message import Message
from examples.adplatform.notifications.page import render_page
from examples.adplatform.notifications.store import Store
from examples.adplatform.running import flush_at_the_end
from examples.adplatform.tables import Notification

log = get_logger(__name__)


def create_app(database_url: str) -> Starlette:
    app = Starlette(
        routes=[
            Route("/alerts", receive, methods=["POST"]),
            Route("/notifications", list_notifications),
            Route("/", show_page),
        ],
        lifespan=flush_at_the_end,
    )
    app.state.monitoring = monitoring = setup_monitoring(app, service_name="notifications")
    sessions = open_database(database_url)
    monitoring.health.register("database", lambda: check_database(sessions))
    app.state.store = Store(sessions)
    return app


async def receive(request: Request) -> Response:
    try:
        message = Message.model_validate_json(await request.body())
    except ValidationError as error:
        return JSONResponse({"detail": error.errors(include_url=False, include_input=False)}, status_code=422)
    await run_in_threadpool(request.app.state.store.add, message)
    for alert in message.alerts:
        log.info("notification received", alertname=alert.labels.get("alertname"), status=alert.status)
    return Response(status_code=204)


def list_notifications(request: Request) -> Response:
    return JSONResponse([view(notification) for notification in request.app.state.store.newest_first()])


def show_page(request: Request) -> Response:
    return HTMLResponse(render_page(request.app.state.store.newest_first()))


def view(notification: Notification) -> dict[str, Any]:
    return {
        "received_at": datetime.fromtimestamp(notification.received_at, UTC).isoformat(),
        "status": notification.status,
        "alertname": notification.labels.get("alertname"),
        "severity": notification.labels.get("severity"),
        "summary": notification.annotations.get("summary"),
        "description": notification.annotations.get("description"),
        "starts_at": notification.starts_at,
        "ends_at": notification.ends_at,
        "fingerprint": notification.fingerprint,
        "labels": notification.labels,
        "annotations": {name: text for name, text in notification.annotations.items() if name != SILENCE},
        "links": links(notification),
    }
