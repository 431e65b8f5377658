"""A piece of evidence, its revisions, and the actions that it serves."""

import uuid
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from prevent_trust.database import Record, check, closed_set, keyed_by_school, same_school


class EvidenceKind(StrEnum):
    FILE = "file"
    LINK = "link"
    NOTE = "note"


class Evidence(Record):
    """One piece, such as the risk assessment or the governors' minutes. What it holds stands in its revisions."""

    __tablename__ = "evidence"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    kind: Mapped[EvidenceKind] = mapped_column(closed_set(EvidenceKind, "kind"))
    title: Mapped[str]
    added_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    __table_args__ = (keyed_by_school(), Index("ix_evidence_school_id_created_at", "school_id", "created_at"))


class EvidenceRevision(Record):
    """What a piece held from a moment on. Never changed: a newer file is a newer revision."""

    __tablename__ = "evidence_revision"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    evidence_id: Mapped[uuid.UUID]
    number: Mapped[int]
    address: Mapped[str | None]  # of a link
    note: Mapped[str | None]
    storage_key: Mapped[str | None]  # of a file
    file_name: Mapped[str | None]
    media_type: Mapped[str | None]
    size: Mapped[int | None] = mapped_column(BigInteger)  # bytes
    sha256: Mapped[str | None]
    effective_from: Mapped[date]  # from when on it shows what it shows, which may be before it was added
    expires_on: Mapped[date | None]  # the last day on which it does
    added_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    __table_args__ = (
        same_school("evidence", "evidence_id"),
        UniqueConstraint("school_id", "evidence_id", "number"),
        check("num_nonnulls(address, note, storage_key) = 1", "one_content"),
        check("(storage_key is null) = (sha256 is null)", "file_has_hash"),
        check("expires_on is null or expires_on >= effective_from", "expires_after_effect"),
    )


class EvidenceUse(Record):
    """That a piece serves an action, from one moment until another."""

    __tablename__ = "evidence_use"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    evidence_id: Mapped[uuid.UUID]
    action_id: Mapped[uuid.UUID]
    used_from: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    used_until: Mapped[datetime | None]
    added_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    removed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    __table_args__ = (
        same_school("evidence", "evidence_id"),
        same_school("plan_action", "action_id"),
        check("used_until is null or used_until >= used_from", "used_in_order"),
        Index(
            "uq_evidence_use_current",
            "school_id",
            "action_id",
            "evidence_id",
            unique=True,
            postgresql_where=text("used_until is null"),
        ),
        Index("ix_evidence_use_school_id_evidence_id", "school_id", "evidence_id"),
    )
