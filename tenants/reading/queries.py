"""Reads of documents and of who confirmed which edition."""

import hashlib
import json
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.reading.models import ConfirmationSource, Document, DocumentEdition, ReadingConfirmation


@dataclass(frozen=True)
class DocumentInForce:
    """A document with the edition of it that counts on a day."""

    key: str
    title: str
    publisher: str
    rule: str
    audience: frozenset[str]
    edition_id: uuid.UUID
    edition: str
    in_force_from: date
    address: str | None
    parts: tuple[str, ...]
    part_audience: Mapping[str, Collection[str]]

    def parts_for(self, roles: Collection[str]) -> tuple[str, ...]:
        """What somebody with these roles reads. Whoever holds none reads all, as nothing says what they may leave out."""
        return tuple(
            part for part in self.parts
            if not roles or not self.part_audience.get(part) or set(roles) & set(self.part_audience[part])
        )  # fmt: skip


def documents_in_force(day: date) -> list[DocumentInForce]:
    """Every document that has an edition in force on the day, in the catalogue's order."""
    rows = db.session.execute(
        select(Document, DocumentEdition)
        .join(DocumentEdition, DocumentEdition.document_id == Document.id)
        .where(DocumentEdition.in_force_from <= day)
        .order_by(Document.position, Document.key, DocumentEdition.in_force_from.desc())
        .ext(distinct_on(Document.position, Document.key))
    )
    return [
        DocumentInForce(
            key=document.key,
            title=document.title,
            publisher=document.publisher,
            rule=edition.reading_rule,
            audience=frozenset(document.audience),
            edition_id=edition.id,
            edition=edition.label,
            in_force_from=edition.in_force_from,
            address=edition.address,
            parts=tuple(edition.parts),
            part_audience=edition.part_audience,
        )
        for document, edition in rows
    ]


def document_in_force(key: str, day: date) -> DocumentInForce | None:
    return next((each for each in documents_in_force(day) if each.key == key), None)


def edition_sha256(edition_id: uuid.UUID) -> str:
    """SHA-256, in hexadecimal, of what an edition says: document, label, first day, address, parts and who reads each, as JSON.

    Raises NoResultFound when there is no such edition.
    """
    document, edition = db.session.execute(
        select(Document, DocumentEdition)
        .join(DocumentEdition, DocumentEdition.document_id == Document.id)
        .where(DocumentEdition.id == edition_id)
    ).one()
    said = {
        "document": document.key,
        "title": document.title,
        "edition": edition.label,
        "in_force_from": edition.in_force_from.isoformat(),
        "address": edition.address,
        "parts": edition.parts,
        "part_audience": edition.part_audience,
    }
    body = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(body.encode("utf-8")).hexdigest()


@dataclass(frozen=True)
class Confirmed:
    id: uuid.UUID
    confirmed_on: date
    source: ConfirmationSource
    sign_off_id: uuid.UUID | None


def confirmations(scope: SchoolScope, edition_id: uuid.UUID) -> dict[uuid.UUID, Confirmed]:
    """Who has confirmed an edition, by member of staff."""
    require_bound(scope)
    rows = db.session.scalars(
        select(ReadingConfirmation).where(
            ReadingConfirmation.school_id == scope.school_id, ReadingConfirmation.document_edition_id == edition_id
        )
    )
    return {row.staff_id: Confirmed(row.id, row.confirmed_on, row.source, row.sign_off_id) for row in rows}
