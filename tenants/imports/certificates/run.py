"""The steps of a certificate: a kept file waits to be read, is read, and is recorded or dropped by somebody."""

import shutil
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, delete, select

from prevent_trust.database import db
from prevent_trust.storage import Storage, StoredFileMissing
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.imports.certificates.guess import guess
from tenants.imports.certificates.models import CertificateState, TrainingCertificate
from tenants.imports.certificates.text import NoText, text_of_pdf
from tenants.imports.completions.run import known_courses
from tenants.staff.models import StaffMember
from tenants.training.actions import record_completions
from tenants.training.asking.models import StatementState, TrainingStatement
from tenants.training.models import CompletionSource, Course
from tenants.training.proofs.actions import add_proof, forget_training_file
from tenants.training.proofs.models import ProofKind, TrainingFile

PDF = "application/pdf"
NOT_READ = "Only PDFs are read, and this is another kind of file."
FILE_IS_GONE = "The file is no longer there."


def add_certificate(
    scope: SchoolScope, *, file_id: uuid.UUID, uploaded_by: uuid.UUID | None, statement_id: uuid.UUID | None = None
) -> TrainingCertificate:
    """Has a kept file wait to be read; with a statement, the file that somebody added to what they said."""
    require_bound(scope)
    row = TrainingCertificate(
        school_id=scope.school_id, file_id=file_id, uploaded_by=uploaded_by, statement_id=statement_id
    )
    db.session.add(row)
    db.session.flush()
    return row


def certificates_to_read(scope: SchoolScope) -> Sequence[uuid.UUID]:
    """Those that nobody has read yet, the oldest first."""
    require_bound(scope)
    return db.session.scalars(
        select(TrainingCertificate.id)
        .where(TrainingCertificate.school_id == scope.school_id, TrainingCertificate.state == CertificateState.READING)
        .order_by(TrainingCertificate.id)
    ).all()


def read_certificate(scope: SchoolScope, certificate_id: uuid.UUID, *, storage: Storage, today: date) -> None:
    """Reads one and writes what it seems to say, or why there is nothing to guess from. Once; the text is not kept."""
    row = _locked(scope, certificate_id)
    if row is None or row.state is not CertificateState.READING:
        return
    file = db.session.scalars(
        select(TrainingFile).where(TrainingFile.school_id == scope.school_id, TrainingFile.id == row.file_id)
    ).one()
    try:
        text = _text(file, storage)
    except NoText as told:
        row.problem = str(told)
    else:
        found = guess(text, staff=_staff(scope), courses=_courses(scope), today=today)
        row.staff_id, row.course_id, row.completed_on = found.staff_id, found.course_id, found.completed_on
    row.state = CertificateState.WAITING
    db.session.flush()


def _text(file: TrainingFile, storage: Storage) -> str:
    if file.media_type != PDF:
        raise NoText(NOT_READ)
    try:
        with storage.open(file.storage_key) as stored, tempfile.TemporaryFile() as local:
            shutil.copyfileobj(stored, local)
            return text_of_pdf(local)
    except StoredFileMissing as error:
        raise NoText(FILE_IS_GONE) from error


def _staff(scope: SchoolScope) -> list[tuple[uuid.UUID, str, str]]:
    rows = db.session.execute(
        select(StaffMember.id, StaffMember.given_name, StaffMember.family_name).where(
            StaffMember.school_id == scope.school_id
        )
    )
    return [(row[0], row[1], row[2]) for row in rows]


def _courses(scope: SchoolScope) -> list[tuple[uuid.UUID, list[str]]]:
    """What each course is called: its title, its key, and the words of lists that were said to mean it."""
    names: dict[uuid.UUID, list[str]] = {}
    for word, course_id in known_courses(scope).items():
        if course_id is not None:
            names.setdefault(course_id, []).append(word)
    return list(names.items())


