"""When do the dashboards have something to show?"""

from kit.settings import Settings


def first_data_query(settings: Settings, since: float | None) -> str:
    """PromQL that has a result once they do.

    since: seconds since the epoch; what was stored before, at an earlier start of the stack, is no sign of life.
    """
    metric = "http_requests_total" if settings.demo.enabled else "up"
    return metric if since is None else f"timestamp({metric}) > {since:.3f}"
