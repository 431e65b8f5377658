"""Documents, their editions, who was asked to read which by mail, and who confirmed."""

import uuid
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from prevent_trust.database import Record, Remembered, closed_set, keyed_by_school, same_school


class ConfirmationSource(StrEnum):
    RECORDED = "recorded"
    PAPER = "paper"
    LINK = "link"  # they pressed the button behind the link that was mailed to them
    SHEET = "sheet"  # the same, behind the address on their printed slip


class Document(Record):
    """Something staff must read. The audience is by role; an empty one means everybody."""

    __tablename__ = "document"

    key: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    publisher: Mapped[str] = mapped_column(default="", server_default="")
    audience: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    position: Mapped[int] = mapped_column(default=0, server_default="0")

    editions: Mapped[list["DocumentEdition"]] = relationship(
        back_populates="document", order_by="DocumentEdition.in_force_from"
    )


class DocumentEdition(Record):
    """One edition of a document. Only a confirmation of the edition in force counts.

    `part_audience` has the roles that read a part; a part that is not in it, or has none there, is for everybody.
    `reading_rule` says the same in words.
    """

    __tablename__ = "document_edition"

    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"))
    label: Mapped[str]
    in_force_from: Mapped[date]
    address: Mapped[str | None]
    parts: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    part_audience: Mapped[dict[str, list[str]]] = mapped_column(JSONB, default=dict, server_default="{}")
    reading_rule: Mapped[str] = mapped_column(default="", server_default="")

    document: Mapped[Document] = relationship(back_populates="editions")

    __table_args__ = (
        UniqueConstraint("document_id", "label"),
        UniqueConstraint("document_id", "in_force_from"),
    )


class ReadingConfirmation(Remembered):
    __tablename__ = "reading_confirmation"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    staff_id: Mapped[uuid.UUID]
    document_edition_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document_edition.id"))
    confirmed_on: Mapped[date]
    source: Mapped[ConfirmationSource] = mapped_column(
        closed_set(ConfirmationSource, "source"),
        default=ConfirmationSource.RECORDED,
        server_default="recorded",
    )
    recorded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    edition_sha256: Mapped[str | None]  # of what the edition said then; unknown for those recorded before it was kept
    sign_off_id: Mapped[uuid.UUID | None]

    __table_args__ = (
        same_school("staff_member", "staff_id"),
        same_school("reading_sign_off", "sign_off_id", ondelete="RESTRICT"),
        UniqueConstraint("school_id", "document_edition_id", "staff_id"),
        Index("ix_reading_confirmation_staff_id", "staff_id"),
        Index("ix_reading_confirmation_school_id_sign_off_id", "school_id", "sign_off_id"),
    )


class ReadingSignOff(Record):
    """Confirmations of one edition that somebody recorded together, for people who had told or signed."""

    __tablename__ = "reading_sign_off"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    document_edition_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document_edition.id"))
    source: Mapped[ConfirmationSource] = mapped_column(closed_set(ConfirmationSource, "source"))
    confirmed_on: Mapped[date]
    recorded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    undone_at: Mapped[datetime | None]

    __table_args__ = (
        keyed_by_school(),
        Index("ix_reading_sign_off_school_id_document_edition_id", "school_id", "document_edition_id"),
    )


class ReadingCampaign(Record):
    """A school asks those who must read an edition and have not confirmed it. One at a time for each edition."""

    __tablename__ = "reading_campaign"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    document_edition_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document_edition.id"))
    due_on: Mapped[date]
    expires_at: Mapped[datetime]  # of its links
    withdrawn_at: Mapped[datetime | None]
    made_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    __table_args__ = (
        keyed_by_school(),
        Index(
            "uq_reading_campaign_running",
            "school_id",
            "document_edition_id",
            unique=True,
            postgresql_where=text("withdrawn_at is null"),
        ),
    )


class ReadingLink(Record):
    """One person's link in a campaign, and the mail that it went out with."""

    __tablename__ = "reading_link"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    campaign_id: Mapped[uuid.UUID]
    staff_id: Mapped[uuid.UUID]
    mail_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("outgoing_mail.id"))

    __table_args__ = (
        same_school("reading_campaign", "campaign_id"),
        same_school("staff_member", "staff_id"),
        UniqueConstraint("school_id", "campaign_id", "staff_id"),
        Index("ix_reading_link_school_id_staff_id", "school_id", "staff_id"),
    )
