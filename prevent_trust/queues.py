"""Redis and the RQ queues. Which queues there are stands here and nowhere else."""

from functools import lru_cache

from redis import Redis
from rq import Queue

IMPORTS = "imports"
MAIL = "mail"
REPORTS = "reports"
QUEUES = (MAIL, IMPORTS, REPORTS)  # in the order in which a worker serves them

JOB_TIMEOUT_SECONDS = 60 * 60


@lru_cache(maxsize=4)
def redis_from_url(url: str) -> Redis:
    return Redis.from_url(url, socket_connect_timeout=2, health_check_interval=30)


def queue(name: str, url: str) -> Queue:
    """The queue of that name. Raises ValueError for a name that no worker serves."""
    if name not in QUEUES:
        raise ValueError(f"no worker serves a queue named {name!r}")
    return Queue(name, connection=redis_from_url(url), default_timeout=JOB_TIMEOUT_SECONDS)
