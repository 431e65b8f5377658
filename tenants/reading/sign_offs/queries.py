"""What was recorded together, whom it concerns, and the files that show it."""

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.access.models import Account
from tenants.reading.models import ConfirmationSource, ReadingConfirmation, ReadingSignOff
from tenants.reading.sign_offs.models import ReadingScan
from tenants.staff.models import StaffMember


@dataclass(frozen=True)
class Scan:
    """A file as a page shows it. Size in bytes."""

    id: uuid.UUID
    file_name: str
    size: int


@dataclass(frozen=True)
class SignOff:
    """Confirmations that were recorded together: how many there still are, and the files that show them."""

    id: uuid.UUID
    document_edition_id: uuid.UUID
    source: ConfirmationSource
    confirmed_on: date
    recorded_at: datetime
    recorded_by: str | None
    undone_at: datetime | None
    people: int
    scans: tuple[Scan, ...]


def sign_offs_of(scope: SchoolScope, edition_id: uuid.UUID) -> list[SignOff]:
    """What was recorded of an edition, the latest first. Two queries."""
    require_bound(scope)
    counted = (
        select(ReadingConfirmation.sign_off_id, func.count().label("people"))
        .where(ReadingConfirmation.school_id == scope.school_id, ReadingConfirmation.sign_off_id.is_not(None))
        .group_by(ReadingConfirmation.sign_off_id)
        .subquery()
    )
    rows = db.session.execute(
        select(ReadingSignOff, Account.name, func.coalesce(counted.c.people, 0))
        .outerjoin(Account, Account.id == ReadingSignOff.recorded_by)
        .outerjoin(counted, counted.c.sign_off_id == ReadingSignOff.id)
        .where(ReadingSignOff.school_id == scope.school_id, ReadingSignOff.document_edition_id == edition_id)
        .order_by(ReadingSignOff.created_at.desc(), ReadingSignOff.id.desc())
    ).all()
    scans = _scans(scope, edition_id)
    return [
        SignOff(
            id=row.id,
            document_edition_id=row.document_edition_id,
            source=row.source,
            confirmed_on=row.confirmed_on,
            recorded_at=row.created_at,
            recorded_by=name,
            undone_at=row.undone_at,
            people=people,
            scans=tuple(scans.get(row.id, ())),
        )
        for row, name, people in rows
    ]


def _scans(scope: SchoolScope, edition_id: uuid.UUID) -> dict[uuid.UUID, list[Scan]]:
    rows = db.session.execute(
        select(ReadingScan.sign_off_id, ReadingScan.id, ReadingScan.file_name, ReadingScan.size)
        .join(
            ReadingSignOff,
            (ReadingSignOff.school_id == ReadingScan.school_id) & (ReadingSignOff.id == ReadingScan.sign_off_id),
        )
        .where(ReadingScan.school_id == scope.school_id, ReadingSignOff.document_edition_id == edition_id)
        .order_by(ReadingScan.created_at, ReadingScan.file_name, ReadingScan.id)
    )
    found: dict[uuid.UUID, list[Scan]] = defaultdict(list)
    for sign_off_id, scan_id, file_name, size in rows:
        found[sign_off_id].append(Scan(scan_id, file_name, size))
    return found


def people_signed_off(scope: SchoolScope, sign_off_id: uuid.UUID) -> list[str]:
    """Those whose confirmation was recorded in it and still stands, by name."""
    require_bound(scope)
    members = db.session.scalars(
        select(StaffMember)
        .join(
            ReadingConfirmation,
            (ReadingConfirmation.school_id == StaffMember.school_id) & (ReadingConfirmation.staff_id == StaffMember.id),
        )
        .where(StaffMember.school_id == scope.school_id, ReadingConfirmation.sign_off_id == sign_off_id)
        .order_by(StaffMember.family_name, StaffMember.given_name, StaffMember.id)
    )
    return [member.full_name for member in members]


def reading_scan(scope: SchoolScope, scan_id: uuid.UUID) -> ReadingScan | None:
    """A signed list that the school keeps."""
    require_bound(scope)
    return db.session.scalar(
        select(ReadingScan).where(ReadingScan.school_id == scope.school_id, ReadingScan.id == scan_id)
    )
