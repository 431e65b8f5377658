"""Secret addresses of calendars of due dates."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from prevent_trust.database import Record


class CalendarFeed(Record):
    """One account's address: of a school's due dates, or without a school of what is its own at every school.

    The address itself is shown once and not kept: `secret_sha256` is all there is of it.
    """

    __tablename__ = "calendar_feed"

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    school_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("school.id"))
    secret_sha256: Mapped[str] = mapped_column(unique=True)
    withdrawn_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_calendar_feed_current",
            "account_id",
            "school_id",
            unique=True,
            postgresql_where=text("withdrawn_at is null"),
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_calendar_feed_school_id", "school_id"),
    )
