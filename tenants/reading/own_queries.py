"""Editions of a trust's or a school's own: what it has, what changed from the one before, and what would hold without it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload, selectinload

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, TrustScope, require_bound
from tenants.reading.models import (
    ConfirmationSource,
    Document,
    DocumentEdition,
    PartKind,
    ReadingConfirmation,
)
from tenants.reading.queries import (
    DocumentInForce,
    Part,
    as_in_force,
    documents_in_force,
    documents_of_trust,
    part_of,
)

OwnScope = SchoolScope | TrustScope


def is_own(scope: OwnScope, model: type[Document] | type[DocumentEdition]) -> ColumnElement[bool]:
    """The condition that a document or an edition is the scope's own, and neither shared nor another's."""
    if isinstance(scope, SchoolScope):
        return model.school_id == scope.school_id
    return model.trust_id == scope.trust_id


def own_edition(scope: OwnScope, edition_id: uuid.UUID, *, lock: bool = False) -> DocumentEdition | None:
    """An edition of the scope's own, written or in force, with its document and parts."""
    require_bound(scope)
    query = (
        select(DocumentEdition)
        .options(joinedload(DocumentEdition.document), selectinload(DocumentEdition.parts))
        .where(DocumentEdition.id == edition_id, is_own(scope, DocumentEdition))
        .execution_options(populate_existing=True)
    )
    return db.session.scalar(query.with_for_update(of=DocumentEdition) if lock else query)


def own_editions(scope: OwnScope, key: str | None = None) -> Sequence[DocumentEdition]:
    """The scope's own editions, of one document or of all: those that are written first, then the latest in force."""
    require_bound(scope)
    query = (
        select(DocumentEdition)
        .join(DocumentEdition.document)
        .options(joinedload(DocumentEdition.document))
        .where(is_own(scope, DocumentEdition))
        .order_by(
            Document.position,
            Document.title,
            DocumentEdition.published_on.desc().nulls_first(),
            DocumentEdition.in_force_from.desc(),
            DocumentEdition.id.desc(),
        )
    )
    return db.session.scalars(query.where(Document.key == key) if key else query).all()


def in_force_for(scope: OwnScope, day: date) -> list[DocumentInForce]:
    """What holds at the school on the day, or at a school of the trust that has nothing of its own."""
    return documents_in_force(scope, day) if isinstance(scope, SchoolScope) else documents_of_trust(scope, day)


def document_for(scope: OwnScope, key: str) -> Document | None:
    """A document of which the scope may have an edition of its own: its own, or a shared one that is made for that.

    What the Department publishes is read as it stands, and nobody can put words of their own in its place.
    """
    require_bound(scope)
    shared = Document.school_id.is_(None) & Document.trust_id.is_(None) & Document.own_editions
    return db.session.scalar(select(Document).where(Document.key == key, shared | is_own(scope, Document)))


def was_confirmed(edition_id: uuid.UUID) -> bool:
    """Whether somebody has confirmed the edition itself; carried confirmations are none."""
    return (
        db.session.scalars(
            select(ReadingConfirmation.id)
            .where(
                ReadingConfirmation.document_edition_id == edition_id,
                ReadingConfirmation.source != ConfirmationSource.CARRIED,
            )
            .limit(1)
        ).first()
        is not None
    )


class PartState(StrEnum):
    """How a part of an edition stands to the edition before."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    SAME_ADDRESS = "same_address"  # whether the page there says the same, only a person can tell


@dataclass(frozen=True)
class Changes:
    """What changed from one edition to the next. `gone` are titles of parts that the next one no longer has."""

    parts: tuple[tuple[Part, PartState], ...]
    gone: tuple[str, ...]

    @property
    def to_be_told(self) -> list[Part]:
        """Parts of which only the lead can say whether they changed."""
        return [part for part, state in self.parts if state is PartState.SAME_ADDRESS]

    @property
    def is_nothing(self) -> bool:
        return all(state is PartState.SAME for _, state in self.parts)


def changes(before: Sequence[Part], after: Sequence[Part]) -> Changes:
    """Compares by the SHA-256 of what parts say; a part that only has another title or place says the same."""
    contents = {(part.kind, part.sha256) for part in before if part.kind is not PartKind.WHOLE}
    titles = {part.title for part in before}
    kept = {(part.kind, part.sha256) for part in after} & contents
    rows = []
    for part in after:
        if (part.kind, part.sha256) in contents:
            state = PartState.SAME_ADDRESS if part.kind is PartKind.ADDRESS else PartState.SAME
        else:
            state = PartState.CHANGED if part.title in titles else PartState.NEW
        rows.append((part, state))
    now = {part.title for part in after}
    gone = tuple(part.title for part in before if part.title not in now and (part.kind, part.sha256) not in kept)
    return Changes(tuple(rows), gone)


def changes_of(scope: OwnScope, edition: DocumentEdition, *, today: date) -> tuple[DocumentInForce | None, Changes]:
    """What an edition that is being written follows, if anything is in force today, and what changed from it."""
    before = next((each for each in in_force_for(scope, today) if each.key == edition.document.key), None)
    return before, changes(before.parts if before else (), [part_of(part) for part in edition.parts])


def without_own(scope: OwnScope, key: str, day: date) -> DocumentInForce | None:
    """What would hold of a document if the scope had no edition of its own."""
    require_bound(scope)
    is_shared = DocumentEdition.school_id.is_(None) & DocumentEdition.trust_id.is_(None)
    others = is_shared
    if isinstance(scope, SchoolScope):
        others = is_shared | DocumentEdition.trust_id.is_not(None)  # the policies show it no other trust's than its own
    edition = db.session.scalars(
        select(DocumentEdition)
        .join(DocumentEdition.document)
        .options(joinedload(DocumentEdition.document), selectinload(DocumentEdition.parts))
        .where(
            Document.key == key,
            others,
            DocumentEdition.in_force_from <= day,
            DocumentEdition.published_on <= day,
            DocumentEdition.withdrawn_on.is_(None) | (DocumentEdition.withdrawn_on > day),
        )
        .order_by(
            DocumentEdition.trust_id.is_(None),
            DocumentEdition.in_force_from.desc(),
            DocumentEdition.published_on.desc(),
            DocumentEdition.id.desc(),
        )
    ).first()
    return as_in_force(edition) if edition else None
