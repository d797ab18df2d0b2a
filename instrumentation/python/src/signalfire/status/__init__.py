"""A page that needs no server: what a service is doing now, from its own metrics.

`setup_monitoring(app, status_page=True)` serves it, `python -m signalfire.status` runs it alone over the /metrics of
running services. It shows what goes on inside, so give it the protection that such an address needs.
"""

from signalfire.status.page import Answer, StatusPage
from signalfire.status.sources import RegistrySource, ScrapedSource

__all__ = ["Answer", "RegistrySource", "ScrapedSource", "StatusPage"]
