"""Reads of courses and completions."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.access.models import Account
from tenants.training.models import CompletionSource, Course, TrainingCompletion


def courses() -> Sequence[Course]:
    """The catalogue in its order."""
    return db.session.scalars(select(Course).order_by(Course.position, Course.key)).all()


@dataclass(frozen=True)
class CompletionRow:
    id: uuid.UUID
    course: str
    completed_on: date
    source: CompletionSource
    recorded_by: str | None
    recorded_at: datetime


def completions_of(scope: SchoolScope, staff_id: uuid.UUID) -> list[CompletionRow]:
    """All that somebody has completed, the latest first."""
    require_bound(scope)
    rows = db.session.execute(
        select(
            TrainingCompletion.id,
            Course.title,
            TrainingCompletion.completed_on,
            TrainingCompletion.source,
            Account.name,
            TrainingCompletion.created_at,
        )
        .join(Course, Course.id == TrainingCompletion.course_id)
        .outerjoin(Account, Account.id == TrainingCompletion.recorded_by)
        .where(TrainingCompletion.school_id == scope.school_id, TrainingCompletion.staff_id == staff_id)
        .order_by(TrainingCompletion.completed_on.desc(), Course.position)
    )
    return [CompletionRow(*row) for row in rows]
