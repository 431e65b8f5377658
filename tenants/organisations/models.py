"""The register: authorities, trusts, schools, and which school was in which trust when."""

import uuid
from datetime import date
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from prevent_trust.database import Record, check, closed_set


class SchoolStatus(StrEnum):
    """GIAS establishment status."""

    OPEN = "open"
    OPEN_PROPOSED_TO_CLOSE = "open_proposed_to_close"
    CLOSED = "closed"
    PROPOSED_TO_OPEN = "proposed_to_open"


class TrustKind(StrEnum):
    """GIAS group types 06 and 10."""

    MULTI_ACADEMY = "multi_academy"
    SINGLE_ACADEMY = "single_academy"


class LocalAuthority(Record):
    __tablename__ = "local_authority"

    code: Mapped[str] = mapped_column(unique=True)  # three digits, as in GIAS "LA (code)"
    name: Mapped[str]

    __table_args__ = (check("code ~ '^[0-9]{3}$'", "code_three_digits"),)


class Trust(Record):
    __tablename__ = "trust"

    group_uid: Mapped[str] = mapped_column(unique=True)  # GIAS "Group UID"
    group_id: Mapped[str | None]  # GIAS "Group ID", e.g. TR01234
    name: Mapped[str]
    kind: Mapped[TrustKind] = mapped_column(closed_set(TrustKind, "kind"), default=TrustKind.MULTI_ACADEMY)
    companies_house_number: Mapped[str | None]
    opened_on: Mapped[date | None]
    closed_on: Mapped[date | None]


class School(Record):
    """An establishment. The row outlives a change of URN, so that a new academy keeps its predecessor's records."""

    __tablename__ = "school"

    urn: Mapped[int] = mapped_column(unique=True)
    name: Mapped[str]
    authority_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("local_authority.id"), index=True)
    status: Mapped[SchoolStatus] = mapped_column(closed_set(SchoolStatus, "status"), default=SchoolStatus.OPEN)
    phase: Mapped[str | None]  # in GIAS's words: Primary, Secondary, All-through …
    type_name: Mapped[str | None]  # in GIAS's words
    type_group: Mapped[str | None]
    pupils: Mapped[int | None]
    town: Mapped[str | None]
    postcode: Mapped[str | None]
    district: Mapped[str | None]
    ukprn: Mapped[str | None]
    low_age: Mapped[int | None]
    high_age: Mapped[int | None]
    opened_on: Mapped[date | None]
    closed_on: Mapped[date | None]

    authority: Mapped[LocalAuthority] = relationship()
    former_urns: Mapped[list["FormerUrn"]] = relationship(order_by="FormerUrn.until")

    __table_args__ = (
        check("urn between 100000 and 999999", "urn_six_digits"),
        check("pupils is null or pupils >= 0", "pupils_not_negative"),
        Index("ix_school_name", text("lower(name)")),
    )

    @property
    def is_open(self) -> bool:
        return self.status in {SchoolStatus.OPEN, SchoolStatus.OPEN_PROPOSED_TO_CLOSE}


class FormerUrn(Record):
    """A URN that the school had before it became what it is."""

    __tablename__ = "former_urn"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id", ondelete="CASCADE"), index=True)
    urn: Mapped[int] = mapped_column(unique=True)
    name: Mapped[str | None]
    until: Mapped[date | None]


class TrustMembership(Record):
    """A school's time in a trust. A school is in at most one trust at a time."""

    __tablename__ = "trust_membership"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id", ondelete="CASCADE"))
    trust_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trust.id", ondelete="CASCADE"))
    joined_on: Mapped[date | None]
    left_on: Mapped[date | None]

    trust: Mapped[Trust] = relationship()

    __table_args__ = (
        check("left_on is null or joined_on is null or left_on >= joined_on", "left_after_joined"),
        Index("uq_trust_membership_current", "school_id", unique=True, postgresql_where=text("left_on is null")),
        Index("ix_trust_membership_trust_id_school_id", "trust_id", "school_id"),
    )
