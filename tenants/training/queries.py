"""Reads of courses and completions."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, TrustScope, require_bound
from tenants.access.models import Account
from tenants.training.models import CompletionSource, Course, CourseRule, RuleStanding, TrainingCompletion


def courses(scope: SchoolScope | TrustScope) -> Sequence[Course]:
    """The catalogue in its order: what everybody has, then the own courses of the trust, the oldest first.

    Own courses of the school's trust of today; those that it no longer asks for are there too, since somebody may still have
    to be written down as having taken one.
    """
    require_bound(scope)
    ours = or_(Course.trust_id.is_(None), Course.trust_id == func.any(func.visible_trusts()))
    return db.session.scalars(select(Course).where(ours).order_by(Course.position, Course.key)).all()


@dataclass(frozen=True)
class CourseTerms:
    """A course as it holds at a trust's schools on a day."""

    course: Course
    standing: RuleStanding
    validity_months: int | None
    audience: tuple[str, ...]
    grace_days: int

    @property
    def is_asked(self) -> bool:
        """Whether anybody is asked for it: the trust's own terms say so, or the catalogue does and the trust agrees."""
        return self.standing is RuleStanding.OWN or (self.standing is RuleStanding.SHIPPED and self.course.is_asked)


def course_terms(scope: TrustScope, *, as_at: date) -> list[CourseTerms]:
    """The catalogue in its order, with what the trust had said of each course by the day. Two queries."""
    require_bound(scope)
    rules = db.session.scalars(
        select(CourseRule)
        .where(CourseRule.trust_id == scope.trust_id, CourseRule.from_on <= as_at)
        .ext(distinct_on(CourseRule.course_id))
        .order_by(CourseRule.course_id, CourseRule.from_on.desc())
    )
    of_course = {rule.course_id: rule for rule in rules}
    return [_terms(course, of_course.get(course.id)) for course in courses(scope)]


@dataclass(frozen=True)
class RuleSaid:
    """What a trust said of a course, from which day, and who said it."""

    rule: CourseRule
    by: str | None


def rules_of_course(scope: TrustScope, course_id: uuid.UUID) -> list[RuleSaid]:
    """All that the trust ever said of a course, the latest first."""
    require_bound(scope)
    rows = db.session.execute(
        select(CourseRule, Account.name)
        .outerjoin(Account, Account.id == CourseRule.changed_by)
        .where(CourseRule.trust_id == scope.trust_id, CourseRule.course_id == course_id)
        .order_by(CourseRule.from_on.desc())
    )
    return [RuleSaid(rule, name) for rule, name in rows]


def own_course(scope: TrustScope, course_id: uuid.UUID) -> Course | None:
    """A course of the trust's own."""
    require_bound(scope)
    return db.session.scalar(select(Course).where(Course.trust_id == scope.trust_id, Course.id == course_id))


def _terms(course: Course, rule: CourseRule | None) -> CourseTerms:
    if rule is None or rule.standing is not RuleStanding.OWN:
        standing = rule.standing if rule else RuleStanding.SHIPPED
        return CourseTerms(course, standing, course.validity_months, tuple(course.audience), 0)
    return CourseTerms(course, rule.standing, rule.validity_months, tuple(rule.audience), rule.grace_days)


@dataclass(frozen=True)
class Unprepared:
    """A course that is to be taken first, and how many people had not completed it by a day."""

    title: str
    people: int


def without_prerequisite(
    scope: SchoolScope, *, staff_ids: Sequence[uuid.UUID], course_id: uuid.UUID, on: date
) -> Unprepared | None:
    """Who of the school's people takes a course without the one before it. None where all have it or none is asked for."""
    require_bound(scope)
    course = db.session.get_one(Course, course_id)
    if course.prerequisite is None:
        return None
    first = db.session.scalars(select(Course).where(Course.key == course.prerequisite)).one()
    missing = set(staff_ids) - who_completed(scope, course_id=first.id, by=on)
    return Unprepared(first.title, len(missing)) if missing else None


def who_completed(scope: SchoolScope, *, course_id: uuid.UUID, by: date) -> set[uuid.UUID]:
    """Who of the school's people ever completed a course, up to a day. One query."""
    require_bound(scope)
    return set(
        db.session.scalars(
            select(TrainingCompletion.staff_id)
            .where(
                TrainingCompletion.school_id == scope.school_id,
                TrainingCompletion.course_id == course_id,
                TrainingCompletion.completed_on <= by,
            )
            .distinct()
        )
    )


def taken_first(scope: SchoolScope) -> dict[str, Course]:
    """The course that is to be taken before another, by the other's key. One query."""
    catalogue = {course.key: course for course in courses(scope)}
    return {
        course.key: catalogue[course.prerequisite]
        for course in catalogue.values()
        if course.prerequisite is not None and course.prerequisite in catalogue
    }


@dataclass(frozen=True)
class CompletionRow:
    id: uuid.UUID
    course_key: str
    course: str
    completed_on: date
    source: CompletionSource
    recorded_by: str | None
    recorded_at: datetime


def completions_of(scope: SchoolScope, staff_id: uuid.UUID) -> list[CompletionRow]:
    """All that somebody has completed, the latest first."""
    require_bound(scope)
    rows = db.session.execute(
        select(
            TrainingCompletion.id,
            Course.key,
            Course.title,
            TrainingCompletion.completed_on,
            TrainingCompletion.source,
            Account.name,
            TrainingCompletion.created_at,
        )
        .join(Course, Course.id == TrainingCompletion.course_id)
        .outerjoin(Account, Account.id == TrainingCompletion.recorded_by)
        .where(TrainingCompletion.school_id == scope.school_id, TrainingCompletion.staff_id == staff_id)
        .order_by(TrainingCompletion.completed_on.desc(), Course.position)
    )
    return [CompletionRow(*row) for row in rows]
