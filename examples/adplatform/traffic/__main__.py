from signalfire import setup_monitoring

from examples.adplatform.running import run_until_stopped
from examples.adplatform.settings import Settings
from examples.adplatform.traffic.generator import Generator

settings = Settings.from_environment(default_port=8004)
monitoring = setup_monitoring(service_name="ad-traffic")
run_until_stopped(Generator(settings.api_url, settings.requests_per_second).run, monitoring, settings)
