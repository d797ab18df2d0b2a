"""What the API and its worker share: the Celery application and the broker between them.

Redis where DEMO_REDIS_URL names one, else a folder of files, so that nothing must be installed. A message only tells a
worker to look: what is to be done, and whether it is done already, stands in the table of jobs (queue.py).
"""

import time
import uuid
from pathlib import Path
from typing import Any

from celery import Celery  # type: ignore[import-untyped]
from kombu import Queue  # type: ignore[attr-defined]
from kombu.transport import filesystem
from kombu.utils.json import dumps

from examples.adplatform.settings import Settings

QUEUE = "videos"
RENDER_VIDEO = "render_video"

SECONDS_BETWEEN_LOOKS = 0.5
SECONDS_TO_ANSWER = 2
MOST_SECONDS_A_TASK = 60
"""After this its process is killed."""


class Channel(filesystem.Channel):
    """Kombu's, but a message appears whole: its own writes into a file that a worker may already be reading."""

    def _put(self, queue: str, payload: dict[str, Any], **_: Any) -> None:  # type: ignore[override]
        name = f"{time.time_ns()}_{uuid.uuid4()}.{queue}.msg"
        folder = Path(self.data_folder_out)
        unfinished = folder / f".{name}"
        unfinished.write_text(dumps(payload), encoding="utf-8")  # type: ignore[no-untyped-call]
        unfinished.rename(folder / name)


class Transport(filesystem.Transport):
    Channel = Channel


def create_celery(settings: Settings) -> Celery:
    app = Celery("adplatform", broker=settings.redis_url or "filesystem://localhost", set_as_current=False)
    if settings.redis_url:
        timeouts = {"socket_timeout": SECONDS_TO_ANSWER, "socket_connect_timeout": SECONDS_TO_ANSWER}
        app.conf.broker_transport_options = timeouts
    else:
        folder = Path(settings.broker_folder).resolve()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        app.conf.broker_transport = f"{__name__}:{Transport.__name__}"
        app.conf.broker_transport_options = {
            "data_folder_in": str(folder),
            "data_folder_out": str(folder),
            "polling_interval": SECONDS_BETWEEN_LOOKS,
        }
    # A queue of the nameless exchange can be sent to without a declaration, which the folder would keep in a file.
    queue = Queue(QUEUE)  # type: ignore[no-untyped-call]
    app.conf.update(
        task_queues=[queue],
        task_default_queue=QUEUE,
        task_default_exchange="",
        task_default_routing_key=QUEUE,
        task_ignore_result=True,
        task_time_limit=MOST_SECONDS_A_TASK,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        broker_connection_retry_on_startup=True,
    )
    return app
