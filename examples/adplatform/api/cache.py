"""A cache in front of the predictions, in Redis."""

from redis import Redis, RedisError
from signalfire import get_logger, metrics
from signalfire.databases import instrument_redis

from examples.adplatform.api.redis_stand_in import start_stand_in
from examples.adplatform.api.schemas import Prediction

SECONDS_TO_ANSWER = 0.5

log = get_logger(__name__)


class PredictionCache:
    """Forgets what is older than `seconds`, and counts hits and misses. While Redis is away everything is a miss."""

    def __init__(self, url: str, *, seconds: int) -> None:
        """`url` as in redis://127.0.0.1:6379; an empty one starts a stand-in."""
        self._client = Redis.from_url(
            url or start_stand_in(),
            protocol=2,
            socket_timeout=SECONDS_TO_ANSWER,
            socket_connect_timeout=SECONDS_TO_ANSWER,
        )
        self._seconds = seconds
        instrument_redis(self._client)

    def get(self, campaign_id: int, days: int) -> Prediction | None:
        try:
            found = self._client.get(_key(campaign_id, days))
        except RedisError as error:
            log.warning("cache unreachable", error=type(error).__name__)
            found = None
        metrics.cache_requests_total.labels(cache="predictions", result="hit" if found else "miss").inc()
        return Prediction.model_validate_json(found) if isinstance(found, bytes) else None

    def put(self, prediction: Prediction) -> None:
        try:
            key = _key(prediction.campaign_id, prediction.days)
            self._client.set(key, prediction.model_dump_json(), ex=self._seconds)
        except RedisError as error:
            log.warning("cache unreachable", error=type(error).__name__)


def _key(campaign_id: int, days: int) -> str:
    return f"prediction:{campaign_id}:{days}"
