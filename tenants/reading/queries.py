"""Reads of documents and of who confirmed which edition."""

import hashlib
import json
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import joinedload, selectinload

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, TrustScope, require_bound
from tenants.reading.edition_content import FileContent
from tenants.reading.in_force import IN_FORCE_SQL
from tenants.reading.models import Document, DocumentEdition, DocumentPart, PartKind


class Owner(StrEnum):
    """Whose a document or an edition is."""

    SHARED = "shared"
    TRUST = "trust"
    SCHOOL = "school"


def owner_of(row: Document | DocumentEdition) -> Owner:
    if row.school_id is not None:
        return Owner.SCHOOL
    return Owner.SHARED if row.trust_id is None else Owner.TRUST


@dataclass(frozen=True)
class Part:
    """A part of an edition. An empty audience means everybody."""

    id: uuid.UUID
    title: str
    kind: PartKind
    audience: tuple[str, ...]
    text: str | None
    address: str | None
    file_name: str | None
    size: int | None  # bytes
    sha256: str
    same_as_before: bool

    def is_for(self, roles: Collection[str]) -> bool:
        """Whoever holds no role reads every part, as nothing says what they may leave out."""
        return not roles or not self.audience or bool(set(roles) & set(self.audience))

    @property
    def can_be_compared(self) -> bool:
        """Whether its hash tells that it says the same: of a page elsewhere only when the lead has said so."""
        return self.kind in {PartKind.TEXT, PartKind.FILE} or (self.kind is PartKind.ADDRESS and self.same_as_before)


@dataclass(frozen=True)
class DocumentInForce:
    """A document with the edition of it that counts on a day. `owner` is whose the edition is."""

    key: str
    title: str
    publisher: str
    rule: str
    audience: frozenset[str]
    edition_id: uuid.UUID
    edition: str
    in_force_from: date
    address: str | None
    parts: tuple[Part, ...]
    owner: Owner
    document_owner: Owner
    own_editions: bool

    def parts_for(self, roles: Collection[str]) -> tuple[Part, ...]:
        """What somebody with these roles reads."""
        return tuple(part for part in self.parts if part.is_for(roles))


def part_of(row: DocumentPart) -> Part:
    return Part(
        id=row.id,
        title=row.title,
        kind=row.kind,
        audience=tuple(row.audience),
        text=row.text,
        address=row.address,
        file_name=row.file_name,
        size=row.size,
        sha256=row.sha256,
        same_as_before=row.same_as_before,
    )


def as_in_force(edition: DocumentEdition) -> DocumentInForce:
    """An edition with its document and parts as a value."""
    document = edition.document
    return DocumentInForce(
        key=document.key,
        title=document.title,
        publisher=document.publisher,
        rule=edition.reading_rule,
        audience=frozenset(document.audience),
        edition_id=edition.id,
        edition=edition.label,
        in_force_from=edition.in_force_from,
        address=edition.address,
        parts=tuple(part_of(part) for part in edition.parts),
        owner=owner_of(edition),
        document_owner=owner_of(document),
        own_editions=document.own_editions,
    )


def editions_with_parts(edition_ids: Iterable[uuid.UUID]) -> Sequence[DocumentEdition]:
    """Editions with their documents and parts, in the order of the documents. Two queries."""
    return db.session.scalars(
        select(DocumentEdition)
        .join(DocumentEdition.document)
        .options(joinedload(DocumentEdition.document), selectinload(DocumentEdition.parts))
        .where(DocumentEdition.id.in_(list(edition_ids)))
        .order_by(Document.position, Document.title, Document.key)
        .execution_options(populate_existing=True)
    ).all()


_HERE = text(f"with {IN_FORCE_SQL} select id from edition_here")


def documents_in_force(scope: SchoolScope, day: date) -> list[DocumentInForce]:
    """Every document that has an edition in force at the school on the day: the catalogue's first, then the trust's and the
    school's own. Three queries."""
    require_bound(scope)
    ids = db.session.scalars(_HERE, {"as_at": day}).all()
    return [as_in_force(edition) for edition in editions_with_parts(ids)]


