"""Editions (wording, immutable once published) and plans (a school's answers to an edition)."""

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from prevent_trust.database import Record, check, closed_set, keyed_by_school, same_school


class Theme(StrEnum):
    """The five sections in which plans are compared, whatever a school calls its own."""

    RISK_ASSESSMENT = "risk_assessment"
    PARTNERSHIP = "partnership"
    TRAINING = "training"
    ONLINE_SAFETY = "online_safety"
    RESILIENCE = "resilience"


THEME_NAMES = {
    Theme.RISK_ASSESSMENT: "Risk assessment",
    Theme.PARTNERSHIP: "Working in partnership",
    Theme.TRAINING: "Staff training",
    Theme.ONLINE_SAFETY: "Online safety",
    Theme.RESILIENCE: "Building resilience",
}


class EditionSource(StrEnum):
    BUILT_IN = "built_in"
    TRUST = "trust"
    IMPORTED = "imported"


class ActionStatus(StrEnum):
    NOT_ANSWERED = "not_answered"
    NOT_MET = "not_met"
    PARTLY_MET = "partly_met"
    MET = "met"
    NOT_APPLICABLE = "not_applicable"


class ActionStanding(StrEnum):
    """How an action stands on a day: as somebody declared, as records say, or stale, when what was said has run out."""

    NOT_ANSWERED = "not_answered"
    NOT_MET = "not_met"
    PARTLY_MET = "partly_met"
    STALE = "stale"
    MET = "met"
    NOT_APPLICABLE = "not_applicable"


class Carried(StrEnum):
    """How an action came over from the plan before it."""

    SAME = "same"
    REWORDED = "reworded"  # its answer came along and asks to be confirmed
    REOPENED = "reopened"  # it recurs: the new year asks for a new answer


class AdoptionKind(StrEnum):
    EDITION = "edition"
    ROLL_OVER = "roll_over"
    MATCH = "match"  # from the school's own document, by pairs that the school confirmed


class Edition(Record):
    """A wording of the whole plan, never changed once it is here. The product publishes some; a trust may publish its own;

    one with a school is that school's own, from its imported document.
    """

    __tablename__ = "edition"

    key: Mapped[str]
    title: Mapped[str]
    source: Mapped[EditionSource] = mapped_column(closed_set(EditionSource, "source"))
    school_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("school.id"))
    trust_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trust.id"), index=True)
    based_on_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("edition.id"))
    notes: Mapped[str] = mapped_column(default="", server_default="")  # what changed and why
    published_on: Mapped[date]
    introduction: Mapped[str] = mapped_column(default="", server_default="")
    leftovers: Mapped[list[str]] = mapped_column(default=list, server_default="{}")  # text kept but not placed

    sections: Mapped[list["EditionSection"]] = relationship(order_by="EditionSection.position")

    __table_args__ = (
        UniqueConstraint("key", "school_id", "trust_id", postgresql_nulls_not_distinct=True),
        check("(source = 'imported') = (school_id is not null)", "imported_has_school"),
        check("(source = 'trust') = (trust_id is not null)", "trusts_has_trust"),
    )


class EditionSection(Record):
    __tablename__ = "edition_section"

    edition_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("edition.id", ondelete="CASCADE"))
    school_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("school.id"), index=True)
    trust_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trust.id"), index=True)
    key: Mapped[str]
    position: Mapped[int]
    title: Mapped[str]
    theme: Mapped[Theme | None] = mapped_column(closed_set(Theme, "theme"))

    __table_args__ = (UniqueConstraint("edition_id", "key"),)


class EditionDuty(Record):
    __tablename__ = "edition_duty"

    section_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("edition_section.id", ondelete="CASCADE"), index=True)
    school_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("school.id"), index=True)
    trust_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trust.id"), index=True)
    key: Mapped[str]
    position: Mapped[int]
    wording: Mapped[str]


