"""Writing an edition of one's own, putting it in force, and taking it back. Each flushes; the caller commits.

An edition is written first and seen by its owner alone. Putting it in force carries, in the same transaction, the
confirmations of those for whom nothing has changed, where the lead has chosen so. Until somebody has confirmed the edition
itself it can be taken back, corrected and deleted; afterwards it can only be followed by another, or withdrawn.
"""

import uuid
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import delete, event, func, select, text, update
from sqlalchemy.exc import IntegrityError

from prevent_trust.database import db, new_id
from prevent_trust.storage import Storage
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.reading.edition_content import PartContent, content_columns, same_content
from tenants.reading.in_force import IN_FORCE_SQL
from tenants.reading.models import (
    ConfirmationSource,
    Document,
    DocumentEdition,
    DocumentPart,
    EditionAsks,
    PartKind,
    ReadingCampaign,
    ReadingConfirmation,
)
from tenants.reading.own_queries import (
    OwnScope,
    changes_of,
    document_for,
    in_force_for,
    own_edition,
    own_editions,
    was_confirmed,
)
from tenants.reading.queries import edition_sha256

MOST_PARTS = 30
AFTER_THE_CATALOGUE = {"trust_id": 1000, "school_id": 2000}  # positions of documents of one's own


class EditionProblem(ValueError):
    """What cannot be, in a sentence for the person who asked."""


def _owner(scope: OwnScope) -> dict[str, uuid.UUID]:
    require_bound(scope)
    return {"school_id": scope.school_id} if isinstance(scope, SchoolScope) else {"trust_id": scope.trust_id}


def file_key(scope: OwnScope) -> str:
    """Where a new file of the scope's own lies in the storage."""
    return f"evidence/{next(iter(_owner(scope).values()))}/{new_id()}"


def start_document(
    scope: OwnScope, *, title: str, audience: Sequence[str], label: str, in_force_from: date, made_by: uuid.UUID | None
) -> DocumentEdition:
    """A document of one's own with its first edition, which is to be written. An empty audience means everybody."""
    owner = _owner(scope)
    document = Document(
        id=new_id(),
        key=f"own-{uuid.uuid4().hex}",
        title=title,
        publisher="Your school" if isinstance(scope, SchoolScope) else "Your trust",
        audience=list(audience),
        position=AFTER_THE_CATALOGUE[next(iter(owner))],
        **owner,
    )
    db.session.add(document)
    db.session.flush()
    return _started(scope, document, label, in_force_from, made_by)


def start_edition(
    scope: OwnScope,
    *,
    key: str,
    label: str,
    in_force_from: date,
    from_the_one_before: bool,
    today: date,
    made_by: uuid.UUID | None,
    storage: Storage,
) -> DocumentEdition:
    """A new edition of a shared document or of one's own, with the parts of the one in force where they have content here.

    Files of another owner are copied, so that what becomes of theirs is nothing to this one.

    Raises EditionProblem when there is no such document, one is being written already, or the name is taken.
    """
    document = document_for(scope, key)
    if document is None:
        raise EditionProblem("There is no such document that you can give an edition of your own.")
    there = own_editions(scope, key)
    if any(each.published_on is None for each in there):
        raise EditionProblem("A new edition of this document is being written already. Go on with that one.")
    _check_label(there, label)
    edition = _started(scope, document, label, in_force_from, made_by)
    before = next((each for each in in_force_for(scope, today) if each.key == key), None)
    if before and from_the_one_before:
        rows = db.session.scalars(
            select(DocumentPart)
            .where(DocumentPart.document_edition_id == before.edition_id, DocumentPart.kind != PartKind.WHOLE)
            .order_by(DocumentPart.position)
        ).all()
        for position, part in enumerate(rows):
            content = same_content(part)
            if part.storage_key and (part.school_id, part.trust_id) != (edition.school_id, edition.trust_id):
                with storage.open(part.storage_key) as stream:
                    content["storage_key"] = storage.save(stream, key=file_key(scope)).key
            _add_part(scope, edition, position, part.title, part.audience, content)
        edition.reading_rule = before.rule if rows else ""
    db.session.flush()
    return edition


