import gc
import warnings
from typing import Any

from celery.platforms import SecurityWarning  # type: ignore[import-untyped]
from celery.signals import worker_init, worker_ready  # type: ignore[import-untyped]
from signalfire.workers import setup_celery_monitoring

from examples.adplatform.broker import create_celery
from examples.adplatform.running import SECONDS_TO_FLUSH
from examples.adplatform.settings import Settings
from examples.adplatform.worker.rendering import add_tasks
from examples.adplatform.worker.valve import Valve

VIDEOS_AT_ONCE = 3
SECONDS_BETWEEN_LOOKS = 1.0

settings = Settings.from_environment(default_port=8002)
app = create_celery(settings)
setup_celery_monitoring(
    app,
    service_name="ad-worker",
    metrics_port=settings.port,
    metrics_addr=settings.listen,
    queue_interval=1,
    shutdown_timeout=SECONDS_TO_FLUSH,
)
add_tasks(app, settings.database_url)


@worker_init.connect  # type: ignore[untyped-decorator]
def share_what_is_loaded(**_: Any) -> None:
    """With the processes that are forked next: a garbage collection in one of them would copy all of it."""
    gc.freeze()


@worker_ready.connect  # type: ignore[untyped-decorator]
def watch_valve(sender: Any, **_: Any) -> None:
    """Once more after the broker was away: `sender` is another consumer then."""
    sender.timer.call_repeatedly(SECONDS_BETWEEN_LOOKS, Valve(settings.database_url, sender).turn)


warnings.simplefilter("ignore", SecurityWarning)  # whoever starts the platform as root has seen that it is root
alone = ["--without-gossip", "--without-mingle", "--without-heartbeat"]  # there are no other workers to talk to
app.worker_main(["worker", "--pool=prefork", f"--concurrency={VIDEOS_AT_ONCE}", "--loglevel=INFO", *alone])
