from signalfire import setup_monitoring

from examples.adplatform.agents.asking import check_providers
from examples.adplatform.agents.service import AgentService
from examples.adplatform.agents.spending import track_costs
from examples.adplatform.database import check_database, open_database
from examples.adplatform.running import SECONDS_TO_FLUSH, run_until_stopped
from examples.adplatform.settings import Settings

settings = Settings.from_environment(default_port=8003)
monitoring = setup_monitoring(service_name="ad-agents")
costs = track_costs(settings.database_url)
sessions = open_database(settings.database_url)
monitoring.health.register("database", lambda: check_database(sessions))
check_providers(monitoring.health, settings.provider_url)
run_until_stopped(AgentService(sessions, settings.provider_url).run, monitoring, settings)
costs.close(SECONDS_TO_FLUSH)
