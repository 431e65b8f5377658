"""The referral log. It holds references, dates and categories; the case itself stays in CPOMS.

No child's name, date of birth or UPN is ever stored: `tenants/referrals/rules.py` guards every text.
"""

import uuid
from datetime import date
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from prevent_trust.database import Record, Remembered, closed_set, keyed_by_school, same_school


class ReferralRoute(StrEnum):
    NATIONAL_FORM = "national_form"
    MASH = "mash"
    POLICE = "police"
    LOCAL_FORM = "local_form"


ROUTE_NAMES = {
    ReferralRoute.NATIONAL_FORM: "National Prevent referral form",
    ReferralRoute.MASH: "MASH (multi-agency safeguarding hub)",
    ReferralRoute.POLICE: "Police",
    ReferralRoute.LOCAL_FORM: "The authority’s own form",
}


class ReferralStageName(StrEnum):
    MADE = "made"
    POLICE_GATEWAY = "police_gateway"
    INFORMATION_GATHERING = "information_gathering"
    CHANNEL_PANEL = "channel_panel"
    CLOSED = "closed"


STAGE_NAMES = {
    ReferralStageName.MADE: "Referral made",
    ReferralStageName.POLICE_GATEWAY: "Police gateway assessment",
    ReferralStageName.INFORMATION_GATHERING: "Information gathering",
    ReferralStageName.CHANNEL_PANEL: "Discussed at a Channel panel",
    ReferralStageName.CLOSED: "Closed",
}


class ReferralOutcome(StrEnum):
    ADOPTED = "adopted"
    SIGNPOSTED = "signposted"
    NO_FURTHER_ACTION = "no_further_action"


OUTCOME_NAMES = {
    ReferralOutcome.ADOPTED: "Adopted as a Channel case",
    ReferralOutcome.SIGNPOSTED: "Signposted to other services",
    ReferralOutcome.NO_FURTHER_ACTION: "No further action under Prevent",
}


class ConcernType(Record):
    """A type of concern in the Home Office's words, which change between its releases: keyed by release year."""

    __tablename__ = "concern_type"

    key: Mapped[str]
    title: Mapped[str]
    release_year: Mapped[int]  # the year in which the Home Office's reporting year ends
    position: Mapped[int]

    __table_args__ = (UniqueConstraint("release_year", "key"),)


class Referral(Remembered):
    __tablename__ = "referral"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    reference: Mapped[str]  # the school's own, e.g. 2026-27/03
    cpoms_reference: Mapped[str | None]
    made_on: Mapped[date]
    concern_type_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("concern_type.id"))
    route: Mapped[ReferralRoute] = mapped_column(closed_set(ReferralRoute, "route"))
    follow_up_due_on: Mapped[date | None]
    outcome: Mapped[ReferralOutcome | None] = mapped_column(closed_set(ReferralOutcome, "outcome"))
    note: Mapped[str] = mapped_column(default="", server_default="")
    made_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    concern_type: Mapped[ConcernType] = relationship()
    stages: Mapped[list["ReferralStage"]] = relationship(
        order_by="ReferralStage.reached_on", cascade="all, delete-orphan"
    )

    __table_args__ = (
        keyed_by_school(),
        UniqueConstraint("school_id", "reference"),
        Index("ix_referral_school_id_made_on", "school_id", "made_on"),
    )


class ReferralStage(Remembered):
    __tablename__ = "referral_stage"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    referral_id: Mapped[uuid.UUID]
    stage: Mapped[ReferralStageName] = mapped_column(closed_set(ReferralStageName, "stage"))
    reached_on: Mapped[date]
    recorded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    __table_args__ = (
        same_school("referral", "referral_id"),
        UniqueConstraint("school_id", "referral_id", "stage"),
    )
