"""Writes of confirmations that something was read."""

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from prevent_trust.database import db, new_id
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.reading.models import ConfirmationSource, ReadingConfirmation
from tenants.reading.queries import edition_sha256
from tenants.staff.queries import of_this_school


def record_confirmations(
    scope: SchoolScope,
    *,
    staff_ids: Sequence[uuid.UUID],
    edition_id: uuid.UUID,
    confirmed_on: date,
    source: ConfirmationSource,
    recorded_by: uuid.UUID | None,
    sign_off_id: uuid.UUID | None = None,
) -> int:
    """Writes that people of the school confirmed an edition, with the hash of what it says now.

    Returns how many had not been written yet.
    """
    ours = of_this_school(scope, staff_ids)
    if not ours:
        return 0
    sha256 = edition_sha256(edition_id)
    rows = [
        {
            "id": new_id(),
            "school_id": scope.school_id,
            "staff_id": staff_id,
            "document_edition_id": edition_id,
            "confirmed_on": confirmed_on,
            "source": source,
            "recorded_by": recorded_by,
            "edition_sha256": sha256,
            "sign_off_id": sign_off_id,
        }
        for staff_id in ours
    ]
    statement = insert(ReadingConfirmation).values(rows).on_conflict_do_nothing().returning(ReadingConfirmation.id)
    return len(db.session.scalars(statement).all())


def remove_confirmation(scope: SchoolScope, *, confirmation_id: uuid.UUID) -> bool:
    """Takes a wrong confirmation away. False when the school has no such one."""
    require_bound(scope)
    removed = db.session.scalars(
        delete(ReadingConfirmation)
        .where(ReadingConfirmation.school_id == scope.school_id, ReadingConfirmation.id == confirmation_id)
        .returning(ReadingConfirmation.id)
    ).all()
    return bool(removed)
