"""What staff say of their training: written by their link, accepted or refused by the school."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import and_, func, select

from prevent_trust.database import db
from prevent_trust.mail import queue_mail_once
from prevent_trust.mail_templates import render_mail
from prevent_trust.storage import Storage
from prevent_trust.tenancy import SchoolScope, Scope, require_bound, within
from tenants.access.models import Account
from tenants.reading.campaigns import SentAs
from tenants.staff.models import StaffMember
from tenants.training.actions import record_each
from tenants.training.asking.links import OpenedAsk
from tenants.training.asking.models import StatementState, TrainingLink, TrainingStatement
from tenants.training.models import CompletionSource, Course
from tenants.training.proofs.actions import add_proof, forget_training_file
from tenants.training.proofs.models import ProofKind, TrainingFile

REFUSED_MAIL = "training_refused"


def say_by_link(
    scope: SchoolScope,
    link: OpenedAsk,
    *,
    completed_on: date,
    file_id: uuid.UUID | None,
    today: date,
    storage: Storage,
) -> bool:
    """Writes what somebody says by their link. Said again before the school decided, it takes the place of what was said.

    A certificate stays when no other is given. False when the link is over, the day is to come, or what was said by it
    was accepted already; a file that came along is then dropped.
    """
    there = _said_before(scope, link) if link.works and completed_on <= today else None
    accepted = there is not None and there.state is StatementState.ACCEPTED
    if not link.works or completed_on > today or accepted:
        if file_id:
            forget_training_file(scope, file_id=file_id, storage=storage)
        return False
    # A new row in place of the one before: who accepts what a page showed never accepts what was said since.
    before = there.file_id if there is not None and there.state is StatementState.WAITING else None
    if there is not None and there.state is StatementState.WAITING:
        db.session.delete(there)
        db.session.flush()
    said = TrainingStatement(
        school_id=scope.school_id,
        link_id=link.link_id,
        staff_id=link.staff_id,
        course_id=link.course.id,
        completed_on=completed_on,
        file_id=file_id or before,
    )
    db.session.add(said)
    db.session.flush()
    if file_id and before:
        forget_training_file(scope, file_id=before, storage=storage)
    return True


def _said_before(scope: SchoolScope, link: OpenedAsk) -> TrainingStatement | None:
    """What was said last by the link, which stays locked until the transaction ends."""
    require_bound(scope)
    # Two taps at once: the second waits here, and finds what the first said.
    db.session.execute(
        select(TrainingLink.id)
        .where(TrainingLink.school_id == scope.school_id, TrainingLink.id == link.link_id)
        .with_for_update()
    )
    return db.session.scalars(
        select(TrainingStatement)
        .where(TrainingStatement.school_id == scope.school_id, TrainingStatement.link_id == link.link_id)
        .order_by(TrainingStatement.created_at.desc(), TrainingStatement.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    ).one_or_none()


@dataclass(frozen=True)
class Said:
    """What somebody said, and what the school decided."""

    id: uuid.UUID
    staff_id: uuid.UUID
    name: str
    course_id: uuid.UUID
    course: str
    completed_on: date
    said_at: datetime
    file_id: uuid.UUID | None
    file_name: str | None
    state: StatementState
    reason: str | None
    decided_by: str | None
    decided_at: datetime | None


def statements_of(scope: SchoolScope, *, limit: int = 500) -> list[Said]:
    """What the school's staff said: what waits first, the latest first. One query."""
    require_bound(scope)
    waits = TrainingStatement.state == StatementState.WAITING
    rows = db.session.execute(
        select(TrainingStatement, StaffMember, Course.title, TrainingFile.file_name, Account.name)
        .join(
            StaffMember,
            and_(StaffMember.school_id == TrainingStatement.school_id, StaffMember.id == TrainingStatement.staff_id),
        )
        .join(Course, Course.id == TrainingStatement.course_id)
        .outerjoin(
            TrainingFile,
            and_(TrainingFile.school_id == TrainingStatement.school_id, TrainingFile.id == TrainingStatement.file_id),
        )
        .outerjoin(Account, Account.id == TrainingStatement.decided_by)
        .where(TrainingStatement.school_id == scope.school_id)
        .order_by(waits.desc(), TrainingStatement.created_at.desc(), TrainingStatement.id.desc())
        .limit(limit)
    )
    return [
        Said(
            id=row.id,
            staff_id=member.id,
            name=member.full_name,
            course_id=row.course_id,
            course=title,
            completed_on=row.completed_on,
            said_at=row.created_at,
            file_id=row.file_id,
            file_name=file_name,
            state=row.state,
            reason=row.reason,
            decided_by=decider,
            decided_at=row.decided_at,
        )
        for row, member, title, file_name, decider in rows
    ]