def document_in_force(scope: SchoolScope, key: str, day: date) -> DocumentInForce | None:
    return next((each for each in documents_in_force(scope, day) if each.key == key), None)


def documents_of_trust(scope: TrustScope, day: date) -> list[DocumentInForce]:
    """What holds on the day at a school of the trust that has nothing of its own. Three queries."""
    require_bound(scope)
    ids = db.session.scalars(
        select(DocumentEdition.id)
        .where(
            DocumentEdition.school_id.is_(None),
            DocumentEdition.trust_id.is_(None) | (DocumentEdition.trust_id == scope.trust_id),
            DocumentEdition.in_force_from <= day,
            DocumentEdition.published_on <= day,
            DocumentEdition.withdrawn_on.is_(None) | (DocumentEdition.withdrawn_on > day),
        )
        .order_by(
            DocumentEdition.document_id,
            DocumentEdition.trust_id.is_(None),
            DocumentEdition.in_force_from.desc(),
            DocumentEdition.published_on.desc(),
            DocumentEdition.id.desc(),
        )
        .ext(distinct_on(DocumentEdition.document_id))
    ).all()
    return [as_in_force(edition) for edition in editions_with_parts(ids)]


_OWN = text(f"""
with {IN_FORCE_SQL}
select h.school_id, h.id from edition_here h join document_edition e on e.id = h.id where e.school_id is not null
""")


def own_documents_of_schools(scope: TrustScope, day: date) -> dict[uuid.UUID, list[DocumentInForce]]:
    """By school: the editions of its own that hold there on the day. Three queries, however many schools."""
    require_bound(scope)
    schools = {row.id: row.school_id for row in db.session.execute(_OWN, {"as_at": day})}
    found: dict[uuid.UUID, list[DocumentInForce]] = {}
    for edition in editions_with_parts(schools):
        found.setdefault(schools[edition.id], []).append(as_in_force(edition))
    return found


def is_published(edition_id: uuid.UUID) -> bool:
    """Whether the edition is no longer being written."""
    published_on = db.session.scalar(select(DocumentEdition.published_on).where(DocumentEdition.id == edition_id))
    return published_on is not None


def stored_part(scope: SchoolScope | TrustScope, part_id: uuid.UUID) -> FileContent | None:
    """The file of a part that the scope sees; none for a part of another kind."""
    require_bound(scope)
    row = db.session.scalar(select(DocumentPart).where(DocumentPart.id == part_id, DocumentPart.kind == PartKind.FILE))
    if row is None or row.storage_key is None or row.file_name is None or row.media_type is None or row.size is None:
        return None
    return FileContent(row.storage_key, row.file_name, row.media_type, row.size, row.sha256)


def edition_sha256(edition_id: uuid.UUID) -> str:
    """SHA-256, in hexadecimal, of what an edition says: document, label, first day, address, parts and who reads each, as JSON.

    Where its parts have content here, each is named with the SHA-256 of that. Raises NoResultFound when there is none.
    """
    edition = db.session.scalars(
        select(DocumentEdition)
        .options(joinedload(DocumentEdition.document), selectinload(DocumentEdition.parts))
        .where(DocumentEdition.id == edition_id)
        .execution_options(populate_existing=True)
    ).one()
    said: dict[str, object] = {
        "document": edition.document.key,
        "title": edition.document.title,
        "edition": edition.label,
        "in_force_from": edition.in_force_from.isoformat(),
        "address": edition.address,
    }
    if all(part.kind is PartKind.WHOLE for part in edition.parts):
        said["parts"] = [part.title for part in edition.parts]
        said["part_audience"] = {part.title: part.audience for part in edition.parts if part.audience}
    else:
        said["parts"] = [
            {"title": part.title, "audience": part.audience, "kind": part.kind.value, "sha256": part.sha256}
            for part in edition.parts
        ]
    body = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(body.encode("utf-8")).hexdigest()
