"""The ledger of reminders: what, to whom, why, for which period. One row at most for each; the mail hangs on it."""

import uuid
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from prevent_trust.database import Record, closed_set
from prevent_trust.mail import OutgoingMail


class ReminderKind(StrEnum):
    WEEKLY_DIGEST = "weekly_digest"
    CHASE = "chase"  # sent by the trust's safeguarding lead


class Reminder(Record):
    __tablename__ = "reminder"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    kind: Mapped[ReminderKind] = mapped_column(closed_set(ReminderKind, "kind"))
    period: Mapped[str]  # the ISO week, e.g. 2026-W48; for a chase the day, e.g. 2026-11-23
    reasons: Mapped[list[dict[str, Any]]]
    mail_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("outgoing_mail.id"))
    sent_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    mail: Mapped[OutgoingMail] = relationship()

    __table_args__ = (
        UniqueConstraint("school_id", "account_id", "kind", "period"),
        Index("ix_reminder_mail_id", "mail_id"),
    )