def statements_waiting(scope: Scope) -> dict[uuid.UUID, int]:
    """How many statements wait for a decision, by school; only schools where any does. One query."""
    require_bound(scope)
    rows = db.session.execute(
        select(TrainingStatement.school_id, func.count())
        .where(within(scope, TrainingStatement.school_id), TrainingStatement.state == StatementState.WAITING)
        .group_by(TrainingStatement.school_id)
    )
    return {school_id: count for school_id, count in rows}  # noqa: C416  # rows are no pairs to a type checker


def accept_statements(scope: SchoolScope, *, statement_ids: Collection[uuid.UUID], decided_by: uuid.UUID | None) -> int:
    """Makes completions of what waits, with the certificates. Returns how many were accepted; decided ones are left alone."""
    accepted = _waiting(scope, statement_ids)
    record_each(
        scope,
        done=[(row.staff_id, row.course_id, row.completed_on) for row in accepted],
        source=CompletionSource.LINK,
        recorded_by=decided_by,
    )
    for row in accepted:
        if row.file_id:
            add_proof(
                scope,
                kind=ProofKind.CERTIFICATE,
                staff_ids=[row.staff_id],
                course_id=row.course_id,
                completed_on=row.completed_on,
                file_id=row.file_id,
                recorded_by=decided_by,
            )
        row.state, row.decided_by, row.decided_at = StatementState.ACCEPTED, decided_by, datetime.now(UTC)
    db.session.flush()
    return len(accepted)


def refuse_statement(
    scope: SchoolScope,
    *,
    statement_id: uuid.UUID,
    reason: str,
    decided_by: uuid.UUID | None,
    sent_as: SentAs,
) -> bool:
    """Refuses what waits and tells the person why by mail, with their link to say it anew. False when it was decided."""
    found = _waiting(scope, [statement_id])
    if not found:
        return False
    row = found[0]
    row.state, row.reason = StatementState.REFUSED, reason
    row.decided_by, row.decided_at = decided_by, datetime.now(UTC)
    db.session.flush()
    _tell(scope, row, sent_as)
    return True


def _waiting(scope: SchoolScope, statement_ids: Collection[uuid.UUID]) -> Sequence[TrainingStatement]:
    """Locked until the transaction ends, so that each is decided once."""
    require_bound(scope)
    return db.session.scalars(
        select(TrainingStatement)
        .where(
            TrainingStatement.school_id == scope.school_id,
            TrainingStatement.id.in_(statement_ids),
            TrainingStatement.state == StatementState.WAITING,
        )
        .order_by(TrainingStatement.id)
        .with_for_update()
    ).all()


def _tell(scope: SchoolScope, row: TrainingStatement, sent_as: SentAs) -> None:
    member = db.session.get_one(StaffMember, row.staff_id)
    course = db.session.get_one(Course, row.course_id)
    if not member.email:
        return
    content = render_mail(
        REFUSED_MAIL,
        name=member.given_name,
        school=sent_as.school_name,
        sender=sent_as.sender,
        title=course.title,
        completed_on=row.completed_on,
        reason=row.reason,
        link=sent_as.link_for(row.link_id),
    )
    queue_mail_once(
        once_key=f"{REFUSED_MAIL}:{row.id}",
        scope=scope.stamp,
        kind=REFUSED_MAIL,
        to_address=member.email,
        to_name=member.full_name,
        subject=content.subject,
        plain=content.plain,
        html=content.html,
        stop_address=None,
    )
