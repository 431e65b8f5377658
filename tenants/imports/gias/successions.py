"""A school that becomes an academy gets a new URN; what it recorded under the old one stays its own."""

import uuid
from datetime import date

from sqlalchemy import delete, exists, select, text, update

from prevent_trust.database import db
from prevent_trust.tenancy import PlatformScope, SchoolScope, scope_bound
from tenants.access.models import Invitation, Membership
from tenants.contacts.models import Contact
from tenants.imports.gias.reader import SuccessionRow
from tenants.organisations.models import FormerUrn, School, TrustMembership
from tenants.plan.models import Plan
from tenants.referrals.models import Referral
from tenants.staff.models import StaffMember

NOTHING_TO_DO = ""
_REGISTER_COLUMNS = (
    "name", "authority_id", "status", "phase", "type_name", "type_group", "pupils", "town", "postcode", "district",
    "ukprn", "low_age", "high_age", "opened_on", "closed_on",
)  # fmt: skip


def apply_succession(row: SuccessionRow) -> str | None:
    """Makes the successor's URN the school's own. None when done, "" when there was nothing to do, else the reason.

    When both URNs are in the register already, the successor's row must hold no records of its own: its place in the
    register passes to the school that keeps its history.
    """
    former = db.session.scalar(select(School).where(School.urn == row.former_urn))
    successor = db.session.scalar(select(School).where(School.urn == row.urn))
    if former is None:
        return NOTHING_TO_DO  # done before, or a school that was never here
    if successor is not None:
        if _has_records(successor.id):
            return (
                f"URN {row.urn} and its predecessor {row.former_urn} both have records here. Nothing was merged: "
                "ask the two schools which records to keep."
            )
        _hand_over(former, successor, row.on)
    db.session.add(FormerUrn(school_id=former.id, urn=row.former_urn, name=former.name, until=row.on))
    former.urn = row.urn
    db.session.flush()
    return None


def _has_records(school_id: uuid.UUID) -> bool:
    with scope_bound(SchoolScope(school_id)):
        return bool(
            db.session.scalar(
                select(
                    exists().where(Plan.school_id == school_id)
                    | exists().where(StaffMember.school_id == school_id)
                    | exists().where(Referral.school_id == school_id)
                    | exists().where(Contact.school_id == school_id)
                )
            )
        )


def _hand_over(former: School, successor: School, on: date | None) -> None:
    """Gives the former school the successor's entry in the register, its trust and its people."""
    values = {name: getattr(successor, name) for name in _REGISTER_COLUMNS}
    successor_id = successor.id
    db.session.execute(
        update(TrustMembership)
        .where(TrustMembership.school_id == former.id, TrustMembership.left_on.is_(None))
        .values(left_on=text("greatest(coalesce(cast(:on as date), current_date), joined_on)")),
        {"on": on},
    )
    for model in (TrustMembership, Membership, Invitation):
        db.session.execute(update(model).where(model.school_id == successor_id).values(school_id=former.id))
    with scope_bound(PlatformScope()):
        db.session.execute(delete(School).where(School.id == successor_id))
    db.session.expire_all()
    for name, value in values.items():
        setattr(former, name, value)
    db.session.flush()
