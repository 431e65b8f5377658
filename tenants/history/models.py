"""Earlier states of records, written by a trigger whenever one is changed or deleted."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from prevent_trust.database import Record


class RecordHistory(Record):
    """A row as it stood from `recorded_from` until `recorded_until`. See migration 0003 for the trigger."""

    __tablename__ = "record_history"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    relation: Mapped[str]  # the table
    record: Mapped[dict[str, Any]]
    recorded_from: Mapped[datetime]
    recorded_until: Mapped[datetime]

    __table_args__ = (Index("ix_record_history_school_id_relation", "school_id", "relation", "recorded_until"),)
