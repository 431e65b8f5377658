"""An import, from the file's arrival to its being applied: each step can be left and found again."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from prevent_trust.database import Record, check, closed_set


class ImportKind(StrEnum):
    GIAS = "gias"
    PLAN = "plan"
    STAFF = "staff"
    COMPLETIONS = "completions"


class ImportState(StrEnum):
    UPLOADED = "uploaded"
    READING = "reading"
    PREVIEWED = "previewed"
    APPLYING = "applying"
    APPLIED = "applied"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNDOING = "undoing"
    UNDONE = "undone"


class ImportRun(Record):
    __tablename__ = "import_run"

    school_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("school.id"))
    trust_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trust.id"))  # a file for the whole trust
    kind: Mapped[ImportKind] = mapped_column(closed_set(ImportKind, "kind"))
    state: Mapped[ImportState] = mapped_column(
        closed_set(ImportState, "state"), default=ImportState.UPLOADED, server_default="uploaded"
    )
    file_name: Mapped[str]
    storage_key: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    mapping: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    preview: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    result: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    problem: Mapped[str | None]  # in words, for the person who uploaded it
    job_id: Mapped[uuid.UUID | None]
    requested_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    source_name: Mapped[str | None]  # whose mapping it has: "Arbor weekly export"
    automatic: Mapped[bool] = mapped_column(default=False, server_default="false")  # applied without being asked
    applied_at: Mapped[datetime | None]

    __table_args__ = (
        check("num_nonnulls(school_id, trust_id) = case when kind = 'gias' then 0 else 1 end", "one_owner"),
        Index("ix_import_run_school_id_created_at", "school_id", "created_at"),
        Index("ix_import_run_trust_id_created_at", "trust_id", "created_at"),
    )


class ImportRejection(Record):
    """A row that was not taken in: where, what, and why. The other rows are."""

    __tablename__ = "import_rejection"

    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("import_run.id", ondelete="CASCADE"), index=True)
    school_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("school.id"), index=True)
    trust_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trust.id"))  # of a row that is at no school
    line: Mapped[int]
    column: Mapped[str | None]
    value: Mapped[str] = mapped_column(default="", server_default="")
    reason: Mapped[str]
    cells: Mapped[list[str]] = mapped_column(default=list, server_default="{}")


class RememberedColumn(Record):
    """What a column's head meant the last time: for the schools of a trust, or for a school that is in none."""

    __tablename__ = "remembered_column"

    school_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("school.id"))
    trust_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trust.id"))
    kind: Mapped[ImportKind] = mapped_column(closed_set(ImportKind, "kind"))
    head: Mapped[str]  # lower case, spaces made single
    field: Mapped[str]

    __table_args__ = (
        UniqueConstraint("kind", "head", "school_id", "trust_id", postgresql_nulls_not_distinct=True),
        check("num_nonnulls(school_id, trust_id) = 1", "one_owner"),
    )
