"""Who works, and how much waits: what Redis knows and the ledger does not."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from redis.exceptions import RedisError
from rq import Worker
from rq.worker.base import BaseWorker

from prevent_trust.queues import QUEUES, queue, redis_from_url

SILENT_AFTER = timedelta(minutes=10)  # RQ's workers beat every seven minutes at the least while they are idle


@dataclass(frozen=True)
class WorkerAlive:
    name: str
    state: str  # RQ's word: idle, busy, suspended, started
    queues: tuple[str, ...]
    last_beat: datetime | None
    silent: bool


@dataclass(frozen=True)
class EngineRoom:
    """`reachable` is false when Redis does not answer; then nothing else is known."""

    reachable: bool
    workers: tuple[WorkerAlive, ...] = ()
    waiting: tuple[tuple[str, int], ...] = ()  # the queue and how many calls wait in it


def engine_room(redis_url: str, *, now: datetime) -> EngineRoom:
    """The workers that have said something lately, and the length of each queue."""
    try:
        workers = tuple(_alive(worker, now) for worker in Worker.all(connection=redis_from_url(redis_url)))
        waiting = tuple((name, queue(name, redis_url).count) for name in QUEUES)
    except RedisError:
        return EngineRoom(reachable=False)
    return EngineRoom(reachable=True, workers=workers, waiting=waiting)


def _alive(worker: BaseWorker, now: datetime) -> WorkerAlive:
    beat = worker.last_heartbeat
    if beat is not None and beat.tzinfo is None:
        beat = beat.replace(tzinfo=UTC)
    return WorkerAlive(
        name=worker.name,
        state=str(worker.get_state()),
        queues=tuple(worker.queue_names()),
        last_beat=beat,
        silent=beat is None or now - beat > SILENT_AFTER,
    )