def _started(
    scope: OwnScope, document: Document, label: str, in_force_from: date, made_by: uuid.UUID | None
) -> DocumentEdition:
    edition = DocumentEdition(
        id=new_id(),
        document_id=document.id,
        label=label,
        in_force_from=in_force_from,
        made_by=made_by,
        **_owner(scope),
    )
    try:
        with db.session.begin_nested():
            db.session.add(edition)
    except IntegrityError as error:
        raise EditionProblem(
            "Somebody else has just begun an edition of this document. Go on with that one."
        ) from error
    return edition


def _check_label(editions: Sequence[DocumentEdition], label: str, but: uuid.UUID | None = None) -> None:
    if any(each.label == label and each.id != but for each in editions):
        raise EditionProblem("You have an edition of this document with that name. Give this one another.")


def _add_part(
    scope: OwnScope,
    edition: DocumentEdition,
    position: int,
    title: str,
    audience: Sequence[str],
    content: dict[str, Any],
) -> None:
    place = {"document_edition_id": edition.id, "position": position}
    db.session.add(DocumentPart(id=new_id(), title=title, audience=list(audience), **place, **content, **_owner(scope)))
    db.session.flush()


def written(scope: OwnScope, edition_id: uuid.UUID) -> DocumentEdition:
    """An edition of one's own that is still being written, locked until the transaction ends. Or raises EditionProblem."""
    edition = own_edition(scope, edition_id, lock=True)
    if edition is None or edition.published_on is not None:
        raise EditionProblem("This edition is not being written any more, so nothing was changed.")
    return edition


def change_edition(scope: OwnScope, *, edition_id: uuid.UUID, label: str, in_force_from: date, rule: str) -> None:
    """Its name, its first day, and in words who reads what. Raises EditionProblem."""
    edition = written(scope, edition_id)
    _check_label(own_editions(scope, edition.document.key), label, but=edition.id)
    edition.label, edition.in_force_from, edition.reading_rule = label, in_force_from, rule
    db.session.flush()


def add_part(
    scope: OwnScope, *, edition_id: uuid.UUID, title: str, audience: Sequence[str], content: PartContent
) -> None:
    """A further part at the end. Raises EditionProblem."""
    edition = written(scope, edition_id)
    if len(edition.parts) >= MOST_PARTS:
        raise EditionProblem(f"An edition has at most {MOST_PARTS} parts. Put some of them together.")
    position = max((part.position for part in edition.parts), default=-1) + 1
    _add_part(scope, edition, position, title, audience, content_columns(content))


def change_part(
    scope: OwnScope,
    *,
    edition_id: uuid.UUID,
    part_id: uuid.UUID,
    title: str,
    audience: Sequence[str],
    content: PartContent | None,
    storage: Storage,
) -> None:
    """Another title, other readers and, unless it is none, other content. Raises EditionProblem.

    A part that says something else is another part: no confirmation of the words before counts for it.
    """
    edition = written(scope, edition_id)
    part = _part(edition, part_id)
    columns = content_columns(content) if content is not None else {}
    if not columns or (columns["kind"], columns["sha256"]) == (part.kind, part.sha256):
        part.title, part.audience = title, list(audience)
        db.session.flush()
        return
    position = part.position
    _forget_file(part, storage)
    db.session.delete(part)
    db.session.flush()
    _add_part(scope, edition, position, title, audience, columns)


def move_part(scope: OwnScope, *, edition_id: uuid.UUID, part_id: uuid.UUID, by: int) -> None:
    """Up (-1) or down (1) by one place; nothing happens at either end. Raises EditionProblem."""
    edition = written(scope, edition_id)
    part = _part(edition, part_id)
    place = edition.parts.index(part)
    if not 0 <= place + by < len(edition.parts):
        return
    other = edition.parts[place + by]
    ours, theirs = part.position, other.position
    for row, position in ((part, -1), (other, ours), (part, theirs)):
        row.position = position
        db.session.flush()


def remove_part(scope: OwnScope, *, edition_id: uuid.UUID, part_id: uuid.UUID, storage: Storage) -> None:
    """Takes a part out. Raises EditionProblem."""
    part = _part(written(scope, edition_id), part_id)
    _forget_file(part, storage)
    db.session.delete(part)
    db.session.flush()


