"""Recording confirmations together, their scans, and undoing that. Files are in the storage before their rows are written."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import delete, event, select

from prevent_trust.database import db, new_id
from prevent_trust.storage import Storage
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.reading.actions import record_confirmations
from tenants.reading.models import ConfirmationSource, ReadingConfirmation, ReadingSignOff
from tenants.reading.sign_offs.models import ReadingScan


@dataclass(frozen=True)
class KeptScan:
    """A file that is in the storage already. Size in bytes."""

    storage_key: str
    file_name: str
    media_type: str
    size: int
    sha256: str


def record_sign_off(
    scope: SchoolScope,
    *,
    staff_ids: Sequence[uuid.UUID],
    edition_id: uuid.UUID,
    confirmed_on: date,
    source: ConfirmationSource,
    recorded_by: uuid.UUID | None,
    scans: Sequence[KeptScan],
) -> tuple[uuid.UUID | None, int]:
    """Writes that people confirmed an edition, with what shows it. Returns the record's id and how many were new in it.

    Whoever had confirmed before is left as they were. When nobody is new, nothing is written and the id is none.
    """
    require_bound(scope)
    sign_off = ReadingSignOff(
        id=new_id(),
        school_id=scope.school_id,
        document_edition_id=edition_id,
        source=source,
        confirmed_on=confirmed_on,
        recorded_by=recorded_by,
    )
    db.session.add(sign_off)
    db.session.flush()
    written = record_confirmations(
        scope,
        staff_ids=staff_ids,
        edition_id=edition_id,
        confirmed_on=confirmed_on,
        source=source,
        recorded_by=recorded_by,
        sign_off_id=sign_off.id,
    )
    if not written:
        db.session.delete(sign_off)
        db.session.flush()
        return None, 0
    add_scans(scope, sign_off_id=sign_off.id, scans=scans, added_by=recorded_by)
    return sign_off.id, written


def add_scans(
    scope: SchoolScope, *, sign_off_id: uuid.UUID, scans: Sequence[KeptScan], added_by: uuid.UUID | None
) -> bool:
    """Keeps more files with what was recorded. False when that was undone, or is not of the school."""
    if _locked(scope, sign_off_id) is None:
        return False
    db.session.add_all(
        ReadingScan(id=new_id(), school_id=scope.school_id, sign_off_id=sign_off_id, added_by=added_by, **vars(scan))
        for scan in scans
    )
    db.session.flush()
    return True


def undo_sign_off(scope: SchoolScope, *, sign_off_id: uuid.UUID, storage: Storage) -> int | None:
    """Takes back the confirmations that were recorded together, and their scans. Returns how many; none when it was undone."""
    sign_off = _locked(scope, sign_off_id)
    if sign_off is None:
        return None
    removed = db.session.scalars(
        delete(ReadingConfirmation)
        .where(ReadingConfirmation.school_id == scope.school_id, ReadingConfirmation.sign_off_id == sign_off_id)
        .returning(ReadingConfirmation.id)
    ).all()
    _remove(scope, storage, ReadingScan.sign_off_id == sign_off_id)
    sign_off.undone_at = datetime.now(UTC)
    db.session.flush()
    return len(removed)


def remove_scan(scope: SchoolScope, *, scan_id: uuid.UUID, storage: Storage) -> bool:
    """Forgets a file that was added by mistake; the confirmations stay. False when there is none."""
    return bool(_remove(scope, storage, ReadingScan.id == scan_id))


def _remove(scope: SchoolScope, storage: Storage, which: object) -> int:
    """What was stored goes once the transaction is safe."""
    require_bound(scope)
    keys = db.session.scalars(
        delete(ReadingScan)
        .where(ReadingScan.school_id == scope.school_id, which)  # type: ignore[arg-type]  # a condition
        .returning(ReadingScan.storage_key)
    ).all()

    def forget(session: object) -> None:
        for key in keys:
            storage.delete(key)

    if keys:
        event.listen(db.session(), "after_commit", forget, once=True)
    return len(keys)


def _locked(scope: SchoolScope, sign_off_id: uuid.UUID) -> ReadingSignOff | None:
    """What was recorded and has not been undone. Its row stays locked until the transaction ends."""
    require_bound(scope)
    return db.session.scalar(
        select(ReadingSignOff)
        .where(
            ReadingSignOff.school_id == scope.school_id,
            ReadingSignOff.id == sign_off_id,
            ReadingSignOff.undone_at.is_(None),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
