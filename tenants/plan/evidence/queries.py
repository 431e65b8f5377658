"""Reads of evidence: of one action, of the whole school, one file; as it was on any day."""

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.access.models import Account
from tenants.plan.evidence.models import Evidence, EvidenceKind, EvidenceRevision, EvidenceUse
from tenants.plan.models import EditionAction, PlanAction


@dataclass(frozen=True)
class Revision:
    """What a piece held from a moment on."""

    id: uuid.UUID
    number: int
    address: str | None
    note: str | None
    storage_key: str | None
    file_name: str | None
    media_type: str | None
    size: int | None
    sha256: str | None
    effective_from: date
    expires_on: date | None
    added_by: str | None
    added_at: datetime

    def has_expired(self, day: date) -> bool:
        return self.expires_on is not None and self.expires_on < day


@dataclass(frozen=True)
class EvidencePiece:
    """A piece with its revisions, the latest first. `action_ids` are those that it serves, of all the school's plans."""

    id: uuid.UUID
    kind: EvidenceKind
    title: str
    revisions: tuple[Revision, ...]
    action_ids: tuple[uuid.UUID, ...] = ()
    removed_at: datetime | None = None
    removed_by: str | None = None

    @property
    def now(self) -> Revision:
        return self.revisions[0]


def _used(at: datetime | None) -> ColumnElement[bool]:
    if at is None:
        return EvidenceUse.used_until.is_(None)
    return and_(EvidenceUse.used_from <= at, or_(EvidenceUse.used_until.is_(None), EvidenceUse.used_until > at))


def evidence_of(scope: SchoolScope, action_id: uuid.UUID, *, at: datetime | None = None) -> list[EvidencePiece]:
    """What serves an action now, or served it at a moment; the latest first. Two queries."""
    require_bound(scope)
    ids = select(EvidenceUse.evidence_id).where(
        EvidenceUse.school_id == scope.school_id, EvidenceUse.action_id == action_id, _used(at)
    )
    return _pieces(scope, Evidence.id.in_(ids), at=at)


def evidence_of_school(scope: SchoolScope, *, at: datetime | None = None) -> list[EvidencePiece]:
    """Every piece that the school has, or had at a moment, the latest first. Two queries."""
    require_bound(scope)
    there = Evidence.created_at <= at if at is not None else db.true()
    return _pieces(scope, there, at=at)


def evidence_piece(scope: SchoolScope, evidence_id: uuid.UUID) -> EvidencePiece | None:
    """One piece of the school."""
    require_bound(scope)
    return next(iter(_pieces(scope, Evidence.id == evidence_id, at=None)), None)


def removed_evidence(scope: SchoolScope, action_id: uuid.UUID) -> list[EvidencePiece]:
    """What served an action once and was taken away, as far as it does not serve it again."""
    require_bound(scope)
    remover = aliased(Account)
    last = {
        row.evidence_id: row
        for row in db.session.execute(
            select(EvidenceUse.evidence_id, EvidenceUse.used_until, remover.name)
            .outerjoin(remover, remover.id == EvidenceUse.removed_by)
            .where(EvidenceUse.school_id == scope.school_id, EvidenceUse.action_id == action_id)
            .ext(distinct_on(EvidenceUse.evidence_id))
            .order_by(EvidenceUse.evidence_id, EvidenceUse.used_from.desc())
        )
        if row.used_until is not None
    }
    pieces = _pieces(scope, Evidence.id.in_(list(last)), at=None)
    return [
        EvidencePiece(
            piece.id, piece.kind, piece.title, piece.revisions, piece.action_ids, last[piece.id][1], last[piece.id][2]
        )
        for piece in pieces
    ]


def _pieces(scope: SchoolScope, which: ColumnElement[bool], *, at: datetime | None) -> list[EvidencePiece]:
    query = (
        select(Evidence, EvidenceRevision, Account.name)
        .join(
            EvidenceRevision,
            and_(EvidenceRevision.school_id == Evidence.school_id, EvidenceRevision.evidence_id == Evidence.id),
        )
        .outerjoin(Account, Account.id == EvidenceRevision.added_by)
        .where(Evidence.school_id == scope.school_id, which)
        .order_by(Evidence.created_at.desc(), Evidence.id.desc(), EvidenceRevision.number.desc())
    )
    if at is not None:
        query = query.where(EvidenceRevision.created_at <= at)
    held: dict[uuid.UUID, tuple[Evidence, list[Revision]]] = {}
    for evidence, revision, name in db.session.execute(query):
        held.setdefault(evidence.id, (evidence, []))[1].append(_revision(revision, name))
    uses: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for evidence_id, action_id in db.session.execute(
        select(EvidenceUse.evidence_id, EvidenceUse.action_id).where(
            EvidenceUse.school_id == scope.school_id, EvidenceUse.evidence_id.in_(list(held)), _used(at)
        )
    ):
        uses[evidence_id].append(action_id)
    return [
        EvidencePiece(evidence.id, evidence.kind, evidence.title, tuple(revisions), tuple(uses[evidence.id]))
        for evidence, revisions in held.values()
    ]


def _revision(row: EvidenceRevision, name: str | None) -> Revision:
    return Revision(
        id=row.id,
        number=row.number,
        address=row.address,
        note=row.note,
        storage_key=row.storage_key,
        file_name=row.file_name,
        media_type=row.media_type,
        size=row.size,
        sha256=row.sha256,
        effective_from=row.effective_from,
        expires_on=row.expires_on,
        added_by=name,
        added_at=row.created_at,
    )


def evidence_file(scope: SchoolScope, evidence_id: uuid.UUID, number: int | None = None) -> Revision | None:
    """A revision of a piece that is a file: that of the number, or the latest. None otherwise."""
    piece = evidence_piece(scope, evidence_id)
    if piece is None or piece.kind is not EvidenceKind.FILE:
        return None
    return next((each for each in piece.revisions if number in {None, each.number}), None)


def actions_by_id(scope: SchoolScope, action_ids: list[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The wordings of actions, whatever plan they are in."""
    require_bound(scope)
    rows = db.session.execute(
        select(PlanAction.id, func.coalesce(PlanAction.own_wording, EditionAction.wording))
        .outerjoin(EditionAction, EditionAction.id == PlanAction.edition_action_id)
        .where(PlanAction.school_id == scope.school_id, PlanAction.id.in_(action_ids))
    )
    return {row[0]: row[1] for row in rows}
