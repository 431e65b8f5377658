"""Writes of reviews and checks. Each flushes and leaves the commit to its caller."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from prevent_trust.database import db, new_id
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.filtering.models import CheckResult, FilteringCheck, FilteringReview, ReviewAction, Reviewer, ReviewOutcome
from tenants.filtering.queries import find_check, has_linked_actions
from tenants.filtering.rules import asked_for, due_after, not_looked_at, points
from tenants.plan.actions import action_of_current_plan, add_own_action, change_many
from tenants.plan.models import ActionStatus, PlanAction


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


_LINKED = (
    "Actions of your plan came of this review, so it found something to do. When all is done, record another review, or"
    " take the links to the plan away first"
)


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
    looked at every point, since a green that nobody looked behind is worse than none; and not while actions of the plan
    do what it asked for.
    """
    require_bound(scope)
    _check_review(details, today)
    review = _locked(scope, review_id) if review_id else FilteringReview(school_id=scope.school_id)
    if review is None:
        return None
    if details.outcome is ReviewOutcome.MEETS and review_id and has_linked_actions(scope, review_id):
        raise FilteringProblem({"outcome": [_LINKED]})
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
    review = _locked(scope, review_id)
    if review is None:
        return False
    db.session.delete(review)
    db.session.flush()
    return True


def _locked(scope: SchoolScope, review_id: uuid.UUID) -> FilteringReview | None:
    """The review, which nobody else changes or links meanwhile; none when the school has no such review."""
    return db.session.scalar(
        select(FilteringReview)
        .where(FilteringReview.school_id == scope.school_id, FilteringReview.id == review_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def link_action(
    scope: SchoolScope, *, review_id: uuid.UUID, action_id: uuid.UUID, words: str, recorded_by: uuid.UUID | None
) -> bool:
    """Says that an action of the current plan does what the review asks for in these words. False when it is said already.

    Raises PlanError for an action that is not in the current plan, FilteringProblem when the review no longer says so.
    """
    require_bound(scope)
    _check_asked(scope, review_id, words)
    action_of_current_plan(scope, action_id)
    added = db.session.scalar(
        insert(ReviewAction)
        .values(
            id=new_id(),
            school_id=scope.school_id,
            review_id=review_id,
            action_id=action_id,
            words=words,
            recorded_by=recorded_by,
        )
        .on_conflict_do_nothing()
        .returning(ReviewAction.id)
    )
    return added is not None


def _check_asked(scope: SchoolScope, review_id: uuid.UUID, words: str) -> None:
    review = _locked(scope, review_id)
    if review is None or words not in asked_for(review.actions):
        raise FilteringProblem({"words": ["The review has been changed since. Open it again and choose once more"]})


@dataclass(frozen=True)
class NewAction:
    """An action for the plan out of a review: where it stands in the plan, who does it and by when."""

    expectation_id: uuid.UUID
    wording: str
    owner_id: uuid.UUID | None = None
    owner_role: str | None = None
    due_on: date | None = None


def add_action(
    scope: SchoolScope, *, review_id: uuid.UUID, words: str, new: NewAction, made_by: uuid.UUID | None
) -> PlanAction:
    """Makes what the review asks for in these words an action of the current plan, not met as yet, and links the two.

    Raises FilteringProblem when the review no longer says so, PlanError when the plan has no such part.
    """
    require_bound(scope)
    _check_asked(scope, review_id, words)
    roles = [new.owner_role] if new.owner_role else []
    action = add_own_action(scope, expectation_id=new.expectation_id, wording=new.wording, roles=roles, made_by=made_by)
    change_many(
        scope,
        action_ids=[action.id],
        change=lambda answer: replace(
            answer,
            status=ActionStatus.NOT_MET,
            owner_id=new.owner_id,
            owner_role=new.owner_role,
            due_on=new.due_on,
        ),
        changed_by=made_by,
    )
    link_action(scope, review_id=review_id, action_id=action.id, words=words, recorded_by=made_by)
    return action


def unlink_action(scope: SchoolScope, *, review_id: uuid.UUID, link_id: uuid.UUID) -> bool:
    """Takes a link away; its history is kept, and the action stays in the plan. False when there is none of that id."""
    require_bound(scope)
    found = db.session.scalar(
        delete(ReviewAction)
        .where(
            ReviewAction.school_id == scope.school_id, ReviewAction.review_id == review_id, ReviewAction.id == link_id
        )
        .returning(ReviewAction.id)
    )
    return found is not None


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
