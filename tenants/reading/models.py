"""Documents, their editions and parts, who was asked to read which by mail, and who confirmed."""

import uuid
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from prevent_trust.database import Record, Remembered, check, closed_set, keyed_by_school, same_school


class ConfirmationSource(StrEnum):
    RECORDED = "recorded"
    PAPER = "paper"
    LINK = "link"  # they pressed the button behind the link that was mailed to them
    SHEET = "sheet"  # the same, behind the address on their printed slip
    CARRIED = "carried"  # in the edition before, of which nothing that they read has changed


class PartKind(StrEnum):
    """What a part of an edition is."""

    WHOLE = "whole"  # a part of what stands at the edition's address, without content of its own here
    TEXT = "text"
    FILE = "file"
    ADDRESS = "address"


class EditionAsks(StrEnum):
    """Who of those that confirmed the edition before is asked again."""

    EVERYBODY = "everybody"
    CHANGED = "changed"  # only those who read a part that is new or has changed


class Document(Record):
    """Something staff must read: shared by all, a trust's or a school's. An empty audience means everybody."""

    __tablename__ = "document"

    key: Mapped[str] = mapped_column(unique=True)
    school_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("school.id"), index=True)
    trust_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trust.id"), index=True)
    title: Mapped[str]
    publisher: Mapped[str] = mapped_column(default="", server_default="")
    audience: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    position: Mapped[int] = mapped_column(default=0, server_default="0")
    own_editions: Mapped[bool] = mapped_column(
        default=False, server_default="false"
    )  # of a shared one, by whom it serves

    editions: Mapped[list["DocumentEdition"]] = relationship(
        back_populates="document", order_by="DocumentEdition.in_force_from"
    )

    __table_args__ = (check("num_nonnulls(school_id, trust_id) < 2", "one_owner"),)


class DocumentEdition(Record):
    """One edition of a document: shared, or that of a trust or school. Only a confirmation of the edition in force counts.

    `published_on` is the day from which it can be in force; none while it is written. `follows_id` is the edition that it
    took the place of where it was put in force. `reading_rule` says in words who reads what.
    """

    __tablename__ = "document_edition"

    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"))
    school_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("school.id"), index=True)
    trust_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trust.id"), index=True)
    label: Mapped[str]
    in_force_from: Mapped[date]
    published_on: Mapped[date | None]
    withdrawn_on: Mapped[date | None]  # the first day on which it is no longer in force
    address: Mapped[str | None]
    reading_rule: Mapped[str] = mapped_column(default="", server_default="")
    follows_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("document_edition.id", ondelete="SET NULL"))
    asks: Mapped[EditionAsks | None] = mapped_column(closed_set(EditionAsks, "asks"))
    made_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    document: Mapped[Document] = relationship(back_populates="editions")
    parts: Mapped[list["DocumentPart"]] = relationship(order_by="DocumentPart.position", passive_deletes="all")

    __table_args__ = (
        check("num_nonnulls(school_id, trust_id) < 2", "one_owner"),
        check("withdrawn_on is null or published_on is not null", "withdrawn_was_published"),
        UniqueConstraint("document_id", "school_id", "trust_id", "label", postgresql_nulls_not_distinct=True),
        Index(
            "uq_document_edition_one_draft",
            "document_id",
            "school_id",
            "trust_id",
            unique=True,
            postgresql_where=text("published_on is null"),
            postgresql_nulls_not_distinct=True,
        ),
    )


class DocumentPart(Record):
    """A part of an edition, with the roles that read it (none: everybody) and what it says.

    `sha256` is of the text as UTF-8, of the file's bytes, or of the address; of a part without content here, of what names it.
    Of a page elsewhere nobody can tell here whether it says the same: `same_as_before` when the lead has said that it does.
    """

    __tablename__ = "document_part"

    document_edition_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document_edition.id", ondelete="CASCADE"))
    school_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("school.id"), index=True)
    trust_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trust.id"), index=True)
    position: Mapped[int]
    title: Mapped[str]
    audience: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    kind: Mapped[PartKind] = mapped_column(closed_set(PartKind, "kind"))
    text: Mapped[str | None]
    address: Mapped[str | None]
    storage_key: Mapped[str | None]  # several parts have the same file where an edition was begun from another
    file_name: Mapped[str | None]
    media_type: Mapped[str | None]
    size: Mapped[int | None] = mapped_column(BigInteger)  # bytes
    sha256: Mapped[str]
    same_as_before: Mapped[bool] = mapped_column(default=False, server_default="false")

    __table_args__ = (
        check("num_nonnulls(school_id, trust_id) < 2", "one_owner"),
        check(
            "(kind = 'text') = (text is not null) and (kind = 'address') = (address is not null)"
            " and (kind = 'file') = (num_nonnulls(storage_key, file_name, media_type, size) = 4)"
            " and num_nonnulls(storage_key, file_name, media_type, size) in (0, 4)",
            "content_of_its_kind",
        ),
        UniqueConstraint("document_edition_id", "position"),
    )


class ReadingConfirmation(Remembered):
    """Somebody has read an edition: the parts that were theirs to read then. Whoever has more to read now is missing again.

    A carried one hangs on the confirmation that it came from, and goes with it.
    """

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
    parts: Mapped[list[uuid.UUID] | None] = mapped_column(
        ARRAY(Uuid)
    )  # none: recorded before it was kept, of the whole
    carried_from_id: Mapped[uuid.UUID | None]

    __table_args__ = (
        same_school("staff_member", "staff_id"),
        same_school("reading_sign_off", "sign_off_id", ondelete="RESTRICT"),
        same_school("reading_confirmation", "carried_from_id"),
        keyed_by_school(),
        check("source <> 'carried' or carried_from_id is not null", "carried_from_somewhere"),
        UniqueConstraint("school_id", "document_edition_id", "staff_id"),
        Index("ix_reading_confirmation_staff_id", "staff_id"),
        Index("ix_reading_confirmation_school_id_sign_off_id", "school_id", "sign_off_id"),
        Index(
            "ix_reading_confirmation_school_id_carried_from_id",
            "school_id",
            "carried_from_id",
            postgresql_where=text("carried_from_id is not null"),
        ),
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