class EditionExpectation(Record):
    """What a duty means in practice."""

    __tablename__ = "edition_expectation"

    duty_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("edition_duty.id", ondelete="CASCADE"), index=True)
    school_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("school.id"), index=True)
    trust_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trust.id"), index=True)
    key: Mapped[str]
    position: Mapped[int]
    wording: Mapped[str]
    note: Mapped[str] = mapped_column(default="", server_default="")  # lead-in lines of an imported cell


class EditionAction(Record):
    __tablename__ = "edition_action"

    edition_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("edition.id", ondelete="CASCADE"))
    expectation_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("edition_expectation.id", ondelete="CASCADE"), index=True
    )
    school_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("school.id"), index=True)
    trust_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trust.id"), index=True)
    key: Mapped[str]
    position: Mapped[int]
    wording: Mapped[str]
    good_looks_like: Mapped[str] = mapped_column(default="", server_default="")
    note: Mapped[str] = mapped_column(default="", server_default="")  # addresses and numbers that stood beside it
    roles: Mapped[list[str]] = mapped_column(default=list, server_default="{}")  # by whom, as the plan words it
    dfe_area: Mapped[str | None]
    measure: Mapped[str | None]  # e.g. "training:prevent-awareness": its status is then derived
    target_percent: Mapped[int | None]
    recurs_months: Mapped[int | None]
    reference_keys: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    serves: Mapped[list[str]] = mapped_column(default=list, server_default="{}")  # tenants/references/frameworks.yaml

    __table_args__ = (
        UniqueConstraint("edition_id", "key"),
        check("(measure is null) = (target_percent is null)", "measure_has_target"),
        check("target_percent is null or target_percent between 1 and 100", "target_is_percentage"),
    )


class EditionDraft(Record):
    """An edition being written, by a trust or (without one) by the platform. Published, it is kept with what came of it."""

    __tablename__ = "edition_draft"

    trust_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trust.id"), index=True)
    based_on_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("edition.id"))
    title: Mapped[str]
    notes: Mapped[str] = mapped_column(default="", server_default="")
    content: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))  # see edition_content.py
    revision: Mapped[int] = mapped_column(default=1, server_default="1")  # goes up with each change
    changed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    changed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    published_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("edition.id"))
    dropped_at: Mapped[datetime | None]


class Plan(Record):
    """A school's plan: an edition with the school's answers to it. Plans are never deleted."""

    __tablename__ = "plan"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    edition_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("edition.id"))
    academic_year: Mapped[int]  # the calendar year in which it began
    made_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    edition: Mapped[Edition] = relationship()

    __table_args__ = (keyed_by_school(),)


class PlanPeriod(Record):
    """From when until when a plan was the school's current one. An archived plan can become current again."""

    __tablename__ = "plan_period"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    plan_id: Mapped[uuid.UUID]
    current_from: Mapped[datetime]
    current_until: Mapped[datetime | None]

    __table_args__ = (
        same_school("plan", "plan_id"),
        check("current_until is null or current_until >= current_from", "period_in_order"),
        Index("uq_plan_period_current", "school_id", unique=True, postgresql_where=text("current_until is null")),
        Index("ix_plan_period_school_id_plan_id", "school_id", "plan_id"),
    )


class PlanAdoption(Record):
    """That a plan came out of another: by adopting an edition, by a new academic year, by matching a Word plan.

    The plan before it is kept as it was, so that undoing is bringing it back. `batch_id` names the trust's roll-out.
    """

    __tablename__ = "plan_adoption"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    kind: Mapped[AdoptionKind] = mapped_column(closed_set(AdoptionKind, "kind"))
    from_plan_id: Mapped[uuid.UUID]
    to_plan_id: Mapped[uuid.UUID]
    batch_id: Mapped[uuid.UUID | None]
    made_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    __table_args__ = (
        same_school("plan", "from_plan_id"),
        same_school("plan", "to_plan_id"),
        UniqueConstraint("school_id", "batch_id"),
        Index("ix_plan_adoption_school_id_to_plan_id", "school_id", "to_plan_id"),
    )


