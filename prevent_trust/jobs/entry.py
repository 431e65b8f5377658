"""What RQ calls: a job's id comes in, its scope is bound, its work is done, its end is written down."""

import traceback
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import Connection, func, text, update
from sqlalchemy.exc import DBAPIError

from prevent_trust.database import db
from prevent_trust.jobs.ledger import advisory_key
from prevent_trust.jobs.models import JobRun, JobState
from prevent_trust.jobs.registry import job_kind
from prevent_trust.tenancy import PlatformScope, bind_scope, parse_scope


def run_job(job_id: str) -> None:
    """Does a job of the ledger, unless it is finished or another worker is at it.

    What the work changed is committed together with the note that it is done; a worker killed before that leaves
    the job to the sweep, which asks for it again, and so does one whose connection to the database broke. Any other
    exception is written down and raised.
    """
    key = uuid.UUID(job_id)
    with _attended(key) as notes:
        if notes is None:
            return
        bind_scope(PlatformScope())
        run = db.session.get(JobRun, key)
        if run is None or run.is_finished:
            db.session.rollback()
            return
        kind, scope, arguments = job_kind(run.kind), parse_scope(run.scope), dict(run.arguments)
        db.session.rollback()
        notes.write(state=JobState.RUNNING, attempts=JobRun.attempts + 1, started_at=func.now(), log="")
        try:
            bind_scope(scope)
            result = kind.work(progress=notes.progress, **arguments)
            bind_scope(PlatformScope())
            db.session.execute(
                update(JobRun)
                .where(JobRun.id == key)
                .values(state=JobState.DONE, result=result, finished_at=datetime.now(UTC), beat_at=func.now())
            )
            db.session.commit()
        except Exception as error:
            db.session.rollback()
            if isinstance(error, DBAPIError) and error.connection_invalidated:
                raise
            notes.write(
                state=JobState.FAILED,
                finished_at=func.now(),
                message=f"{type(error).__name__}: {error}",
                log=traceback.format_exc(),
            )
            raise
        finally:
            bind_scope(None)


class _Notes:
    """What a job says about itself, on a connection of its own and committed at once."""

    def __init__(self, connection: Connection, job_id: uuid.UUID) -> None:
        self._connection = connection
        self._job_id = job_id

    def write(self, **values: object) -> None:
        with self._connection.begin():
            self._connection.execute(text("select set_config('prevent.scope', 'platform:', true)"))
            self._connection.execute(update(JobRun).where(JobRun.id == self._job_id).values(**values))

    def progress(self, done: int, total: int | None = None, message: str = "") -> None:
        self.write(done=done, total=total, message=message, beat_at=func.now())


@contextmanager
def _attended(job_id: uuid.UUID) -> Iterator[_Notes | None]:
    """Holds the job's advisory lock; gives None when another worker holds it."""
    key = {"key": advisory_key(job_id)}
    with db.engine.connect() as connection:
        with connection.begin():
            got = connection.scalar(text("select pg_try_advisory_lock(:key)"), key)
        if not got:
            yield None
            return
        try:
            yield _Notes(connection, job_id)
        finally:
            if connection.in_transaction():
                connection.rollback()
            with connection.begin():
                connection.execute(text("select pg_advisory_unlock(:key)"), key)
