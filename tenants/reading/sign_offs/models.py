"""Files that show what was recorded for many at once."""

import uuid

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from prevent_trust.database import Record, same_school


class ReadingScan(Record):
    """A signed list, scanned or photographed, as it was uploaded. Size in bytes."""

    __tablename__ = "reading_scan"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    sign_off_id: Mapped[uuid.UUID]
    storage_key: Mapped[str] = mapped_column(unique=True)
    file_name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    added_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    __table_args__ = (
        same_school("reading_sign_off", "sign_off_id"),
        Index("ix_reading_scan_school_id_sign_off_id", "school_id", "sign_off_id"),
    )
