"""Files that show training, and the sessions and certificates that they belong to."""

import uuid
from datetime import date
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from prevent_trust.database import Record, closed_set, keyed_by_school, same_school


class ProofKind(StrEnum):
    SESSION = "session"  # people were there together; the file is a picture of the register
    CERTIFICATE = "certificate"


class TrainingFile(Record):
    """A register or a certificate as it was uploaded. Size in bytes."""

    __tablename__ = "training_file"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    storage_key: Mapped[str] = mapped_column(unique=True)
    file_name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    added_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    __table_args__ = (keyed_by_school(),)


class TrainingProof(Record):
    """Shows that some people completed a course on a day; with a file, where somebody kept one."""

    __tablename__ = "training_proof"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    kind: Mapped[ProofKind] = mapped_column(closed_set(ProofKind, "kind"))
    course_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("course.id"))
    completed_on: Mapped[date]
    file_id: Mapped[uuid.UUID | None]
    recorded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    __table_args__ = (
        keyed_by_school(),
        same_school("training_file", "file_id", ondelete="RESTRICT"),
        Index("ix_training_proof_school_id_completed_on", "school_id", "completed_on"),
    )


class TrainingProofPerson(Record):
    """Somebody of whom a proof tells."""

    __tablename__ = "training_proof_person"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    proof_id: Mapped[uuid.UUID]
    staff_id: Mapped[uuid.UUID]

    __table_args__ = (
        same_school("training_proof", "proof_id"),
        same_school("staff_member", "staff_id"),
        UniqueConstraint("school_id", "proof_id", "staff_id"),
        Index("ix_training_proof_person_school_id_staff_id", "school_id", "staff_id"),
    )