def _part(edition: DocumentEdition, part_id: uuid.UUID) -> DocumentPart:
    part = next((each for each in edition.parts if each.id == part_id), None)
    if part is None:
        raise EditionProblem("The part is not there any more.")
    return part


def _forget_file(part: DocumentPart, storage: Storage) -> None:
    """What was stored goes once the transaction is safe, unless a part of another edition has the same file."""
    key = part.storage_key
    if key is None:
        return
    others = select(func.count()).where(DocumentPart.storage_key == key, DocumentPart.id != part.id)
    if db.session.scalar(others) == 0:
        event.listen(db.session(), "after_commit", lambda session: storage.delete(key), once=True)


_CARRY = text(f"""
with {IN_FORCE_SQL},
held as (
  select r.staff_id, array_agg(r.role::text) as roles from staff_role_held r
  where r.school_id = any ((select visible_schools())::uuid[])
    and (r.from_on is null or r.from_on <= :as_at) and (r.until_on is null or r.until_on >= :as_at)
  group by r.staff_id
),
unchanged as materialized (
  select n.id, array_agg(b.id) as before
  from document_part n
  join document_part b on b.document_edition_id = :before and b.kind = n.kind and b.sha256 = n.sha256
  where n.document_edition_id = :edition and (n.kind in ('text', 'file') or n.kind = 'address' and n.same_as_before)
  group by n.id
),
reader as materialized (
  select c.school_id, c.staff_id, c.confirmed_on, coalesce(c.carried_from_id, c.id) as origin,
    coalesce(h.roles, '{{}}') as roles,
    array(select u.id from unchanged u where u.before && c.parts) as known
  from reading_confirmation c
  join edition_here e on e.school_id = c.school_id and e.id = :before
  left join held h on h.staff_id = c.staff_id
  where c.document_edition_id = :before and c.school_id = any ((select visible_schools())::uuid[])
)
insert into reading_confirmation
  (school_id, staff_id, document_edition_id, confirmed_on, source, recorded_by, edition_sha256, parts, carried_from_id)
select r.school_id, r.staff_id, :edition, r.confirmed_on, 'carried', :published_by, :sha256, r.known, r.origin
from reader r
where r.known <> '{{}}' and not exists (
  select from document_part p
  where p.document_edition_id = :edition and p.id <> all (r.known)
    and (p.audience = '{{}}' or r.roles = '{{}}' or p.audience && r.roles)
)
on conflict (school_id, document_edition_id, staff_id) do nothing
""")


def publish_edition(
    scope: OwnScope,
    *,
    edition_id: uuid.UUID,
    asks: EditionAsks,
    same_pages: Collection[uuid.UUID],
    today: date,
    published_by: uuid.UUID | None,
) -> int:
    """Puts an edition in force from its first day, or from today where that is past. Returns how many confirmations it carried.

    `same_pages`: the parts whose page elsewhere says the same as before, as the lead says. With EditionAsks.CHANGED
    whoever confirmed the edition that was in force at their school until now, and of whose parts none is new or has
    changed, need not confirm again; everybody else must. Raises EditionProblem for an edition without parts, or whose first
    day is to come or lies before that of one's own edition that it follows.
    """
    edition = written(scope, edition_id)
    if not edition.parts:
        raise EditionProblem("The edition has no parts yet. Add what there is to read.")
    if edition.in_force_from > today:
        raise EditionProblem(
            "The first day is still to come. Put the edition in force on that day, or choose an earlier one."
        )
    earlier = [each.in_force_from for each in own_editions(scope, edition.document.key) if _holds(each)]
    if earlier and edition.in_force_from < max(earlier):
        raise EditionProblem("The first day lies before that of the edition that it follows. Choose a later one.")
    before, changed = changes_of(scope, edition, today=today)
    comparable = {part.id for part in changed.to_be_told} & set(same_pages)
    for part in edition.parts:
        part.same_as_before = part.id in comparable
    db.session.flush()
    carried = 0
    if before is not None and asks is EditionAsks.CHANGED:
        edition.follows_id = before.edition_id
        carried = _carry(edition, before.edition_id, today, published_by)
    edition.follows_id = before.edition_id if before else None
    edition.asks, edition.published_on = asks, today
    db.session.flush()
    return carried


