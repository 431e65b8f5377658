"""Writes of reviews and checks. Each flushes and leaves the commit to its caller."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.filtering.models import CheckResult, FilteringCheck, FilteringReview, Reviewer, ReviewOutcome
from tenants.filtering.queries import find_check, find_review
from tenants.filtering.rules import due_after, not_looked_at, points


@dataclass
class FilteringProblem(Exception):
    """What the person asking can put right: messages by the name of the field."""

    messages: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class ReviewDetails:
    """All that a school writes of a review. Without `next_due_on` the next is due a year on."""

    reviewed_on: date
    reviewers: Sequence[str]
    points: Sequence[str]
    outcome: ReviewOutcome
    names: str = ""
    actions: str = ""
    next_due_on: date | None = None
    evidence_id: uuid.UUID | None = None


def save_review(
    scope: SchoolScope,
    *,
    review_id: uuid.UUID | None,
    details: ReviewDetails,
    recorded_by: uuid.UUID | None,
    today: date,
) -> FilteringReview | None:
    """Adds a review or changes one. None when there is none of that id.

    Raises FilteringProblem for a date, an outcome or actions that will not do: a review meets the standard only when it
    looked at every point, since a green that nobody looked behind is worse than none.
    """
    require_bound(scope)
    _check_review(details, today)
    review = find_review(scope, review_id) if review_id else FilteringReview(school_id=scope.school_id)
    if review is None:
        return None
    review.reviewed_on = details.reviewed_on
    review.reviewers = [each.value for each in Reviewer if each in details.reviewers]
    review.names = details.names
    review.points = [point.key for point in points() if point.key in details.points]
    review.outcome = details.outcome
    review.actions = details.actions if details.outcome is ReviewOutcome.ACTIONS_NEEDED else ""
    review.next_due_on = details.next_due_on or due_after(details.reviewed_on)
    review.evidence_id = details.evidence_id
    review.recorded_by = recorded_by
    db.session.add(review)
    db.session.flush()
    return review


def _check_review(details: ReviewDetails, today: date) -> None:
    problems: dict[str, list[str]] = {}
    if details.reviewed_on > today:
        problems["reviewed_on"] = ["The day of the review must be today or in the past"]
    if not details.reviewers:
        problems["reviewers"] = ["Choose who took part"]
    if not details.points:
        problems["points"] = ["Choose what was looked at"]
    left_out = not_looked_at(details.points)
    if details.outcome is ReviewOutcome.MEETS and details.points and left_out:
        problems["outcome"] = [
            f"Not everything was looked at ({', '.join(left_out)}). Choose every point, or choose “Actions needed”"
        ]
    if details.outcome is ReviewOutcome.ACTIONS_NEEDED and not details.actions:
        problems["actions"] = ["Enter what is to be done and by whom"]
    latest = due_after(details.reviewed_on)
    if details.next_due_on and not details.reviewed_on < details.next_due_on <= latest:
        problems["next_due_on"] = ["The next review must be after this one and within a year of it"]
    if problems:
        raise FilteringProblem(problems)


def remove_review(scope: SchoolScope, *, review_id: uuid.UUID) -> bool:
    """Takes away a review that was recorded by mistake; its history is kept. False when there is none of that id."""
    review = find_review(scope, review_id)
    if review is None:
        return False
    db.session.delete(review)
    db.session.flush()
    return True


@dataclass(frozen=True)
class CheckDetails:
    """All that a school writes of a check that blocking works."""

    checked_on: date
    place: str
    tested: str
    result: CheckResult
    done: str = ""


def save_check(
    scope: SchoolScope,
    *,
    check_id: uuid.UUID | None,
    details: CheckDetails,
    recorded_by: uuid.UUID | None,
    today: date,
) -> FilteringCheck | None:
    """Adds a check or changes one. None when there is none of that id. Raises FilteringProblem."""
    require_bound(scope)
    problems: dict[str, list[str]] = {}
    if details.checked_on > today:
        problems["checked_on"] = ["The day of the check must be today or in the past"]
    if details.result is not CheckResult.BLOCKED and not details.done:
        problems["done"] = ["Enter what was done about it, for example whom you told"]
    if problems:
        raise FilteringProblem(problems)
    found = find_check(scope, check_id) if check_id else FilteringCheck(school_id=scope.school_id)
    if found is None:
        return None
    for name, value in vars(details).items():
        setattr(found, name, value)
    found.recorded_by = recorded_by
    db.session.add(found)
    db.session.flush()
    return found


def remove_check(scope: SchoolScope, *, check_id: uuid.UUID) -> bool:
    """Takes away a check that was recorded by mistake; its history is kept. False when there is none of that id."""
    found = find_check(scope, check_id)
    if found is None:
        return False
    db.session.delete(found)
    db.session.flush()
    return True
