from examples.adplatform.api.app import create_app
from examples.adplatform.running import serve
from examples.adplatform.settings import Settings

settings = Settings.from_environment(default_port=8000)
serve(create_app(settings), settings.listen, settings.port)
