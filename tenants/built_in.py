"""Loads the data that the product ships: courses, documents, types of concern, references and the built-in edition.

Loading again brings wording of courses, documents and references up to date; an edition that is there is never
changed, because plans hang on its words.
"""

import uuid
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from prevent_trust.database import db
from prevent_trust.tenancy import PlatformScope, require_bound
from tenants.plan.edition_actions import add_edition
from tenants.plan.edition_source import edition_names, load_edition_source
from tenants.plan.models import Edition, EditionSource
from tenants.reading.edition_content import whole_part
from tenants.reading.models import Document, DocumentEdition, DocumentPart
from tenants.references.models import Reference
from tenants.references.register import load_register
from tenants.referrals.models import ConcernType
from tenants.reminders.models import ReminderStart
from tenants.reminders.rule_book import built_in_rules
from tenants.staff.models import CoverRule
from tenants.training.models import Course

HERE = Path(__file__).resolve().parent
LONDON = ZoneInfo("Europe/London")


def load_built_in_data() -> None:
    """Brings the shipped data into the database. Needs the platform's scope; flushes."""
    require_bound(PlatformScope())
    _load_courses(_entries("training/courses.yaml", "courses"))
    _load_documents(_entries("reading/documents.yaml", "documents"))
    _load_concern_types(_entries("referrals/concern_types.yaml", "concern_types"))
    _load_cover_rules(_entries("staff/cover_rules.yaml", "cover_rules"))
    _load_references()
    _note_rules_that_came()
    for name in edition_names():
        load_edition(name)
    db.session.flush()


def _note_rules_that_came() -> None:
    """The day on which each rule that begins later came; what is noted already stays."""
    today = datetime.now(LONDON).date()
    rows = [{"rule": rule.key, "held_from": today} for rule in built_in_rules() if rule.begins_after]
    db.session.execute(insert(ReminderStart).values(rows).on_conflict_do_nothing(index_elements=["rule"]))


def _entries(path: str, name: str) -> list[dict[str, Any]]:
    loaded = yaml.safe_load((HERE / path).read_text(encoding="utf-8"))
    return list(loaded[name])


def _upsert(model: type[Any], rows: list[dict[str, Any]], key: list[str]) -> None:
    statement = insert(model).values(rows)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in key}
    db.session.execute(statement.on_conflict_do_update(index_elements=key, set_=changed))


def _load_courses(entries: list[dict[str, Any]]) -> None:
    rows = [
        {
            "key": entry["key"],
            "title": entry["title"],
            "provider": entry.get("provider") or "",
            "address": entry.get("address"),
            "requirement": entry.get("requirement") or "",
            "validity_months": entry.get("validity_months"),
            "audience": entry.get("audience") or [],
            "position": position,
            "prerequisite": entry.get("prerequisite"),
            "is_asked": entry.get("is_asked", True),
            "split_from": entry.get("split_from"),
            "split_on": entry.get("split_on"),
        }
        for position, entry in enumerate(entries)
    ]
    _upsert(Course, rows, ["key"])


def _load_documents(entries: list[dict[str, Any]]) -> None:
    rows = [
        {
            "key": entry["key"],
            "title": entry["title"],
            "publisher": entry.get("publisher") or "",
            "audience": entry.get("audience") or [],
            "position": position,
            "own_editions": entry.get("own_editions", False),
        }
        for position, entry in enumerate(entries)
    ]
    _upsert(Document, rows, ["key"])
    ids = {
        row.key: row.id
        for row in db.session.execute(
            select(Document.key, Document.id).where(Document.key.in_([e["key"] for e in entries]))
        )
    }
    editions = [
        {
            "document_id": ids[entry["key"]],
            "school_id": None,
            "trust_id": None,
            "label": edition["label"],
            "in_force_from": edition["in_force_from"],
            "published_on": edition["in_force_from"],
            "address": edition.get("address"),
            "reading_rule": edition["reading_rule"],
        }
        for entry in entries
        for edition in entry["editions"]
    ]
    _upsert(DocumentEdition, editions, ["document_id", "school_id", "trust_id", "label"])
    _load_parts(
        {(ids[entry["key"]], edition["label"]): (entry, edition) for entry in entries for edition in entry["editions"]}
    )


def _load_parts(entries: dict[tuple[uuid.UUID, str], tuple[dict[str, Any], dict[str, Any]]]) -> None:
    """A part keeps its row when it is loaded again, since confirmations name it."""
    shared = select(DocumentEdition).where(DocumentEdition.school_id.is_(None), DocumentEdition.trust_id.is_(None))
    parts: list[dict[str, Any]] = []
    for row in db.session.scalars(shared):
        entry, edition = entries.get((row.document_id, row.label), (None, None))
        if entry is None or edition is None:
            continue
        parts += [
            {"document_edition_id": row.id, "position": position, "audience": part.get("audience") or []}
            | whole_part(document=entry["key"], edition=row.label, title=part["title"], address=row.address)
            for position, part in enumerate(edition["parts"])
        ]
        db.session.execute(
            delete(DocumentPart).where(
                DocumentPart.document_edition_id == row.id, DocumentPart.position >= len(edition["parts"])
            )
        )
    _upsert(DocumentPart, parts, ["document_edition_id", "position"])


def _load_concern_types(entries: list[dict[str, Any]]) -> None:
    rows = [
        {
            "key": entry["key"],
            "title": entry["title"],
            "release_year": entry["release_year"],
            "position": position,
        }
        for position, entry in enumerate(entries)
    ]
    _upsert(ConcernType, rows, ["release_year", "key"])


def _load_cover_rules(entries: list[dict[str, Any]]) -> None:
    rows = [
        {
            "key": entry["key"],
            "trust_id": None,
            "from_on": None,
            "role": entry["role"],
            "at_least": entry.get("at_least", 1),
            "courses": entry.get("courses") or [],
            "reason": entry["reason"],
            "position": position,
        }
        for position, entry in enumerate(entries)
    ]
    _upsert(CoverRule, rows, ["key", "trust_id", "from_on"])


def _load_references() -> None:
    rows = [
        {
            "key": entry.key,
            "title": entry.title,
            "publisher": entry.publisher,
            "kind": entry.kind,
            "edition": entry.edition,
            "address": entry.address,
            "in_force_from": entry.in_force_from,
            "superseded_by": entry.superseded_by,
            "last_checked": entry.last_checked,
            "certainty": entry.certainty,
            "patterns": list(entry.patterns),
            "advice": entry.advice,
        }
        for entry in load_register()
    ]
    _upsert(Reference, rows, ["key"])


def load_edition(name: str) -> Edition:
    """The shipped edition of that name, from the database when it is there, else from its file."""
    source = load_edition_source(name)
    there = _shipped(source.key)
    if there is not None:
        return there
    base = _shipped(source.based_on) if source.based_on else None
    edition = Edition(
        key=source.key,
        title=source.title,
        source=EditionSource.BUILT_IN,
        based_on_id=base.id if base else None,
        notes=source.notes,
        published_on=source.published_on,
        introduction=source.introduction,
    )
    return add_edition(edition, source.content)


def _shipped(key: str) -> Edition | None:
    return db.session.scalar(select(Edition).where(Edition.key == key, Edition.source == EditionSource.BUILT_IN))
