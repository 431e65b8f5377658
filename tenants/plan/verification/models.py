"""The trust's checks of single actions, as a row of events for each action."""

import uuid
from enum import StrEnum

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from prevent_trust.database import Record, closed_set, same_school


class VerificationStep(StrEnum):
    SAMPLED = "sampled"  # the trust asks to see it
    SUBMITTED = "submitted"  # the school says that it is ready, or answers
    VERIFIED = "verified"
    RETURNED = "returned"


class VerificationEvent(Record):
    """One step. `answer_id` is the school's answer that it is about: a later answer is not verified by it."""

    __tablename__ = "verification_event"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    action_id: Mapped[uuid.UUID]
    answer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("plan_answer.id", ondelete="SET NULL"))
    step: Mapped[VerificationStep] = mapped_column(closed_set(VerificationStep, "step"))
    comment: Mapped[str] = mapped_column(default="", server_default="")
    made_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    __table_args__ = (
        same_school("plan_action", "action_id"),
        Index("ix_verification_event_school_id_action_id", "school_id", "action_id", "created_at"),
    )
