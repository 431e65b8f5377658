"""Writes to staff: who joins, what changes, who leaves. Nobody is deleted; the past's coverage needs them."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import selectinload

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.staff.models import StaffMember, StaffRole, StaffRoleHeld


@dataclass
class StaffProblem(Exception):
    """What the person asking can put right: messages by the name of the field."""

    messages: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class StaffDetails:
    """All that a school keeps of a member of staff. `leaves_on` is the last day."""

    given_name: str
    family_name: str
    email: str | None = None
    staff_code: str | None = None
    starts_on: date | None = None
    leaves_on: date | None = None
    roles: frozenset[StaffRole] = frozenset()


def add_staff_member(scope: SchoolScope, *, details: StaffDetails, as_at: date) -> StaffMember:
    """Somebody new; their roles begin on their first day, or on the day given. Raises StaffProblem."""
    require_bound(scope)
    _check(scope, details, who=None)
    member = StaffMember(
        school_id=scope.school_id,
        given_name=details.given_name,
        family_name=details.family_name,
        email=details.email,
        staff_code=details.staff_code,
        starts_on=details.starts_on,
        leaves_on=details.leaves_on,
    )
    db.session.add(member)
    db.session.flush()
    _begin_roles(scope, member.id, details.roles, from_on=details.starts_on or as_at)
    return member


def change_staff_member(scope: SchoolScope, *, staff_id: uuid.UUID, details: StaffDetails, as_at: date) -> bool:
    """Changes somebody; roles that are no longer named end the day before. False when there is no such person."""
    require_bound(scope)
    member = db.session.scalar(
        select(StaffMember)
        .where(StaffMember.school_id == scope.school_id, StaffMember.id == staff_id)
        .options(selectinload(StaffMember.roles))
        .with_for_update(of=StaffMember)
    )
    if member is None:
        return False
    _check(scope, details, who=staff_id)
    for name in ("given_name", "family_name", "email", "staff_code", "starts_on", "leaves_on"):
        setattr(member, name, getattr(details, name))
    held = {role.role for role in member.roles if role.until_on is None}
    db.session.flush()
    for role in held - details.roles:
        end_role(scope, [staff_id], role, as_at=as_at)
    _begin_roles(scope, staff_id, details.roles - held, from_on=as_at)
    db.session.expire(member)
    return True


def end_role(scope: SchoolScope, staff_ids: Sequence[uuid.UUID], role: StaffRole, *, as_at: date) -> None:
    """Ends a role the day before `as_at`; one that only began on that day was never held, and goes."""
    require_bound(scope)
    if not staff_ids:
        return
    held = (
        StaffRoleHeld.school_id == scope.school_id,
        StaffRoleHeld.staff_id.in_(staff_ids),
        StaffRoleHeld.role == role,
        StaffRoleHeld.until_on.is_(None),
    )
    db.session.execute(delete(StaffRoleHeld).where(*held, StaffRoleHeld.from_on >= as_at))
    db.session.execute(update(StaffRoleHeld).where(*held).values(until_on=as_at - timedelta(days=1)))


def _begin_roles(scope: SchoolScope, staff_id: uuid.UUID, roles: Iterable[StaffRole], *, from_on: date) -> None:
    for role in sorted(roles):
        db.session.add(StaffRoleHeld(school_id=scope.school_id, staff_id=staff_id, role=role, from_on=from_on))
    db.session.flush()


def _check(scope: SchoolScope, details: StaffDetails, *, who: uuid.UUID | None) -> None:
    problem = StaffProblem()
    if details.starts_on and details.leaves_on and details.leaves_on < details.starts_on:
        problem.messages["leaves_on"] = ["The last day must be on or after the first day"]
    if details.staff_code and _code_is_taken(scope, details.staff_code, by_another_than=who):
        problem.messages["staff_code"] = ["Somebody else at the school has this staff code"]
    if problem.messages:
        raise problem


def _code_is_taken(scope: SchoolScope, code: str, *, by_another_than: uuid.UUID | None) -> bool:
    query = select(StaffMember.id).where(
        StaffMember.school_id == scope.school_id, func.lower(StaffMember.staff_code) == code.lower()
    )
    if by_another_than is not None:
        query = query.where(StaffMember.id != by_another_than)
    return db.session.scalar(query) is not None
