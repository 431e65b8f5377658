"""Accounts, what each may reach, and the record of what was done."""

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from prevent_trust.database import Record, check, closed_set
from prevent_trust.security import SignInMixin
from tenants.organisations.models import LocalAuthority, School, Trust


class Role(StrEnum):
    PREVENT_LEAD = "prevent_lead"
    SCHOOL_READER = "school_reader"
    TRUST_LEAD = "trust_lead"
    TRUST_READER = "trust_reader"
    AUTHORITY_OFFICER = "authority_officer"
    PLATFORM_ADMINISTRATOR = "platform_administrator"
    RELEASE_PUBLISHER = "release_publisher"


ROLE_NAMES = {
    Role.PREVENT_LEAD: "Prevent lead",
    Role.SCHOOL_READER: "School reader",
    Role.TRUST_LEAD: "Trust safeguarding lead",
    Role.TRUST_READER: "Trust reader",
    Role.AUTHORITY_OFFICER: "Local authority officer",
    Role.PLATFORM_ADMINISTRATOR: "Platform administrator",
    Role.RELEASE_PUBLISHER: "Release publisher",
}

# One tenant of the kind that the role is for, and no other.
_ONE_TENANT = """
case
  when role in ('prevent_lead', 'school_reader') then school_id is not null and trust_id is null and authority_id is null
  when role in ('trust_lead', 'trust_reader') then trust_id is not null and school_id is null and authority_id is null
  when role = 'authority_officer' then authority_id is not null and school_id is null and trust_id is null
  else school_id is null and trust_id is null and authority_id is null
end
"""


class Account(Record, SignInMixin):  # type: ignore[misc]  # Flask-Security's mixin leaves the key to us
    """A person who signs in. What they may reach is in their memberships."""

    __tablename__ = "account"

    email: Mapped[str]
    name: Mapped[str]
    password: Mapped[str | None]  # Argon2; none until the invitation is taken up
    active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    fs_uniquifier: Mapped[str] = mapped_column(unique=True, default=lambda: uuid.uuid4().hex)
    last_signed_in_at: Mapped[datetime | None]

    memberships: Mapped[list["Membership"]] = relationship(
        back_populates="account", foreign_keys="Membership.account_id"
    )

    __table_args__ = (Index("uq_account_email", text("lower(email)"), unique=True),)

    @property
    def roles(self) -> tuple[()]:  # type: ignore[override]  # there are none to be set
        """Flask-Security's own roles are not used: permissions hang on memberships, which name a tenant."""
        return ()


class Membership(Record):
    """A role at one school, trust or authority, or on the platform."""

    __tablename__ = "membership"

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    role: Mapped[Role] = mapped_column(closed_set(Role, "role"))
    school_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("school.id"))
    trust_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trust.id"))
    authority_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("local_authority.id"))
    ends_on: Mapped[date | None]  # the last day, e.g. for a link governor's term

    account: Mapped[Account] = relationship(back_populates="memberships", foreign_keys=[account_id])
    school: Mapped[School | None] = relationship()
    trust: Mapped[Trust | None] = relationship()
    authority: Mapped[LocalAuthority | None] = relationship()

    __table_args__ = (
        check(_ONE_TENANT, "one_tenant"),
        Index(
            "uq_membership_once",
            "account_id",
            "role",
            "school_id",
            "trust_id",
            "authority_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_membership_school_id", "school_id"),
        Index("ix_membership_trust_id", "trust_id"),
        Index("ix_membership_authority_id", "authority_id"),
    )


class Invitation(Record):
    """An offer of a membership, mailed to one address. The link carries a signature; the row says whether it still holds."""

    __tablename__ = "invitation"

    email: Mapped[str]
    name: Mapped[str]
    role: Mapped[Role] = mapped_column(closed_set(Role, "role"))
    school_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("school.id"), index=True)
    trust_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trust.id"), index=True)
    authority_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("local_authority.id"))
    ends_on: Mapped[date | None]
    invited_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]

    __table_args__ = (check(_ONE_TENANT, "one_tenant"),)


class AuditEntry(Record):
    """Who did what to whose data, when. Written in the same transaction as the act; never changed."""

    __tablename__ = "audit_entry"

    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    school_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("school.id", ondelete="SET NULL"))
    trust_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trust.id", ondelete="SET NULL"))
    authority_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("local_authority.id", ondelete="SET NULL"))
    act: Mapped[str]  # e.g. "signed in", "plan imported", "referral opened"
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))

    __table_args__ = (
        Index("ix_audit_entry_created_at", "created_at"),
        Index("ix_audit_entry_school_id_created_at", "school_id", "created_at"),
    )
