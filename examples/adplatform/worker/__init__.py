"""ad-worker: renders the videos that the API queued, as Celery tasks."""
