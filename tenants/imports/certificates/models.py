"""Certificates that wait for somebody to confirm what they say."""

import uuid
from datetime import date
from enum import StrEnum

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from prevent_trust.database import Record, closed_set, same_school


class CertificateState(StrEnum):
    READING = "reading"
    WAITING = "waiting"


class TrainingCertificate(Record):
    """A certificate with what its text seems to say. Gone once it is recorded or dropped; the text is not kept.

    One that somebody added to what they say of their training (`statement_id`) is decided on there.
    """

    __tablename__ = "training_certificate"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    file_id: Mapped[uuid.UUID]
    state: Mapped[CertificateState] = mapped_column(
        closed_set(CertificateState, "state"), default=CertificateState.READING, server_default="reading"
    )
    staff_id: Mapped[uuid.UUID | None]
    course_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("course.id"))
    completed_on: Mapped[date | None]
    problem: Mapped[str | None]  # why there is no guess, in words, for the person who uploaded it
    statement_id: Mapped[uuid.UUID | None]
    job_id: Mapped[uuid.UUID | None]
    uploaded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    __table_args__ = (
        same_school("training_file", "file_id", ondelete="RESTRICT"),
        same_school("staff_member", "staff_id", ondelete="SET NULL (staff_id)"),
        same_school("training_statement", "statement_id"),
        Index("ix_training_certificate_school_id_state", "school_id", "state"),
    )
