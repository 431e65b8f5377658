"""Reads of what shows training: of one person, the school's sessions, one file."""

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, select

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.access.models import Account
from tenants.staff.models import StaffMember
from tenants.training.models import Course, TrainingCompletion
from tenants.training.proofs.models import ProofKind, TrainingFile, TrainingProof, TrainingProofPerson


def training_file(scope: SchoolScope, file_id: uuid.UUID) -> TrainingFile | None:
    """A register or a certificate that the school keeps."""
    require_bound(scope)
    return db.session.scalar(
        select(TrainingFile).where(TrainingFile.school_id == scope.school_id, TrainingFile.id == file_id)
    )


@dataclass(frozen=True)
class ShownBy:
    """A file that shows a completion."""

    kind: ProofKind
    file_id: uuid.UUID
    file_name: str
    size: int


def files_of_completions(scope: SchoolScope, staff_id: uuid.UUID) -> dict[uuid.UUID, list[ShownBy]]:
    """The files that show what somebody completed, by completion. One query."""
    require_bound(scope)
    rows = db.session.execute(
        select(TrainingCompletion.id, TrainingProof.kind, TrainingFile.id, TrainingFile.file_name, TrainingFile.size)
        .join(
            TrainingProof,
            and_(
                TrainingProof.school_id == TrainingCompletion.school_id,
                TrainingProof.course_id == TrainingCompletion.course_id,
                TrainingProof.completed_on == TrainingCompletion.completed_on,
            ),
        )
        .join(
            TrainingProofPerson,
            and_(
                TrainingProofPerson.school_id == TrainingProof.school_id,
                TrainingProofPerson.proof_id == TrainingProof.id,
                TrainingProofPerson.staff_id == TrainingCompletion.staff_id,
            ),
        )
        .join(
            TrainingFile,
            and_(TrainingFile.school_id == TrainingProof.school_id, TrainingFile.id == TrainingProof.file_id),
        )
        .where(TrainingCompletion.school_id == scope.school_id, TrainingCompletion.staff_id == staff_id)
        .order_by(TrainingFile.created_at, TrainingFile.id)
    )
    shown: dict[uuid.UUID, list[ShownBy]] = defaultdict(list)
    for completion_id, kind, file_id, file_name, size in rows:
        shown[completion_id].append(ShownBy(kind, file_id, file_name, size))
    return dict(shown)


@dataclass(frozen=True)
class SessionRow:
    """A session as it was recorded: what, when, who was there, the register."""

    id: uuid.UUID
    course: str
    held_on: date
    people: tuple[str, ...]
    file_id: uuid.UUID | None
    file_name: str | None
    recorded_by: str | None
    recorded_at: datetime


def sessions_of(scope: SchoolScope) -> list[SessionRow]:
    """The school's sessions, the latest first. Two queries."""
    require_bound(scope)
    rows = db.session.execute(
        select(TrainingProof, Course.title, TrainingFile.file_name, Account.name)
        .join(Course, Course.id == TrainingProof.course_id)
        .outerjoin(
            TrainingFile,
            and_(TrainingFile.school_id == TrainingProof.school_id, TrainingFile.id == TrainingProof.file_id),
        )
        .outerjoin(Account, Account.id == TrainingProof.recorded_by)
        .where(TrainingProof.school_id == scope.school_id, TrainingProof.kind == ProofKind.SESSION)
        .order_by(TrainingProof.completed_on.desc(), TrainingProof.created_at.desc(), TrainingProof.id.desc())
    ).all()
    people = _people(scope)
    return [
        SessionRow(
            id=proof.id,
            course=title,
            held_on=proof.completed_on,
            people=tuple(people[proof.id]),
            file_id=proof.file_id,
            file_name=file_name,
            recorded_by=name,
            recorded_at=proof.created_at,
        )
        for proof, title, file_name, name in rows
    ]


def _people(scope: SchoolScope) -> dict[uuid.UUID, list[str]]:
    """Who was at each session, by name."""
    rows = db.session.execute(
        select(TrainingProofPerson.proof_id, StaffMember)
        .join(
            StaffMember,
            and_(
                StaffMember.school_id == TrainingProofPerson.school_id, StaffMember.id == TrainingProofPerson.staff_id
            ),
        )
        .where(TrainingProofPerson.school_id == scope.school_id)
        .order_by(StaffMember.family_name, StaffMember.given_name, StaffMember.id)
    )
    people: dict[uuid.UUID, list[str]] = defaultdict(list)
    for proof_id, member in rows:
        people[proof_id].append(member.full_name)
    return people