def _holds(edition: DocumentEdition) -> bool:
    return edition.published_on is not None and edition.withdrawn_on is None


def _carry(edition: DocumentEdition, before: uuid.UUID, today: date, published_by: uuid.UUID | None) -> int:
    """Before the edition is in force, so that the schools where the one before holds can be told."""
    result = db.session.connection().execute(
        _CARRY,
        {
            "as_at": today,
            "edition": edition.id,
            "before": before,
            "sha256": edition_sha256(edition.id),
            "published_by": published_by,
        },
    )
    return result.rowcount


def take_back(scope: OwnScope, *, edition_id: uuid.UUID, today: date) -> DocumentEdition:
    """Ends an edition that holds and gives one to be written that says the same. Raises EditionProblem.

    On the day on which it was put in force it is the same edition, and what was carried to it goes. Later it has been in
    force on days that are past, which stay as they were: it is withdrawn, and a copy is to be written. Not once somebody
    has confirmed it. The row is locked, so that whoever confirms meanwhile is waited for.
    """
    edition = own_edition(scope, edition_id, lock=True)
    if edition is None or not _holds(edition):
        raise EditionProblem("This edition is not in force, so nothing was changed.")
    if any(each.published_on is None for each in own_editions(scope, edition.document.key)):
        raise EditionProblem(
            "A new edition of this document is being written. Delete that one first, or put it in force."
        )
    if edition.published_on != today:
        return _ended_and_copied(scope, edition, today)
    with db.session.begin_nested():
        db.session.execute(
            delete(ReadingConfirmation).where(
                ReadingConfirmation.document_edition_id == edition.id,
                ReadingConfirmation.source == ConfirmationSource.CARRIED,
            )
        )
        _refuse_if_confirmed(edition)  # looked at last: a carried one may have become another a moment ago
    edition.published_on, edition.follows_id, edition.asks = None, None, None
    db.session.flush()
    return edition


def _refuse_if_confirmed(edition: DocumentEdition) -> None:
    if was_confirmed(edition.id):
        raise EditionProblem("Somebody has confirmed this edition. Follow it by a new one instead.")


def _ended_and_copied(scope: OwnScope, edition: DocumentEdition, today: date) -> DocumentEdition:
    _refuse_if_confirmed(edition)
    label = f"{edition.label}, corrected"
    _check_label(own_editions(scope, edition.document.key), label)
    copy = _started(scope, edition.document, label, edition.in_force_from, edition.made_by)
    copy.reading_rule, edition.withdrawn_on = edition.reading_rule, today
    for part in edition.parts:
        _add_part(scope, copy, part.position, part.title, part.audience, same_content(part))
    return copy


def delete_edition(scope: OwnScope, *, edition_id: uuid.UUID, storage: Storage) -> None:
    """Deletes an edition that is being written, with the links that asked to read it; and its document, if it is one's own
    and has no other edition. Raises EditionProblem."""
    edition = written(scope, edition_id)
    document = edition.document
    try:
        with db.session.begin_nested():
            db.session.execute(delete(ReadingCampaign).where(ReadingCampaign.document_edition_id == edition.id))
            db.session.execute(delete(DocumentEdition).where(DocumentEdition.id == edition.id))
    except IntegrityError as error:
        raise EditionProblem(
            "A school that has left the trust has records of this edition, so it stays. Correct it instead."
        ) from error
    for part in edition.parts:
        _forget_file(part, storage)
    if (document.school_id or document.trust_id) and not own_editions(scope, document.key):
        db.session.execute(delete(Document).where(Document.id == document.id))
    db.session.flush()
    db.session.expire_all()


def withdraw_own(scope: OwnScope, *, key: str, today: date) -> int:
    """From today on nothing of one's own holds of a document. Confirmations stay. Returns how many editions ended."""
    require_bound(scope)
    ids = [each.id for each in own_editions(scope, key) if _holds(each)]
    ended = db.session.scalars(
        update(DocumentEdition)
        .where(DocumentEdition.id.in_(ids))
        .values(withdrawn_on=today)
        .returning(DocumentEdition.id)
    ).all()
    return len(ended)
