"""Dates that an authority, a trust or a school has set for an academic year, and the files that some of them came from."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from prevent_trust.database import Record, check, closed_set

ONE_PLACE = "num_nonnulls(school_id, trust_id, authority_id) = 1"


class CalendarYear(Record):
    """What one place has set for one academic year. Never changed: a change is a new row, and the earlier one is replaced.

    `entries` are Entry objects as JSON (`entries.py`); none in the newest row means that the place has set nothing.
    """

    __tablename__ = "calendar_year"

    school_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("school.id"))
    trust_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trust.id"))
    authority_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("local_authority.id"))
    year: Mapped[int]  # in which the academic year begins
    entries: Mapped[list[dict[str, Any]]] = mapped_column(default=list, server_default=text("'[]'"))
    set_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    replaced_at: Mapped[datetime | None]

    __table_args__ = (
        check(ONE_PLACE, "one_place"),
        check("year between 2000 and 2100", "year_in_range"),
        Index(
            "uq_calendar_year_current",
            "year",
            "school_id",
            "trust_id",
            "authority_id",
            unique=True,
            postgresql_where=text("replaced_at is null"),
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_calendar_year_school_id", "school_id"),
        Index("ix_calendar_year_trust_id", "trust_id"),
        Index("ix_calendar_year_authority_id", "authority_id"),
    )


class CalendarImportState(StrEnum):
    PREVIEWED = "previewed"
    APPLIED = "applied"
    UNDONE = "undone"
    DROPPED = "dropped"


class CalendarImport(Record):
    """A file of dates, read and not kept.

    `found`: by academic year, Entry objects as JSON. `not_taken`: rows with line, title and reason. `written`: by academic
    year, the keys of the row before and the row after.
    """

    __tablename__ = "calendar_import"

    school_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("school.id"))
    trust_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trust.id"))
    authority_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("local_authority.id"))
    state: Mapped[CalendarImportState] = mapped_column(
        closed_set(CalendarImportState, "state"),
        default=CalendarImportState.PREVIEWED,
        server_default="previewed",
    )
    file_name: Mapped[str]
    rows: Mapped[int]
    found: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    not_taken: Mapped[list[dict[str, Any]]] = mapped_column(default=list, server_default=text("'[]'"))
    written: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    requested_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    __table_args__ = (
        check(ONE_PLACE, "one_place"),
        Index("ix_calendar_import_school_id", "school_id"),
        Index("ix_calendar_import_trust_id", "trust_id"),
        Index("ix_calendar_import_authority_id", "authority_id"),
    )
