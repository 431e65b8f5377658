"""Adding evidence, newer revisions of it, and saying which actions it serves. Each flushes; the caller commits."""

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from prevent_trust.database import db, new_id
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.plan.actions import LONDON, PlanError, action_of_current_plan
from tenants.plan.evidence.models import Evidence, EvidenceKind, EvidenceRevision, EvidenceUse
from tenants.plan.models import PlanAction, PlanPeriod


@dataclass(frozen=True)
class StoredContent:
    """A file that is in the storage already. Size in bytes."""

    storage_key: str
    file_name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True)
class LinkContent:
    address: str


@dataclass(frozen=True)
class NoteContent:
    text: str


Content = StoredContent | LinkContent | NoteContent


def add_evidence(
    scope: SchoolScope,
    *,
    action_id: uuid.UUID,
    title: str,
    content: Content,
    effective_from: date | None = None,
    expires_on: date | None = None,
    added_by: uuid.UUID | None,
) -> Evidence:
    """A new piece with its first revision, serving an action. Without a day it shows what it shows from today on.

    Raises PlanError for an action that is not in the current plan, an address that is none, and days in the wrong order.
    """
    require_bound(scope)
    action_of_current_plan(scope, action_id)
    _check(content, effective_from, expires_on)
    kind = {StoredContent: EvidenceKind.FILE, LinkContent: EvidenceKind.LINK, NoteContent: EvidenceKind.NOTE}[
        type(content)
    ]
    evidence = Evidence(school_id=scope.school_id, kind=kind, title=title or _title(content), added_by=added_by)
    db.session.add(evidence)
    db.session.flush()
    _add_revision(scope, evidence, 1, content, effective_from, expires_on, added_by)
    use_evidence(scope, evidence_id=evidence.id, action_id=action_id, added_by=added_by)
    return evidence


def revise_evidence(
    scope: SchoolScope,
    *,
    evidence_id: uuid.UUID,
    content: Content,
    effective_from: date | None = None,
    expires_on: date | None = None,
    added_by: uuid.UUID | None,
) -> EvidenceRevision:
    """A newer revision of a piece; the earlier ones stay. Raises PlanError for another kind of content or no such piece."""
    require_bound(scope)
    _check(content, effective_from, expires_on)
    evidence = db.session.scalar(
        select(Evidence).where(Evidence.school_id == scope.school_id, Evidence.id == evidence_id).with_for_update()
    )
    if evidence is None:
        raise PlanError("There is no such evidence.")
    kind = {StoredContent: EvidenceKind.FILE, LinkContent: EvidenceKind.LINK, NoteContent: EvidenceKind.NOTE}[
        type(content)
    ]
    if kind is not evidence.kind:
        raise PlanError(f"This piece of evidence is a {evidence.kind}. Add another kind as a piece of its own.")
    last = db.session.scalar(
        select(func.max(EvidenceRevision.number)).where(
            EvidenceRevision.school_id == scope.school_id, EvidenceRevision.evidence_id == evidence_id
        )
    )
    return _add_revision(scope, evidence, (last or 0) + 1, content, effective_from, expires_on, added_by)


def _add_revision(
    scope: SchoolScope,
    evidence: Evidence,
    number: int,
    content: Content,
    effective_from: date | None,
    expires_on: date | None,
    added_by: uuid.UUID | None,
) -> EvidenceRevision:
    revision = EvidenceRevision(
        school_id=scope.school_id,
        evidence_id=evidence.id,
        number=number,
        effective_from=effective_from or _today(),
        expires_on=expires_on,
        added_by=added_by,
    )
    match content:
        case LinkContent():
            revision.address = content.address
        case NoteContent():
            revision.note = content.text
        case StoredContent():
            revision.storage_key, revision.file_name = content.storage_key, content.file_name
            revision.media_type, revision.size, revision.sha256 = content.media_type, content.size, content.sha256
    db.session.add(revision)
    db.session.flush()
    return revision


def _check(content: Content, effective_from: date | None, expires_on: date | None) -> None:
    """Raises PlanError before anything is written."""
    if isinstance(content, LinkContent) and not content.address.startswith(("https://", "http://")):
        raise PlanError("The address must start with https:// or http://.")
    if expires_on is not None and expires_on < (effective_from or _today()):
        raise PlanError("It would expire before it takes effect. Change one of the two dates.")


def _today() -> date:
    return datetime.now(LONDON).date()


def _title(content: Content) -> str:
    match content:
        case LinkContent():
            return content.address
        case StoredContent():
            return content.file_name
        case NoteContent():
            return content.text[:80]


def use_evidence(
    scope: SchoolScope, *, evidence_id: uuid.UUID, action_id: uuid.UUID, added_by: uuid.UUID | None
) -> bool:
    """Says that a piece serves an action of the current plan, too. False when it does already. Raises PlanError."""
    require_bound(scope)
    action_of_current_plan(scope, action_id)
    if (
        db.session.scalar(select(Evidence.id).where(Evidence.school_id == scope.school_id, Evidence.id == evidence_id))
        is None
    ):
        raise PlanError("There is no such evidence.")
    added = db.session.scalar(
        insert(EvidenceUse)
        .values(
            id=new_id(),
            school_id=scope.school_id,
            evidence_id=evidence_id,
            action_id=action_id,
            used_from=datetime.now(UTC),
            added_by=added_by,
        )
        .on_conflict_do_nothing(
            index_elements=["school_id", "action_id", "evidence_id"], index_where=EvidenceUse.used_until.is_(None)
        )
        .returning(EvidenceUse.id)
    )
    return added is not None


def stop_using_evidence(
    scope: SchoolScope, *, action_id: uuid.UUID, evidence_id: uuid.UUID, removed_by: uuid.UUID | None
) -> bool:
    """Takes evidence away from an action; the piece, its revisions and the record that it was there stay.

    False when the action has no such evidence. Use it again to put it back.
    """
    require_bound(scope)
    found = db.session.execute(
        update(EvidenceUse)
        .where(
            EvidenceUse.school_id == scope.school_id,
            EvidenceUse.action_id == action_id,
            EvidenceUse.evidence_id == evidence_id,
            EvidenceUse.used_until.is_(None),
        )
        .values(used_until=func.clock_timestamp(), removed_by=removed_by)
        .returning(EvidenceUse.id)
    )
    return found.first() is not None


def serve_actions(
    scope: SchoolScope, *, evidence_id: uuid.UUID, action_ids: set[uuid.UUID], changed_by: uuid.UUID | None
) -> tuple[int, int]:
    """Makes a piece serve exactly these actions of the current plan. Returns how many were added and taken away."""
    require_bound(scope)
    using = set(
        db.session.scalars(
            select(EvidenceUse.action_id)
            .join(
                PlanAction, (PlanAction.school_id == EvidenceUse.school_id) & (PlanAction.id == EvidenceUse.action_id)
            )
            .join(
                PlanPeriod, (PlanPeriod.school_id == PlanAction.school_id) & (PlanPeriod.plan_id == PlanAction.plan_id)
            )
            .where(
                EvidenceUse.school_id == scope.school_id,
                EvidenceUse.evidence_id == evidence_id,
                EvidenceUse.used_until.is_(None),
                PlanPeriod.current_until.is_(None),
            )
        )
    )
    for action_id in action_ids - using:
        use_evidence(scope, evidence_id=evidence_id, action_id=action_id, added_by=changed_by)
    for action_id in using - action_ids:
        stop_using_evidence(scope, action_id=action_id, evidence_id=evidence_id, removed_by=changed_by)
    return len(action_ids - using), len(using - action_ids)
