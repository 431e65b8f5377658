"""Whom a school asked by mail about a course, and what they said."""

import uuid
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from prevent_trust.database import Record, check, closed_set, keyed_by_school, same_school


class StatementState(StrEnum):
    WAITING = "waiting"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class TrainingAsk(Record):
    """A school asks those who are missing a course when they did it. One at a time for each course."""

    __tablename__ = "training_ask"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    course_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("course.id"))
    due_on: Mapped[date]
    expires_at: Mapped[datetime]  # of its links
    withdrawn_at: Mapped[datetime | None]
    made_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    __table_args__ = (
        keyed_by_school(),
        Index(
            "uq_training_ask_running",
            "school_id",
            "course_id",
            unique=True,
            postgresql_where=text("withdrawn_at is null"),
        ),
    )


class TrainingLink(Record):
    """One person's link, and the mail that it went out with."""

    __tablename__ = "training_link"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    ask_id: Mapped[uuid.UUID]
    staff_id: Mapped[uuid.UUID]
    mail_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("outgoing_mail.id"))

    __table_args__ = (
        keyed_by_school(),
        same_school("training_ask", "ask_id"),
        same_school("staff_member", "staff_id"),
        UniqueConstraint("school_id", "ask_id", "staff_id"),
        Index("ix_training_link_school_id_staff_id", "school_id", "staff_id"),
    )


class TrainingStatement(Record):
    """What somebody said by their link. It counts for nothing until the school accepts it; then it is a completion."""

    __tablename__ = "training_statement"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    link_id: Mapped[uuid.UUID]
    staff_id: Mapped[uuid.UUID]
    course_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("course.id"))
    completed_on: Mapped[date]
    file_id: Mapped[uuid.UUID | None]
    state: Mapped[StatementState] = mapped_column(
        closed_set(StatementState, "state"), default=StatementState.WAITING, server_default="waiting"
    )
    reason: Mapped[str | None]  # why it was refused, for the person who said it
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    decided_at: Mapped[datetime | None]

    __table_args__ = (
        keyed_by_school(),
        same_school("training_link", "link_id"),
        same_school("staff_member", "staff_id"),
        same_school("training_file", "file_id", ondelete="RESTRICT"),
        check("(state = 'refused') = (reason is not null)", "why"),
        check("(state = 'waiting') = (decided_at is null)", "decided"),
        Index(
            "uq_training_statement_waiting",
            "school_id",
            "link_id",
            unique=True,
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_training_statement_school_id_state", "school_id", "state"),
        Index("ix_training_statement_school_id_staff_id", "school_id", "staff_id"),
    )
