"""Asking for a job, and reading how it went."""

import uuid
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from flask import current_app
from redis.exceptions import RedisError
from sqlalchemy import ColumnElement, event, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from prevent_trust.config import Settings
from prevent_trust.database import db, new_id
from prevent_trust.jobs.models import JobRun, JobState
from prevent_trust.jobs.registry import job_kind
from prevent_trust.queues import queue
from prevent_trust.tenancy import PlatformScope, Scope, scope_bound

log = structlog.get_logger(__name__)

ENTRY_POINT = "prevent_trust.jobs.entry.run_job"
MOST_ATTEMPTS = 5
WAIT_BEFORE_ASKING_AGAIN = timedelta(seconds=90)
_WAITING = "jobs_to_enqueue"


def request_job(
    kind: str,
    *,
    scope: Scope,
    title: str,
    arguments: dict[str, Any] | None = None,
    requested_by: uuid.UUID | None = None,
    once_key: str | None = None,
) -> uuid.UUID:
    """Writes a job into the ledger and hands it to RQ once the transaction has committed. Returns its id.

    With a `once_key` that the ledger already has, nothing is added and the id of the earlier job is returned.
    """
    name = job_kind(kind).queue
    job_id = new_id()
    values = {
        "id": job_id,
        "kind": kind,
        "queue": name,
        "scope": scope.stamp,
        "title": title,
        "arguments": arguments or {},
        "requested_by": requested_by,
        "once_key": once_key,
    }
    statement = insert(JobRun).values(values)
    if once_key is None:
        db.session.execute(statement)
    else:
        once = statement.on_conflict_do_nothing(index_elements=["once_key"]).returning(JobRun.id)
        if db.session.scalar(once) is None:
            return db.session.scalars(select(JobRun.id).where(JobRun.once_key == once_key)).one()
    db.session().info.setdefault(_WAITING, []).append((job_id, name))
    return job_id


def enqueue_after_commit() -> None:
    """Registers the hand-over on the application's session; called once by the factory."""
    if not event.contains(db.session, "after_commit", _enqueue_waiting):
        event.listen(db.session, "after_commit", _enqueue_waiting)
        event.listen(db.session, "after_soft_rollback", _forget_waiting)


def _enqueue_waiting(session: Session) -> None:
    for job_id, name in session.info.pop(_WAITING, []):
        enqueue(job_id, name)


def _forget_waiting(session: Session, previous: object) -> None:
    if not session.in_nested_transaction():
        session.info.pop(_WAITING, None)


def enqueue(job_id: uuid.UUID, queue_name: str) -> bool:
    """Hands a job to RQ. When Redis does not answer, the sweep does it later: the ledger has the job."""
    settings: Settings = current_app.extensions["settings"]
    try:
        queue(queue_name, settings.redis_url).enqueue(ENTRY_POINT, str(job_id), result_ttl=600, failure_ttl=86400)
    except RedisError as error:
        log.warning("job waits for the sweep", job_id=str(job_id), error=str(error))
        return False
    return True


def advisory_key(job_id: uuid.UUID) -> int:
    """The key of the PostgreSQL advisory lock that a worker holds while it does the job."""
    return int.from_bytes(job_id.bytes[8:], signed=True)


def sweep() -> int:
    """Enqueues again every job that nobody is doing: asked for while Redis was away, or whose worker died.

    A living worker holds the job's advisory lock, so a lock that can be had means that there is none. Returns how many.
    """
    asked = 0
    with scope_bound(PlatformScope()):
        threshold = datetime.now(UTC) - WAIT_BEFORE_ASKING_AGAIN
        for run in db.session.scalars(_nobody_does(threshold)).all():
            if not db.session.scalar(text("select pg_try_advisory_xact_lock(:key)"), {"key": advisory_key(run.id)}):
                continue
            if run.attempts >= MOST_ATTEMPTS:
                run.state = JobState.FAILED
                run.finished_at = datetime.now(UTC)
                run.message = "Tried too often: each time the worker stopped before the job was done."
                continue
            run.state = JobState.QUEUED
            run.enqueued_at = datetime.now(UTC)
            db.session().info.setdefault(_WAITING, []).append((run.id, run.queue))
            asked += 1
        db.session.commit()
    return asked


def _nobody_does(threshold: datetime) -> Any:
    last_sign: ColumnElement[datetime] = db.func.greatest(
        JobRun.created_at, JobRun.enqueued_at, JobRun.started_at, JobRun.beat_at
    )
    return (
        select(JobRun)
        .where(JobRun.state.in_([JobState.QUEUED, JobState.RUNNING]), last_sign < threshold)
        .order_by(JobRun.created_at)
        .limit(500)
    )


def job_run(job_id: uuid.UUID) -> JobRun | None:
    """A job that the bound scope may see."""
    return db.session.get(JobRun, job_id)


def jobs_of(scope: Scope, kinds: Collection[str], *, limit: int = 20) -> list[JobRun]:
    """The tenant's own jobs of those kinds, the latest first."""
    return list(
        db.session.scalars(
            select(JobRun)
            .where(JobRun.scope == scope.stamp, JobRun.kind.in_(list(kinds)))
            .order_by(JobRun.created_at.desc())
            .limit(limit)
        )
    )


def asked_lately(kinds: Collection[str], *, since: datetime, limit: int = 20) -> list[JobRun]:
    """Jobs of those kinds that are not finished or were asked for since then, the latest first. In the platform's scope."""
    return list(
        db.session.scalars(
            select(JobRun)
            .where(
                JobRun.kind.in_(list(kinds)),
                JobRun.state.in_([JobState.QUEUED, JobState.RUNNING]) | (JobRun.created_at >= since),
            )
            .order_by(JobRun.created_at.desc(), JobRun.id.desc())
            .limit(limit)
        )
    )


def run_again(job_id: uuid.UUID) -> bool:
    """Asks for a finished job once more. Returns False when it is not finished."""
    run = db.session.get_one(JobRun, job_id)
    if not run.is_finished:
        return False
    run.state = JobState.QUEUED
    run.attempts = 0
    run.message = ""
    run.enqueued_at = datetime.now(UTC)
    run.finished_at = None
    db.session.flush()
    db.session().info.setdefault(_WAITING, []).append((run.id, run.queue))
    return True