class PlanAction(Record):
    """An action in a school's plan: the edition's, or the school's own (then it has wording of its own)."""

    __tablename__ = "plan_action"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    plan_id: Mapped[uuid.UUID]
    edition_action_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("edition_action.id"))
    expectation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("edition_expectation.id"))
    theme: Mapped[Theme | None] = mapped_column(closed_set(Theme, "theme"))  # its section's, for comparing
    position: Mapped[int]
    own_wording: Mapped[str | None]
    own_roles: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    measure: Mapped[str | None]
    target_percent: Mapped[int | None]
    recurs_months: Mapped[int | None]  # how long an answer holds before it must be looked at again
    carried_from_id: Mapped[uuid.UUID | None]  # the same action in the plan before
    carried_as: Mapped[Carried | None] = mapped_column(closed_set(Carried, "carried_as"))
    removed_at: Mapped[datetime | None]  # own actions only; can be put back
    made_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    __table_args__ = (
        keyed_by_school(),
        same_school("plan", "plan_id"),
        same_school("plan_action", "carried_from_id", ondelete="SET NULL (carried_from_id)"),
        check("(carried_from_id is null) or (carried_as is not null)", "carried_somehow"),
        check("recurs_months is null or recurs_months between 1 and 120", "recurs_in_range"),
        check("(edition_action_id is null) = (own_wording is not null)", "own_has_wording"),
        check("removed_at is null or edition_action_id is null", "only_own_removed"),
        Index("ix_plan_action_school_id_plan_id", "school_id", "plan_id"),
        Index("ix_plan_action_school_id_carried_from_id", "school_id", "carried_from_id"),
    )


class PlanAnswer(Record):
    """The state of an action from one moment to the next. The rows of an action, in order, are its history.

    A change closes the current row and opens another, so the plan can be read as at any moment.
    """

    __tablename__ = "plan_answer"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    action_id: Mapped[uuid.UUID]
    status: Mapped[ActionStatus] = mapped_column(
        closed_set(ActionStatus, "status"), default=ActionStatus.NOT_ANSWERED, server_default="not_answered"
    )
    override_reason: Mapped[str | None]  # why the declared status stands although a measure says otherwise
    owner_role: Mapped[str | None]
    owner_id: Mapped[uuid.UUID | None]  # a member of staff
    due_on: Mapped[date | None]
    note: Mapped[str] = mapped_column(default="", server_default="")
    local_wording: Mapped[str | None]  # how the school words an action of the edition for itself
    confirmed_on: Mapped[date | None]  # the day on which somebody last said that the status is so
    review_on: Mapped[date | None]  # when it is to be looked at again, where the school set a day of its own
    awaits_confirmation: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    recorded_from: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    recorded_until: Mapped[datetime | None]
    changed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    __table_args__ = (
        same_school("plan_action", "action_id"),
        same_school("staff_member", "owner_id", ondelete="SET NULL (owner_id)"),
        check("recorded_until is null or recorded_until >= recorded_from", "recorded_in_order"),
        Index(
            "uq_plan_answer_current",
            "action_id",
            unique=True,
            postgresql_where=text("recorded_until is null"),
        ),
        Index("ix_plan_answer_school_id_action_id_recorded_from", "school_id", "action_id", "recorded_from"),
    )


class PlanFinding(Record):
    """Something out of date or missing that an import found in a school's document."""

    __tablename__ = "plan_finding"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    plan_id: Mapped[uuid.UUID]
    reference_key: Mapped[str]
    place: Mapped[str]
    quote: Mapped[str]
    why: Mapped[str]
    advice: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    dismissed_at: Mapped[datetime | None]
    dismissed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    __table_args__ = (
        same_school("plan", "plan_id"),
        Index("ix_plan_finding_school_id_plan_id", "school_id", "plan_id"),
    )


class PlanOpening(Record):
    """That somebody who may change the plan looked at it on a day."""

    __tablename__ = "plan_opening"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    opened_on: Mapped[date]

    __table_args__ = (UniqueConstraint("school_id", "account_id", "opened_on"),)
