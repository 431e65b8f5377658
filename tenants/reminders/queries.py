"""Who is reminded, and who was."""

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, func, or_, select

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, TrustScope, require_bound, within
from tenants.access.models import Account, Membership, Role
from tenants.reminders.models import Reminder, ReminderKind


@dataclass(frozen=True)
class Lead:
    """Somebody who is a school's Prevent lead today and can sign in."""

    account_id: uuid.UUID
    name: str
    email: str


def leads_of(scope: SchoolScope | TrustScope, *, today: date) -> dict[uuid.UUID, list[Lead]]:
    """The Prevent leads of each school of the scope; schools without one are not in it."""
    require_bound(scope)
    rows = db.session.execute(
        select(Membership.school_id, Account.id, Account.name, Account.email)
        .join(Account, Account.id == Membership.account_id)
        .where(*_is_lead(today), within(scope, Membership.school_id))
        .order_by(Account.name, Account.id)
    )
    leads: dict[uuid.UUID, list[Lead]] = defaultdict(list)
    for school_id, account_id, name, email in rows:
        if school_id is not None:
            leads[school_id].append(Lead(account_id, name, email))
    return dict(leads)


def _is_lead(today: date) -> tuple[ColumnElement[bool], ...]:
    return (
        Membership.role == Role.PREVENT_LEAD,
        or_(Membership.ends_on.is_(None), Membership.ends_on >= today),
        Account.active.is_(True),
    )


def last_chased(scope: TrustScope) -> dict[uuid.UUID, datetime]:
    """When each school of the trust was last chased."""
    require_bound(scope)
    rows = db.session.execute(
        select(Reminder.school_id, func.max(Reminder.created_at))
        .where(within(scope, Reminder.school_id), Reminder.kind == ReminderKind.CHASE)
        .group_by(Reminder.school_id)
    )
    return {row[0]: row[1] for row in rows}
