"""Courses and completions."""

import uuid
from datetime import date
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from prevent_trust.database import Record, Remembered, check, closed_set, same_school


class CompletionSource(StrEnum):
    RECORDED = "recorded"
    IMPORTED = "imported"
    LINK = "link"  # the person said so by the link that was mailed to them, and the school accepted it
    CERTIFICATE = "certificate"


class Course(Record):
    """A course that some or all staff must do. The audience is by role; an empty one means everybody.

    A trust's own course says what it is called and no more: whom the trust asks for it, how long it counts and from when
    stands in its rules (`CourseRule`), so that a past day is counted as the trust asked then.
    """

    __tablename__ = "course"

    key: Mapped[str] = mapped_column(unique=True)
    trust_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trust.id"), index=True)  # none: everybody's
    title: Mapped[str]
    provider: Mapped[str] = mapped_column(default="", server_default="")
    address: Mapped[str | None]
    requirement: Mapped[str] = mapped_column(default="", server_default="")
    validity_months: Mapped[int | None]  # none: once is enough
    audience: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    position: Mapped[int] = mapped_column(default=0, server_default="0")
    prerequisite: Mapped[str | None] = mapped_column(ForeignKey("course.key"))  # to be taken first
    is_asked: Mapped[bool] = mapped_column(default=True, server_default="true")  # also where a trust has said nothing
    split_from: Mapped[str | None] = mapped_column(ForeignKey("course.key"))  # whose completions count here too
    split_on: Mapped[date | None]  # but only those made before this day

    __table_args__ = (
        check("validity_months is null or validity_months between 1 and 120", "validity_in_range"),
        check("(split_from is null) = (split_on is null)", "split_has_its_day"),
        check("trust_id is null or not is_asked and split_from is null", "own_is_asked_by_rules"),
    )


class RuleStanding(StrEnum):
    """What a trust says of a course: its own terms, not asked of its schools, or as the catalogue has it."""

    OWN = "own"
    OFF = "off"
    SHIPPED = "shipped"


class CourseRule(Record):
    """A trust's terms for a course at its schools, from a day until its next rule for the same course.

    Rules are added and never rewritten for an earlier day, so that a past day is counted by the rules of that day.
    """

    __tablename__ = "course_rule"

    trust_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trust.id"))
    course_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("course.id"))
    from_on: Mapped[date]
    standing: Mapped[RuleStanding] = mapped_column(closed_set(RuleStanding, "standing"))
    validity_months: Mapped[int | None]  # none: once is enough
    audience: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    grace_days: Mapped[int] = mapped_column(default=0, server_default="0")  # from somebody's first day
    changed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    __table_args__ = (
        check("validity_months is null or validity_months between 1 and 120", "validity_in_range"),
        check("grace_days between 0 and 180", "grace_in_range"),
        UniqueConstraint("trust_id", "course_id", "from_on"),
    )


class TrainingCompletion(Remembered):
    __tablename__ = "training_completion"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    staff_id: Mapped[uuid.UUID]
    course_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("course.id"))
    completed_on: Mapped[date]
    source: Mapped[CompletionSource] = mapped_column(
        closed_set(CompletionSource, "source"), default=CompletionSource.RECORDED, server_default="recorded"
    )
    recorded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    course: Mapped[Course] = relationship()

    __table_args__ = (
        same_school("staff_member", "staff_id"),
        UniqueConstraint("school_id", "course_id", "staff_id", "completed_on"),
        Index("ix_training_completion_staff_id", "staff_id"),
    )
