"""Long absences: from a day, for a reason, until a last day that may not be known yet. Who is away is not counted."""

import uuid
from datetime import date

from sqlalchemy import or_, select

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.staff.actions import StaffProblem
from tenants.staff.models import AbsenceReason, StaffAbsence


def absences_of(scope: SchoolScope, staff_id: uuid.UUID) -> list[StaffAbsence]:
    """Somebody's absences, the latest first."""
    require_bound(scope)
    return list(
        db.session.scalars(
            select(StaffAbsence)
            .where(StaffAbsence.school_id == scope.school_id, StaffAbsence.staff_id == staff_id)
            .order_by(StaffAbsence.from_on.desc(), StaffAbsence.id)
        )
    )


def away_on(scope: SchoolScope, day: date) -> set[uuid.UUID]:
    """Who of the school's staff is away on a day."""
    require_bound(scope)
    return set(
        db.session.scalars(
            select(StaffAbsence.staff_id).where(
                StaffAbsence.school_id == scope.school_id,
                StaffAbsence.from_on <= day,
                or_(StaffAbsence.until_on.is_(None), StaffAbsence.until_on >= day),
            )
        )
    )


def save_absence(
    scope: SchoolScope,
    *,
    staff_id: uuid.UUID,
    absence_id: uuid.UUID | None,
    reason: AbsenceReason,
    from_on: date,
    until_on: date | None,
    recorded_by: uuid.UUID | None,
) -> bool:
    """Adds an absence of a member of the school's staff, or changes one. False when there is none of that id.

    Raises StaffProblem when the last day comes first, or when somebody would be away twice at a time.
    """
    require_bound(scope)
    others = [each for each in absences_of(scope, staff_id) if each.id != absence_id]
    if until_on is not None and until_on < from_on:
        raise StaffProblem({"until_on": ["The last day away must be on or after the first"]})
    for other in others:
        if (until_on is None or other.from_on <= until_on) and (other.until_on is None or other.until_on >= from_on):
            raise StaffProblem({"from_on": ["Another absence is recorded for some of these days: change that one"]})
    absence = db.session.get(StaffAbsence, absence_id) if absence_id else None
    if absence_id and (absence is None or absence.staff_id != staff_id or absence.school_id != scope.school_id):
        return False
    if absence is None:
        absence = StaffAbsence(school_id=scope.school_id, staff_id=staff_id)
        db.session.add(absence)
    absence.reason, absence.from_on, absence.until_on = reason, from_on, until_on
    absence.recorded_by = recorded_by
    db.session.flush()
    return True


def remove_absence(scope: SchoolScope, *, staff_id: uuid.UUID, absence_id: uuid.UUID) -> bool:
    """Takes away an absence that was recorded by mistake. False when there is none of that id."""
    found = next((each for each in absences_of(scope, staff_id) if each.id == absence_id), None)
    if found is None:
        return False
    db.session.delete(found)
    db.session.flush()
    return True
