"""Writing editions and the drafts that they come from. Each flushes and leaves the commit to its caller."""

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import insert, select

from prevent_trust.database import db, new_id
from prevent_trust.tenancy import PlatformScope, TrustScope, require_bound
from tenants.plan.edition_content import EditionContent, EditionError
from tenants.plan.edition_difference import difference
from tenants.plan.edition_queries import content_of, edition_for
from tenants.plan.models import (
    Edition,
    EditionAction,
    EditionDraft,
    EditionDuty,
    EditionExpectation,
    EditionSection,
    EditionSource,
)

Owner = TrustScope | PlatformScope


@dataclass
class DraftChangedMeanwhile(Exception):
    """Somebody else changed the draft since the page was opened. Nothing was written."""

    draft_id: uuid.UUID


def add_edition(edition: Edition, content: EditionContent) -> Edition:
    """Writes an edition with all its wording: five statements. The rows are the edition's school's or trust's."""
    db.session.add(edition)
    db.session.flush()
    owner = {"school_id": edition.school_id, "trust_id": edition.trust_id}
    sections, duties, expectations = [], [], []
    actions: list[dict[str, Any]] = []
    for s, section in enumerate(content.sections):
        section_id = new_id()
        row = {"id": section_id, "edition_id": edition.id, "key": section.key, "position": s}
        sections.append(row | {"title": section.title, "theme": section.theme} | owner)
        for d, duty in enumerate(section.duties):
            duty_id = new_id()
            row = {"id": duty_id, "section_id": section_id, "key": duty.key, "position": d, "wording": duty.wording}
            duties.append(row | owner)
            for e, expectation in enumerate(duty.expectations):
                expectation_id = new_id()
                row = {"id": expectation_id, "duty_id": duty_id, "key": expectation.key, "position": e}
                expectations.append(row | {"wording": expectation.wording, "note": expectation.note} | owner)
                for action in expectation.actions:
                    place = {"edition_id": edition.id, "expectation_id": expectation_id, "position": len(actions)}
                    actions.append({"id": new_id()} | place | _action_values(action) | owner)
    for model, rows in (
        (EditionSection, sections),
        (EditionDuty, duties),
        (EditionExpectation, expectations),
        (EditionAction, actions),
    ):
        if rows:
            db.session.execute(insert(model), rows)
    return edition


def _action_values(action: Any) -> dict[str, Any]:
    return {
        "key": action.key,
        "wording": action.wording,
        "good_looks_like": action.good_looks_like,
        "note": action.note,
        "roles": list(action.roles),
        "dfe_area": action.dfe_area,
        "measure": action.measure,
        "target_percent": action.target_percent,
        "recurs_months": action.recurs_months,
        "reference_keys": list(action.references),
        "serves": list(action.serves),
    }


def start_draft(scope: Owner, *, based_on_id: uuid.UUID, title: str, made_by: uuid.UUID | None) -> EditionDraft:
    """A draft that says at first what the edition says. Raises EditionError when the scope has no such edition."""
    require_bound(scope)
    base = edition_for(scope, based_on_id)
    if base is None:
        raise EditionError("Choose the edition that yours is based on.")
    draft = EditionDraft(
        trust_id=_trust_id(scope),
        based_on_id=base.id,
        title=title,
        content=content_of(base.id).to_json(),
        changed_by=made_by,
    )
    db.session.add(draft)
    db.session.flush()
    return draft


def open_draft(scope: Owner, draft_id: uuid.UUID) -> EditionDraft | None:
    """A draft of the scope that was neither published nor dropped."""
    require_bound(scope)
    return db.session.scalar(
        select(EditionDraft).where(
            EditionDraft.id == draft_id,
            EditionDraft.trust_id.is_not_distinct_from(_trust_id(scope)),
            EditionDraft.published_id.is_(None),
            EditionDraft.dropped_at.is_(None),
        )
    )


def change_draft(
    scope: Owner,
    *,
    draft_id: uuid.UUID,
    seen_revision: int,
    content: EditionContent | None = None,
    title: str | None = None,
    notes: str | None = None,
    changed_by: uuid.UUID | None,
) -> EditionDraft:
    """Saves a new state of a draft. Raises DraftChangedMeanwhile when the person had an earlier one before them."""
    require_bound(scope)
    draft = db.session.get_one(EditionDraft, draft_id, with_for_update=True, populate_existing=True)
    if draft.revision != seen_revision or draft.published_id is not None or draft.dropped_at is not None:
        raise DraftChangedMeanwhile(draft_id)
    if content is not None:
        draft.content = content.to_json()
    if title is not None:
        draft.title = title
    if notes is not None:
        draft.notes = notes
    draft.revision += 1
    draft.changed_at, draft.changed_by = datetime.now(UTC), changed_by
    db.session.flush()
    return draft


def drop_draft(scope: Owner, *, draft_id: uuid.UUID, dropped: bool = True) -> bool:
    """Puts a draft away, or with `dropped` false takes it up again. False when there is none."""
    require_bound(scope)
    draft = db.session.scalar(
        select(EditionDraft).where(
            EditionDraft.id == draft_id,
            EditionDraft.trust_id.is_not_distinct_from(_trust_id(scope)),
            EditionDraft.published_id.is_(None),
        )
    )
    if draft is None:
        return False
    draft.dropped_at = datetime.now(UTC) if dropped else None
    db.session.flush()
    return True


def publish_draft(scope: Owner, *, draft_id: uuid.UUID, seen_revision: int, today: date) -> Edition:
    """Makes the draft an edition, which nobody can change from then on.

    Raises DraftChangedMeanwhile; and EditionError when it changes nothing or does not say what changed and why.
    """
    require_bound(scope)
    draft = db.session.get_one(EditionDraft, draft_id, with_for_update=True, populate_existing=True)
    if draft.revision != seen_revision or draft.published_id is not None or draft.dropped_at is not None:
        raise DraftChangedMeanwhile(draft_id)
    content = EditionContent.from_json(draft.content).checked()
    if difference(content_of(draft.based_on_id), content).is_empty:
        raise EditionError("The draft says what the edition before it says. Change something first.")
    if not draft.notes.strip():
        raise EditionError("Say what changed and why: the schools read it before they adopt the edition.")
    base = db.session.get_one(Edition, draft.based_on_id)
    trust_id = _trust_id(scope)
    edition = Edition(
        key=f"draft-{draft.id.hex}",
        title=draft.title,
        source=EditionSource.TRUST if trust_id else EditionSource.BUILT_IN,
        trust_id=trust_id,
        based_on_id=draft.based_on_id,
        notes=draft.notes,
        published_on=today,
        introduction=base.introduction,
    )
    add_edition(edition, content)
    draft.published_id = edition.id
    db.session.flush()
    return edition


def _trust_id(scope: Owner) -> uuid.UUID | None:
    return scope.trust_id if isinstance(scope, TrustScope) else None