@dataclass(frozen=True)
class WaitingCertificate:
    """A certificate with the guess in words."""

    row: TrainingCertificate
    file_name: str
    person: str | None
    course: str | None
    uploaded_at: datetime


def certificates_of(scope: SchoolScope) -> list[WaitingCertificate]:
    """All that is not recorded or dropped, the oldest first, but for those of what staff say. One query."""
    return _read(scope, TrainingCertificate.statement_id.is_(None))


def certificates_of_statements(scope: SchoolScope) -> dict[uuid.UUID, WaitingCertificate]:
    """What the certificates seem to say that staff added to what they say, by statement. One query."""
    found = _read(scope, TrainingCertificate.statement_id.is_not(None))
    return {each.row.statement_id: each for each in found if each.row.statement_id is not None}


def forget_certificates_of_decided(scope: SchoolScope) -> None:
    """What was read for a decision is needed no longer once it is made. The files stay where they are."""
    require_bound(scope)
    decided = select(TrainingStatement.id).where(
        TrainingStatement.school_id == scope.school_id, TrainingStatement.state != StatementState.WAITING
    )
    db.session.execute(
        delete(TrainingCertificate).where(
            TrainingCertificate.school_id == scope.school_id, TrainingCertificate.statement_id.in_(decided)
        )
    )


def _read(scope: SchoolScope, which: ColumnElement[bool]) -> list[WaitingCertificate]:
    require_bound(scope)
    rows = db.session.execute(
        select(TrainingCertificate, TrainingFile.file_name, StaffMember, Course.title)
        .join(
            TrainingFile,
            and_(
                TrainingFile.school_id == TrainingCertificate.school_id, TrainingFile.id == TrainingCertificate.file_id
            ),
        )
        .outerjoin(
            StaffMember,
            and_(
                StaffMember.school_id == TrainingCertificate.school_id, StaffMember.id == TrainingCertificate.staff_id
            ),
        )
        .outerjoin(Course, Course.id == TrainingCertificate.course_id)
        .where(TrainingCertificate.school_id == scope.school_id, which)
        .order_by(TrainingCertificate.created_at, TrainingCertificate.id)
    )
    return [
        WaitingCertificate(row, file_name, member.full_name if member else None, title, row.created_at)
        for row, file_name, member, title in rows
    ]


def record_certificate(
    scope: SchoolScope,
    *,
    certificate_id: uuid.UUID,
    staff_id: uuid.UUID,
    course_id: uuid.UUID,
    completed_on: date,
    recorded_by: uuid.UUID | None,
) -> bool:
    """Makes a completion of what somebody confirmed, with the file. False when it was recorded or dropped already."""
    row = _locked(scope, certificate_id)
    if row is None:
        return False
    record_completions(
        scope, staff_ids=[staff_id], course_id=course_id, completed_on=completed_on, recorded_by=recorded_by,
        source=CompletionSource.CERTIFICATE,
    )  # fmt: skip
    add_proof(
        scope, kind=ProofKind.CERTIFICATE, staff_ids=[staff_id], course_id=course_id, completed_on=completed_on,
        file_id=row.file_id, recorded_by=recorded_by,
    )  # fmt: skip
    db.session.delete(row)
    db.session.flush()
    return True


def drop_certificate(scope: SchoolScope, *, certificate_id: uuid.UUID, storage: Storage) -> bool:
    """Forgets a certificate with its file. False when it was recorded or dropped already."""
    row = _locked(scope, certificate_id)
    if row is None:
        return False
    db.session.delete(row)
    db.session.flush()
    forget_training_file(scope, file_id=row.file_id, storage=storage)
    return True


def _locked(scope: SchoolScope, certificate_id: uuid.UUID) -> TrainingCertificate | None:
    require_bound(scope)
    return db.session.scalar(
        select(TrainingCertificate)
        .where(TrainingCertificate.school_id == scope.school_id, TrainingCertificate.id == certificate_id)
        .with_for_update()
    )
