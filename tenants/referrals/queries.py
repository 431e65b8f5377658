"""Reads of the referral log. For the school's Prevent lead alone; the trust and the authority see volumes only."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound, within
from tenants.access.models import Account, AuditEntry
from tenants.calendar.rules import academic_year_of
from tenants.referrals.models import ConcernType, Referral, ReferralStageName


class ReferralFilter(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    ALL = "all"


STAGE_ORDER = tuple(ReferralStageName)


@dataclass(frozen=True)
class ReferralEvent:
    """A line of a referral's history: what was done, by whom, when, and which fields changed from what to what.

    `before` and `after` are none for fields of which only the change is kept.
    """

    at: datetime
    by: str
    act: str
    changes: tuple[tuple[str, str | None, str | None], ...]


def closed_on(referral: Referral) -> date | None:
    return next((s.reached_on for s in referral.stages if s.stage is ReferralStageName.CLOSED), None)


def latest_stage(referral: Referral) -> ReferralStageName:
    """The stage furthest along the path from referral to close."""
    return max((stage.stage for stage in referral.stages), key=STAGE_ORDER.index, default=ReferralStageName.MADE)


def is_overdue(referral: Referral, today: date) -> bool:
    """Whether an open referral's follow-up was due before today."""
    due = referral.follow_up_due_on
    return due is not None and due < today and closed_on(referral) is None


def referral_list(
    scope: SchoolScope, *, state: ReferralFilter = ReferralFilter.ALL, year: int | None = None
) -> list[Referral]:
    """The school's referrals: open ones first, by the date of their next follow-up, then closed ones, newest first.

    `year` is the calendar year in which the academic year of the referral's date began.
    """
    statement = (
        select(Referral)
        .where(within(scope, Referral.school_id))
        .options(joinedload(Referral.concern_type), selectinload(Referral.stages))
    )
    if year is not None:
        statement = statement.where(Referral.made_on.between(date(year, 9, 1), date(year + 1, 8, 31)))
    rows = db.session.scalars(statement).all()
    opened = sorted(
        (row for row in rows if closed_on(row) is None),
        key=lambda row: (row.follow_up_due_on or date.max, row.made_on, row.reference),
    )
    closed = sorted((row for row in rows if closed_on(row) is not None), key=lambda row: row.made_on, reverse=True)
    match state:
        case ReferralFilter.OPEN:
            return opened
        case ReferralFilter.CLOSED:
            return closed
        case ReferralFilter.ALL:
            return [*opened, *closed]


def referral_years(scope: SchoolScope) -> list[int]:
    """The academic years in which the school made referrals, newest first."""
    days = db.session.scalars(select(Referral.made_on).where(within(scope, Referral.school_id)).distinct())
    return sorted({academic_year_of(day) for day in days}, reverse=True)


def find_referral(scope: SchoolScope, referral_id: uuid.UUID) -> Referral | None:
    """A referral of the school with its stages and type of concern; none when it has no such referral."""
    return db.session.scalar(
        select(Referral)
        .where(within(scope, Referral.school_id), Referral.id == referral_id)
        .options(joinedload(Referral.concern_type), selectinload(Referral.stages))
    )


def fingerprint(referral: Referral) -> str:
    """Changes whenever the referral does; a form carries it, so that no change is written over unseen."""
    parts: list[Any] = [
        referral.cpoms_reference,
        referral.made_on,
        referral.concern_type_id,
        referral.route,
        referral.follow_up_due_on,
        referral.outcome,
        referral.note,
        *sorted(f"{stage.stage}{stage.reached_on}" for stage in referral.stages),
    ]
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:16]


def reporting_year_of(day: date) -> int:
    """The year in which the Home Office's reporting year (April to March) of the day ends."""
    return day.year + 1 if day.month >= 4 else day.year


def concern_types_for(scope: SchoolScope, day: date) -> Sequence[ConcernType]:
    """The types of concern of the newest release year that is not after the day's; of the oldest when there is none."""
    require_bound(scope)
    year = db.session.scalar(
        select(func.max(ConcernType.release_year)).where(ConcernType.release_year <= reporting_year_of(day))
    )
    if year is None:
        year = db.session.scalar(select(func.min(ConcernType.release_year)))
    return db.session.scalars(
        select(ConcernType).where(ConcernType.release_year == year).order_by(ConcernType.position)
    ).all()


def referral_history(scope: SchoolScope, referral_id: uuid.UUID) -> list[ReferralEvent]:
    """What was done to a referral, newest first."""
    require_bound(scope)
    rows = db.session.execute(
        select(AuditEntry.created_at, Account.name, AuditEntry.act, AuditEntry.detail)
        .outerjoin(Account, Account.id == AuditEntry.account_id)
        .where(
            AuditEntry.school_id == scope.school_id,
            AuditEntry.act.startswith("referral "),
            AuditEntry.detail["referral_id"].astext == str(referral_id),
        )
        .order_by(AuditEntry.created_at.desc(), AuditEntry.id.desc())
    )
    return [
        ReferralEvent(
            at=row.created_at,
            by=row.name or "Somebody who is no longer here",
            act=row.act,
            changes=tuple((c["field"], c.get("before"), c.get("after")) for c in row.detail.get("changes", [])),
        )
        for row in rows
    ]
