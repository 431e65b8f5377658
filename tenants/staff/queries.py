"""Reads of staff."""

import uuid
from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import func, or_, select
from sqlalchemy.orm import selectinload

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.staff.models import StaffMember, StaffRole


def staff_of(scope: SchoolScope, *, as_at: date, leavers: bool = False) -> list[StaffMember]:
    """Who works at the school on the day, or who has left by it, by name, each with their roles. Two queries."""
    require_bound(scope)
    query = (
        select(StaffMember)
        .where(StaffMember.school_id == scope.school_id)
        .options(selectinload(StaffMember.roles))
        .order_by(func.lower(StaffMember.family_name), func.lower(StaffMember.given_name), StaffMember.id)
    )
    if leavers:
        query = query.where(StaffMember.leaves_on < as_at)
    else:
        query = query.where(or_(StaffMember.leaves_on.is_(None), StaffMember.leaves_on >= as_at))
    return list(db.session.scalars(query))


def staff_member(scope: SchoolScope, staff_id: uuid.UUID) -> StaffMember | None:
    """Somebody of the school, with their roles."""
    require_bound(scope)
    return db.session.scalar(
        select(StaffMember)
        .where(StaffMember.school_id == scope.school_id, StaffMember.id == staff_id)
        .options(selectinload(StaffMember.roles))
    )


def roles_on(member: StaffMember, day: date) -> list[StaffRole]:
    """The roles that somebody holds on a day, as the measures see it."""
    return [
        role.role
        for role in member.roles
        if (role.from_on is None or role.from_on <= day) and (role.until_on is None or role.until_on >= day)
    ]


def of_this_school(scope: SchoolScope, staff_ids: Collection[uuid.UUID]) -> Sequence[uuid.UUID]:
    """Those of the ids that are members of the school's staff, now or formerly."""
    require_bound(scope)
    return db.session.scalars(
        select(StaffMember.id).where(StaffMember.school_id == scope.school_id, StaffMember.id.in_(staff_ids))
    ).all()


def staff_with_email(scope: SchoolScope, email: str) -> set[uuid.UUID]:
    """Members of staff with that address: whose actions are "mine" to the person who signs in with it."""
    require_bound(scope)
    return set(
        db.session.scalars(
            select(StaffMember.id).where(
                StaffMember.school_id == scope.school_id, func.lower(StaffMember.email) == email.lower()
            )
        )
    )
