from examples.adplatform.api.app import create_app
from examples.adplatform.running import serve
from examples.adplatform.settings import Settings

settings = Settings.from_environment(default_port=8000)
serve(create_app(settings.database_url, settings.redis_url), settings.listen, settings.port)
