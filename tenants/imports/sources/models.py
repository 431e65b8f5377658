"""A source of staff lists, and each time that it was fetched."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from prevent_trust.database import Record, check, closed_set


class SourceKind(StrEnum):
    FOLDER = "folder"
    SFTP = "sftp"
    HTTPS = "https"
    WONDE = "wonde"


SOURCE_KIND_NAMES = {
    SourceKind.FOLDER: "A folder on this service",
    SourceKind.SFTP: "An SFTP server",
    SourceKind.HTTPS: "A web address (HTTPS)",
    SourceKind.WONDE: "Wonde",
}


class Every(StrEnum):
    DAY = "day"
    WEEK = "week"


class FetchState(StrEnum):
    FETCHING = "fetching"
    UNCHANGED = "unchanged"  # the same as the last time: nothing to import
    TAKEN = "taken"  # an import has it
    FAILED = "failed"


class StaffSource(Record):
    """Fetched at `hour` of England's clock, each day or on `weekday` (Monday is 0). The secret is sealed (see sealing)."""

    __tablename__ = "staff_source"

    school_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("school.id"))
    trust_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trust.id"))
    kind: Mapped[SourceKind] = mapped_column(closed_set(SourceKind, "kind"))
    name: Mapped[str]
    place: Mapped[str]  # a path, an address, or Wonde's id of a school; empty with Wonde: every school of the token
    host: Mapped[str | None]
    port: Mapped[int | None]
    username: Mapped[str | None]
    host_key: Mapped[str | None]
    public_key: Mapped[str | None]  # what the SFTP server must have in its authorized_keys; none with a password
    secret: Mapped[str | None]
    every: Mapped[Every] = mapped_column(closed_set(Every, "every"))
    weekday: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    hour: Mapped[int] = mapped_column(Integer)
    active: Mapped[bool] = mapped_column(default=True, server_default="true")
    scheduled_from: Mapped[datetime]  # what was due before is not caught up
    etag: Mapped[str | None]
    last_sha256: Mapped[str | None]
    changed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    __table_args__ = (
        check("num_nonnulls(school_id, trust_id) = 1", "one_owner"),
        check("weekday between 0 and 6 and hour between 0 and 23", "when"),
        UniqueConstraint("name", "school_id", "trust_id", postgresql_nulls_not_distinct=True),
        Index("ix_staff_source_school_id", "school_id"),
        Index("ix_staff_source_trust_id", "trust_id"),
    )


class StaffFetch(Record):
    """One fetching of a source: for the day it was due on, or for the minute in which somebody asked for it."""

    __tablename__ = "staff_fetch"

    source_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("staff_source.id", ondelete="CASCADE"))
    school_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("school.id"), index=True)
    trust_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trust.id"))
    period: Mapped[str]
    state: Mapped[FetchState] = mapped_column(closed_set(FetchState, "state"))
    file_name: Mapped[str | None]
    size: Mapped[int | None] = mapped_column(BigInteger)  # bytes
    run_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("import_run.id", ondelete="SET NULL"))
    problem: Mapped[str | None]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        check("num_nonnulls(school_id, trust_id) = 1", "one_owner"),
        UniqueConstraint("source_id", "period"),
    )


class StaffFetchPage(Record):
    """A page of people that an interface gave, kept until all are there: a killed fetch goes on with the next one."""

    __tablename__ = "staff_fetch_page"

    fetch_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("staff_fetch.id", ondelete="CASCADE"))
    school_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("school.id"), index=True)
    trust_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trust.id"))
    part: Mapped[str]  # the interface's id of the school
    number: Mapped[int]
    next_cursor: Mapped[str | None]  # none: it was the part's last
    rows: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))

    __table_args__ = (
        check("num_nonnulls(school_id, trust_id) = 1", "one_owner"),
        UniqueConstraint("fetch_id", "part", "number"),
    )
