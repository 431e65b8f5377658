"""Contacts, owned by a school, a trust or an authority. A school sees its own, its trust's and its authority's."""

import uuid
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from prevent_trust.database import Remembered, check, closed_set


class ContactKind(StrEnum):
    EMERGENCY = "emergency"
    POLICE = "police"
    MASH = "mash"
    PREVENT_OFFICER = "prevent_officer"
    CHANNEL_PANEL = "channel_panel"
    COUNTER_EXTREMISM = "counter_extremism"
    TRUST = "trust"
    SCHOOL = "school"
    OTHER = "other"


CONTACT_KIND_NAMES = {
    ContactKind.EMERGENCY: "Emergency",
    ContactKind.POLICE: "Police advice",
    ContactKind.MASH: "MASH (multi-agency safeguarding hub)",
    ContactKind.PREVENT_OFFICER: "Prevent officer",
    ContactKind.CHANNEL_PANEL: "Channel panel",
    ContactKind.COUNTER_EXTREMISM: "Department for Education counter-extremism",
    ContactKind.TRUST: "Trust safeguarding",
    ContactKind.SCHOOL: "In school",
    ContactKind.OTHER: "Other",
}


class Contact(Remembered):
    __tablename__ = "contact"

    school_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("school.id"))
    trust_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trust.id"))
    authority_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("local_authority.id"))
    kind: Mapped[ContactKind] = mapped_column(closed_set(ContactKind, "kind"))
    name: Mapped[str]
    organisation: Mapped[str] = mapped_column(default="", server_default="")
    telephone: Mapped[str | None]
    email: Mapped[str | None]
    address: Mapped[str | None]  # a web page or form
    note: Mapped[str] = mapped_column(default="", server_default="")
    verified_on: Mapped[date | None]
    removed_at: Mapped[datetime | None]

    __table_args__ = (
        check("num_nonnulls(school_id, trust_id, authority_id) <= 1", "one_owner"),
        check("num_nonnulls(telephone, email, address) >= 1", "reachable"),
        Index("ix_contact_school_id", "school_id"),
        Index("ix_contact_trust_id", "trust_id"),
        Index("ix_contact_authority_id", "authority_id"),
    )
