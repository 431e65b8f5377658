"""Writes of confirmations that something was read."""

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import selectinload

from prevent_trust.database import db, new_id
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.reading.models import ConfirmationSource, ReadingConfirmation
from tenants.reading.queries import as_in_force, edition_sha256, editions_with_parts, is_published
from tenants.staff.models import StaffMember
from tenants.staff.queries import roles_on


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
    """Writes that people of the school confirmed an edition, with the hash of what it says now, and which parts.

    The parts are those that the roles which somebody held on the day have to read. Whoever had confirmed fewer before has
    confirmed these as well, by the later of the two days. Returns of how many something new was written: of nobody when
    the edition was taken back or is another while this was under way.
    """
    require_bound(scope)
    people = db.session.scalars(
        select(StaffMember)
        .where(StaffMember.school_id == scope.school_id, StaffMember.id.in_(staff_ids))
        .options(selectinload(StaffMember.roles))
    ).all()
    if not people:
        return 0
    sha256 = edition_sha256(edition_id)
    document = as_in_force(editions_with_parts([edition_id])[0])
    rows = [
        {
            "id": new_id(),
            "school_id": scope.school_id,
            "staff_id": person.id,
            "document_edition_id": edition_id,
            "confirmed_on": confirmed_on,
            "source": source,
            "recorded_by": recorded_by,
            "edition_sha256": sha256,
            "sign_off_id": sign_off_id,
            "parts": [part.id for part in document.parts_for(roles_on(person, confirmed_on))],
        }
        for person in people
    ]
    statement = insert(ReadingConfirmation).values(rows)
    new = statement.excluded
    more = statement.on_conflict_do_update(
        index_elements=["school_id", "document_edition_id", "staff_id"],
        set_={
            "confirmed_on": func.greatest(ReadingConfirmation.confirmed_on, new.confirmed_on),
            "source": new.source,
            "recorded_by": new.recorded_by,
            "edition_sha256": new.edition_sha256,
            "parts": ReadingConfirmation.parts + new.parts,
            # Whoever undoes what was recorded together takes back the whole: nobody stays confirmed of what they did not.
            "sign_off_id": func.coalesce(new.sign_off_id, ReadingConfirmation.sign_off_id),
        },
        where=~ReadingConfirmation.parts.contains(new.parts),
    ).returning(ReadingConfirmation.id)
    with db.session.begin_nested() as written:
        ids = db.session.scalars(more, execution_options={"populate_existing": True}).all()
        if edition_sha256(edition_id) != sha256 or not is_published(edition_id):
            written.rollback()
            return 0
    return len(ids)


def remove_confirmation(scope: SchoolScope, *, confirmation_id: uuid.UUID) -> bool:
    """Takes a wrong confirmation away, and what was carried from it to later editions. False when there is no such one."""
    require_bound(scope)
    removed = db.session.scalars(
        delete(ReadingConfirmation)
        .where(ReadingConfirmation.school_id == scope.school_id, ReadingConfirmation.id == confirmation_id)
        .returning(ReadingConfirmation.id)
    ).all()
    return bool(removed)
