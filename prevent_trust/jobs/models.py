"""The ledger of jobs. Redis only carries the call; what was asked for, how far it is and how it ended are here."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from prevent_trust.database import Record, closed_set


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class JobRun(Record):
    __tablename__ = "job_run"

    kind: Mapped[str]  # a name in prevent_trust.jobs.registry
    queue: Mapped[str]
    scope: Mapped[str]  # the stamp that the job runs under
    title: Mapped[str]
    arguments: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    state: Mapped[JobState] = mapped_column(
        closed_set(JobState, "state"), default=JobState.QUEUED, server_default="queued"
    )
    done: Mapped[int] = mapped_column(default=0, server_default="0")
    total: Mapped[int | None]
    message: Mapped[str] = mapped_column(default="", server_default="")
    result: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    log: Mapped[str] = mapped_column(default="", server_default="")
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    requested_by: Mapped[uuid.UUID | None]
    once_key: Mapped[str | None] = mapped_column(unique=True)  # work that is wanted once, e.g. digests of a week
    enqueued_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    beat_at: Mapped[datetime | None]  # last sign of life
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_job_run_scope_created_at", "scope", "created_at"),
        Index("ix_job_run_unfinished", "state", postgresql_where=text("state in ('queued', 'running')")),
    )

    @property
    def is_finished(self) -> bool:
        return self.state in {JobState.DONE, JobState.FAILED}
