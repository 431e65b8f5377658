"""Writes of completions."""

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from prevent_trust.database import db, new_id
from prevent_trust.tenancy import SchoolScope, TrustScope, require_bound
from tenants.staff.queries import of_this_school
from tenants.training.models import CompletionSource, CourseRule, RuleStanding, TrainingCompletion


def record_completions(
    scope: SchoolScope,
    *,
    staff_ids: Sequence[uuid.UUID],
    course_id: uuid.UUID,
    completed_on: date,
    recorded_by: uuid.UUID | None,
    source: CompletionSource = CompletionSource.RECORDED,
) -> int:
    """Writes that people of the school completed a course on a day. Returns how many of them had not been written yet."""
    done = [(staff_id, course_id, completed_on) for staff_id in staff_ids]
    return len(record_each(scope, done=done, source=source, recorded_by=recorded_by))


Done = tuple[uuid.UUID, uuid.UUID, date]  # who, which course, when


def record_each(
    scope: SchoolScope, *, done: Sequence[Done], source: CompletionSource, recorded_by: uuid.UUID | None
) -> Sequence[TrainingCompletion]:
    """Writes what people of the school completed, each their own. Returns what had not been written yet. Two queries."""
    ours = set(of_this_school(scope, {staff_id for staff_id, _, _ in done}))
    rows = [
        {
            "id": new_id(),
            "school_id": scope.school_id,
            "staff_id": staff_id,
            "course_id": course_id,
            "completed_on": completed_on,
            "source": source,
            "recorded_by": recorded_by,
        }
        for staff_id, course_id, completed_on in done
        if staff_id in ours
    ]
    if not rows:
        return []
    statement = insert(TrainingCompletion).on_conflict_do_nothing().returning(TrainingCompletion)
    return db.session.scalars(statement, rows).all()


def remove_completion(scope: SchoolScope, *, completion_id: uuid.UUID) -> bool:
    """Takes a wrong completion away. False when the school has no such one."""
    require_bound(scope)
    removed = db.session.scalars(
        delete(TrainingCompletion)
        .where(TrainingCompletion.school_id == scope.school_id, TrainingCompletion.id == completion_id)
        .returning(TrainingCompletion.id)
    ).all()
    return bool(removed)


def set_course_rule(
    scope: TrustScope,
    *,
    course_id: uuid.UUID,
    standing: RuleStanding,
    from_on: date,
    changed_by: uuid.UUID | None,
    validity_months: int | None = None,
    audience: Sequence[str] = (),
    grace_days: int = 0,
) -> None:
    """Says what holds for a course at the trust's schools from a day; said again for the same day it takes its place.

    Terms other than the standing count for `RuleStanding.OWN` only. Months from 1 to 120 or none; grace from 0 to 180 days.
    """
    require_bound(scope)
    own = standing is RuleStanding.OWN
    terms = {
        "standing": standing,
        "validity_months": validity_months if own else None,
        "audience": sorted(audience) if own else [],
        "grace_days": grace_days if own else 0,
        "changed_by": changed_by,
    }
    keys = {"trust_id": scope.trust_id, "course_id": course_id, "from_on": from_on}
    statement = insert(CourseRule).values(id=new_id(), **keys, **terms)
    db.session.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=terms))
