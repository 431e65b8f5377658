"""Slips of paper that let one person each read and confirm."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from prevent_trust.database import Record, check, same_school

MOST_TRIES = 5


class ReadingSlip(Record):
    """One person's slip in a campaign. Its address and its PIN stand on the paper alone: here are their hashes.

    `tries` counts the PINs that were given since the last right one; after five wrong ones the slip opens nothing.
    """

    __tablename__ = "reading_slip"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    campaign_id: Mapped[uuid.UUID]
    staff_id: Mapped[uuid.UUID]
    address_sha256: Mapped[str] = mapped_column(unique=True)
    pin_hash: Mapped[str]
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    ended_at: Mapped[datetime | None]  # another was printed, or the sheets were withdrawn
    made_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    __table_args__ = (
        same_school("reading_campaign", "campaign_id"),
        same_school("staff_member", "staff_id"),
        check(f"tries between 0 and {MOST_TRIES}", "few_tries"),
        Index(
            "uq_reading_slip_current",
            "school_id",
            "campaign_id",
            "staff_id",
            unique=True,
            postgresql_where=text("ended_at is null"),
        ),
        Index("ix_reading_slip_school_id_staff_id", "school_id", "staff_id"),
    )
