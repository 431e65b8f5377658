"""Writes of completions."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from prevent_trust.database import db, new_id
from prevent_trust.tenancy import SchoolScope, TrustScope, require_bound
from tenants.staff.queries import of_this_school
from tenants.training.models import CompletionSource, Course, CourseRule, RuleStanding, TrainingCompletion
from tenants.training.queries import courses


def record_completions(
    scope: SchoolScope,
    *,
    staff_ids: Sequence[uuid.UUID],
    course_id: uuid.UUID,
    completed_on: date,
    recorded_by: uuid.UUID | None,
    source: CompletionSource = CompletionSource.RECORDED,
) -> int:
    """Writes that people of the school completed a course on a day. Returns how many of them had not been written yet."""
    done = [(staff_id, course_id, completed_on) for staff_id in staff_ids]
    return len(record_each(scope, done=done, source=source, recorded_by=recorded_by))


Done = tuple[uuid.UUID, uuid.UUID, date]  # who, which course, when


def record_each(
    scope: SchoolScope, *, done: Sequence[Done], source: CompletionSource, recorded_by: uuid.UUID | None
) -> Sequence[TrainingCompletion]:
    """Writes what people of the school completed, each their own. Returns what had not been written yet. Two queries."""
    ours = set(of_this_school(scope, {staff_id for staff_id, _, _ in done}))
    rows = [
        {
            "id": new_id(),
            "school_id": scope.school_id,
            "staff_id": staff_id,
            "course_id": course_id,
            "completed_on": completed_on,
            "source": source,
            "recorded_by": recorded_by,
        }
        for staff_id, course_id, completed_on in done
        if staff_id in ours
    ]
    if not rows:
        return []
    statement = insert(TrainingCompletion).on_conflict_do_nothing().returning(TrainingCompletion)
    return db.session.scalars(statement, rows).all()


def remove_completion(scope: SchoolScope, *, completion_id: uuid.UUID) -> bool:
    """Takes a wrong completion away. False when the school has no such one."""
    require_bound(scope)
    removed = db.session.scalars(
        delete(TrainingCompletion)
        .where(TrainingCompletion.school_id == scope.school_id, TrainingCompletion.id == completion_id)
        .returning(TrainingCompletion.id)
    ).all()
    return bool(removed)


def set_course_rule(
    scope: TrustScope,
    *,
    course_id: uuid.UUID,
    standing: RuleStanding,
    from_on: date,
    changed_by: uuid.UUID | None,
    validity_months: int | None = None,
    audience: Sequence[str] = (),
    grace_days: int = 0,
) -> None:
    """Says what holds for a course at the trust's schools from a day; said again for the same day it takes its place.

    Terms other than the standing count for `RuleStanding.OWN` only. Months from 1 to 120 or none; grace from 0 to 180 days.
    """
    require_bound(scope)
    own = standing is RuleStanding.OWN
    terms = {
        "standing": standing,
        "validity_months": validity_months if own else None,
        "audience": sorted(audience) if own else [],
        "grace_days": grace_days if own else 0,
        "changed_by": changed_by,
    }
    keys = {"trust_id": scope.trust_id, "course_id": course_id, "from_on": from_on}
    statement = insert(CourseRule).values(id=new_id(), **keys, **terms)
    db.session.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=terms))


def take_back_course_rule(scope: TrustScope, *, course_id: uuid.UUID, from_on: date) -> bool:
    """Forgets what the trust said of a course from a day: what it had said before holds again. False when it said nothing.

    For the day itself only, while no figure of an earlier day hangs on it.
    """
    require_bound(scope)
    removed = db.session.scalars(
        delete(CourseRule)
        .where(CourseRule.trust_id == scope.trust_id, CourseRule.course_id == course_id, CourseRule.from_on == from_on)
        .returning(CourseRule.id)
    ).all()
    return bool(removed)


OWN_POSITION = 1_000  # behind what everybody has; among themselves by key, which begins with the moment


@dataclass(frozen=True)
class CourseWords:
    """What a trust's own course is called and what it is for. `prerequisite` is another course's key."""

    title: str
    provider: str = ""
    address: str | None = None
    requirement: str = ""
    prerequisite: str | None = None


class CourseProblem(ValueError):
    """Words of a course that cannot be taken; `field` is the name of the one that is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def add_own_course(scope: TrustScope, *, words: CourseWords) -> Course:
    """A course of the trust's own, which nobody is asked for until the trust says by a rule who is. Raises CourseProblem."""
    require_bound(scope)
    _check_words(scope, words, of=None)
    course = Course(
        id=new_id(),
        key=f"own-{new_id().hex}",
        trust_id=scope.trust_id,
        is_asked=False,
        position=OWN_POSITION,
        **vars(words),
    )
    db.session.add(course)
    db.session.flush()
    return course


def change_own_course(scope: TrustScope, *, course: Course, words: CourseWords) -> None:
    """Says anew what a course of the trust's own is called; what was completed stays completed. Raises CourseProblem."""
    require_bound(scope)
    if course.trust_id != scope.trust_id:
        raise CourseProblem("title", "This is not a course of your trust’s own")
    _check_words(scope, words, of=course)
    for name, value in vars(words).items():
        setattr(course, name, value)
    db.session.flush()


def _check_words(scope: TrustScope, words: CourseWords, *, of: Course | None) -> None:
    """A title names one course, in lists that are imported too; what is taken first must not lead back to the course."""
    catalogue = {course.key: course for course in courses(scope)}
    if any(each is not of and each.title.casefold() == words.title.casefold() for each in catalogue.values()):
        raise CourseProblem("title", "There is a course of this title already")
    first, seen = words.prerequisite, set[str]()
    if first is not None and first not in catalogue:
        raise CourseProblem("prerequisite", "Choose a course from the list")
    while first is not None and first not in seen:
        if of is not None and first == of.key:
            raise CourseProblem(
                "prerequisite", "A course cannot be taken before itself, nor before one that needs it first"
            )
        seen.add(first)
        first = catalogue[first].prerequisite if first in catalogue else None
