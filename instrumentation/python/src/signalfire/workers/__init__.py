"""Workers that take jobs from a queue."""

from signalfire.workers.celery import CeleryMonitoring, setup_celery_monitoring

__all__ = ["CeleryMonitoring", "setup_celery_monitoring"]
