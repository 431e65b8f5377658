"""Links to read a plan without an account, when they were opened, and packs for an inspection."""

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from prevent_trust.database import Record, closed_set, keyed_by_school, same_school


class PlanShare(Record):
    """A link for one reader. `as_at` pins the day; without it the plan is shown as it is when it is opened."""

    __tablename__ = "plan_share"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    reader: Mapped[str]  # for whom: "Chair of governors", "Inspection 3 March"
    as_at: Mapped[date | None]
    expires_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    made_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    __table_args__ = (keyed_by_school(), Index("ix_plan_share_school_id_created_at", "school_id", "created_at"))


class PlanShareOpening(Record):
    """One opening; `created_at` says when. Nothing is kept of who it was."""

    __tablename__ = "plan_share_opening"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    share_id: Mapped[uuid.UUID]

    __table_args__ = (
        same_school("plan_share", "share_id"),
        Index("ix_plan_share_opening_school_id_share_id", "school_id", "share_id"),
    )


class PackState(StrEnum):
    ASKED_FOR = "asked_for"
    READY = "ready"
    FAILED = "failed"
    FORGOTTEN = "forgotten"  # the file is deleted; what it held is still listed


class InspectionPack(Record):
    """A ZIP of the plan and all that belongs to it as at a day. `contents` lists its files with their hashes."""

    __tablename__ = "inspection_pack"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    as_at: Mapped[date]
    state: Mapped[PackState] = mapped_column(
        closed_set(PackState, "state"), default=PackState.ASKED_FOR, server_default="asked_for"
    )
    problem: Mapped[str | None]
    storage_key: Mapped[str | None]
    size: Mapped[int | None] = mapped_column(BigInteger)  # bytes
    sha256: Mapped[str | None]
    contents: Mapped[list[dict[str, Any]]] = mapped_column(default=list, server_default=text("'[]'"))
    missing: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    job_id: Mapped[uuid.UUID | None]
    requested_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    __table_args__ = (Index("ix_inspection_pack_school_id_created_at", "school_id", "created_at"),)
