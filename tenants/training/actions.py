"""Writes of completions."""

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from prevent_trust.database import db, new_id
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.staff.queries import of_this_school
from tenants.training.models import TrainingCompletion


def record_completions(
    scope: SchoolScope,
    *,
    staff_ids: Sequence[uuid.UUID],
    course_id: uuid.UUID,
    completed_on: date,
    recorded_by: uuid.UUID | None,
) -> int:
    """Writes that people of the school completed a course on a day. Returns how many of them had not been written yet."""
    ours = of_this_school(scope, staff_ids)
    if not ours:
        return 0
    rows = [
        {
            "id": new_id(),
            "school_id": scope.school_id,
            "staff_id": staff_id,
            "course_id": course_id,
            "completed_on": completed_on,
            "recorded_by": recorded_by,
        }
        for staff_id in ours
    ]
    statement = insert(TrainingCompletion).values(rows).on_conflict_do_nothing().returning(TrainingCompletion.id)
    return len(db.session.scalars(statement).all())


def remove_completion(scope: SchoolScope, *, completion_id: uuid.UUID) -> bool:
    """Takes a wrong completion away. False when the school has no such one."""
    require_bound(scope)
    removed = db.session.scalars(
        delete(TrainingCompletion)
        .where(TrainingCompletion.school_id == scope.school_id, TrainingCompletion.id == completion_id)
        .returning(TrainingCompletion.id)
    ).all()
    return bool(removed)
