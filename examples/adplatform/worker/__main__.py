from signalfire import setup_monitoring, start_metrics_server

from examples.adplatform.database import check_database, open_database
from examples.adplatform.running import run_until_stopped
from examples.adplatform.settings import Settings
from examples.adplatform.worker.service import Worker

settings = Settings.from_environment(default_port=8002)
monitoring = setup_monitoring(service_name="ad-worker")
sessions = open_database(settings.database_url)
monitoring.health.register("database", lambda: check_database(sessions))
start_metrics_server(settings.port, addr=settings.listen, health=monitoring.health)
run_until_stopped(Worker(sessions).run, monitoring)
