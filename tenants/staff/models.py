"""Staff and their roles, each from and to a date."""

import uuid
from datetime import date
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from prevent_trust.database import Record, Remembered, check, closed_set, keyed_by_school, same_school


class StaffRole(StrEnum):
    PREVENT_LEAD = "prevent_lead"
    DSL = "dsl"
    DEPUTY_DSL = "deputy_dsl"
    HEADTEACHER = "headteacher"
    SLT = "slt"
    COMPUTING_LEAD = "computing_lead"
    GOVERNOR = "governor"
    LINK_GOVERNOR = "link_governor"
    TEACHING = "teaching"
    SUPPORT = "support"
    IT_SERVICE = "it_service"
    VOLUNTEER = "volunteer"
    CONTRACTOR = "contractor"


STAFF_ROLE_NAMES = {
    StaffRole.PREVENT_LEAD: "Prevent lead",
    StaffRole.DSL: "DSL",
    StaffRole.DEPUTY_DSL: "Deputy DSL",
    StaffRole.HEADTEACHER: "Headteacher",
    StaffRole.SLT: "SLT",
    StaffRole.COMPUTING_LEAD: "Computing lead",
    StaffRole.GOVERNOR: "Governor",
    StaffRole.LINK_GOVERNOR: "Link governor",
    StaffRole.TEACHING: "Teaching staff",
    StaffRole.SUPPORT: "Support staff",
    StaffRole.IT_SERVICE: "IT service",
    StaffRole.VOLUNTEER: "Volunteer",
    StaffRole.CONTRACTOR: "Contractor",
}


class StaffMember(Remembered):
    """Somebody who works at a school, from the first day to the last. Leavers stay: the past's coverage needs them."""

    __tablename__ = "staff_member"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    given_name: Mapped[str]
    family_name: Mapped[str]
    email: Mapped[str | None]
    staff_code: Mapped[str | None]  # payroll or staff code in the school's own system
    trn: Mapped[str | None]  # teacher reference number, seven digits
    person_key: Mapped[uuid.UUID | None]  # shared by the rows of one person at several schools of a trust
    starts_on: Mapped[date | None]
    leaves_on: Mapped[date | None]  # the last day

    roles: Mapped[list["StaffRoleHeld"]] = relationship(
        back_populates="staff_member", order_by="StaffRoleHeld.role", cascade="all, delete-orphan"
    )
    absences: Mapped[list["StaffAbsence"]] = relationship(
        back_populates="staff_member", order_by="StaffAbsence.from_on.desc()", cascade="all, delete-orphan"
    )

    __table_args__ = (
        keyed_by_school(),
        check("leaves_on is null or starts_on is null or leaves_on >= starts_on", "leaves_after_start"),
        check("trn is null or trn ~ '^[0-9]{7}$'", "trn_has_seven_digits"),
        Index("ix_staff_member_school_id_leaves_on", "school_id", "leaves_on"),
        Index("ix_staff_member_person_key", "person_key"),
        Index("uq_staff_member_trn", "school_id", "trn", unique=True, postgresql_where=text("trn is not null")),
        Index(
            "uq_staff_member_staff_code",
            "school_id",
            text("lower(staff_code)"),
            unique=True,
            postgresql_where=text("staff_code is not null"),
        ),
    )

    @property
    def full_name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()


class AbsenceReason(StrEnum):
    PARENTAL = "parental"
    SICKNESS = "sickness"
    SECONDMENT = "secondment"
    OTHER = "other"


ABSENCE_REASON_NAMES = {
    AbsenceReason.PARENTAL: "Maternity, paternity or adoption leave",
    AbsenceReason.SICKNESS: "Long sickness",
    AbsenceReason.SECONDMENT: "Secondment or sabbatical",
    AbsenceReason.OTHER: "Another long absence",
}


class StaffAbsence(Remembered):
    """A long absence, during which somebody counts neither for training and reading nor for a post."""

    __tablename__ = "staff_absence"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    staff_id: Mapped[uuid.UUID]
    reason: Mapped[AbsenceReason] = mapped_column(closed_set(AbsenceReason, "reason"))
    from_on: Mapped[date]
    until_on: Mapped[date | None]  # the last day; none while nobody knows
    recorded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    staff_member: Mapped[StaffMember] = relationship(back_populates="absences")

    __table_args__ = (
        same_school("staff_member", "staff_id"),
        check("until_on is null or until_on >= from_on", "until_after_from"),
        Index("ix_staff_absence_school_id_staff_id", "school_id", "staff_id"),
    )


class CoverRule(Record):
    """A post that every school must have filled, and by how many, and the courses that its holders must hold.

    A trust's rule holds at its schools from a day until its next rule of the same key; with the key of a built-in one it
    takes that one's place. `at_least` 0 switches the post off. Rules are added and never rewritten for an earlier day.
    """

    __tablename__ = "cover_rule"

    key: Mapped[str]
    trust_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trust.id"))
    role: Mapped[StaffRole] = mapped_column(closed_set(StaffRole, "role"))
    at_least: Mapped[int] = mapped_column(default=1, server_default="1")
    courses: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    reason: Mapped[str] = mapped_column(default="", server_default="")
    position: Mapped[int] = mapped_column(default=0, server_default="0")
    from_on: Mapped[date | None]  # none: always
    phases: Mapped[list[str]] = mapped_column(default=list, server_default="{}")  # of schools; none: every school
    warning_days: Mapped[int] = mapped_column(default=30, server_default="30")  # before training lapses
    changed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    __table_args__ = (
        check("at_least between 0 and 50", "at_least_in_range"),
        check("warning_days between 0 and 365", "warning_in_range"),
        check("trust_id is not null or (from_on is null and phases = '{}')", "shipped_holds_everywhere"),
        UniqueConstraint("key", "trust_id", "from_on", postgresql_nulls_not_distinct=True),
    )


class StaffRoleHeld(Remembered):
    __tablename__ = "staff_role_held"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    staff_id: Mapped[uuid.UUID]
    role: Mapped[StaffRole] = mapped_column(closed_set(StaffRole, "role"))
    from_on: Mapped[date | None]
    until_on: Mapped[date | None]  # the last day

    staff_member: Mapped[StaffMember] = relationship(back_populates="roles")

    __table_args__ = (
        same_school("staff_member", "staff_id"),
        check("until_on is null or from_on is null or until_on >= from_on", "until_after_from"),
        Index("ix_staff_role_held_school_id_staff_id", "school_id", "staff_id"),
        Index(
            "uq_staff_role_held_current",
            "staff_id",
            "role",
            unique=True,
            postgresql_where=text("until_on is null"),
        ),
    )
