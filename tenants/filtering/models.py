"""A school's reviews of filtering and monitoring, and its checks that blocking works. Never anything of a pupil."""

import uuid
from datetime import date
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from prevent_trust.database import Remembered, check, closed_set, keyed_by_school, same_school


class Reviewer(StrEnum):
    """Who took part, by the part that the standard gives them."""

    SLT = "slt"
    GOVERNOR = "governor"
    DSL = "dsl"
    IT = "it"
    OTHER = "other"


REVIEWER_NAMES = {
    Reviewer.SLT: "Member of the SLT",
    Reviewer.GOVERNOR: "Governor",
    Reviewer.DSL: "DSL",
    Reviewer.IT: "IT service",
    Reviewer.OTHER: "Somebody else",
}


class ReviewOutcome(StrEnum):
    MEETS = "meets"
    ACTIONS_NEEDED = "actions_needed"


OUTCOME_NAMES = {
    ReviewOutcome.MEETS: "Meets the standard",
    ReviewOutcome.ACTIONS_NEEDED: "Actions needed",
}


class CheckResult(StrEnum):
    BLOCKED = "blocked"
    LET_THROUGH = "let_through"
    WRONGLY_BLOCKED = "wrongly_blocked"


RESULT_NAMES = {
    CheckResult.BLOCKED: "Blocked, as it should be",
    CheckResult.LET_THROUGH: "Not blocked",
    CheckResult.WRONGLY_BLOCKED: "Blocked although teaching needs it",
}


class FilteringReview(Remembered):
    """A review by the school: when, by whom, what was looked at, with what outcome, and when the next is due."""

    __tablename__ = "filtering_review"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    reviewed_on: Mapped[date]
    reviewers: Mapped[list[str]]  # of Reviewer, in its order
    names: Mapped[str] = mapped_column(default="", server_default="")  # of the people, as the school writes them
    points: Mapped[list[str]]  # keys of points.yaml, in its order
    outcome: Mapped[ReviewOutcome] = mapped_column(closed_set(ReviewOutcome, "outcome"))
    actions: Mapped[str] = mapped_column(default="", server_default="")  # what is to be done, by whom
    next_due_on: Mapped[date]  # at the latest a year after the review
    evidence_id: Mapped[uuid.UUID | None]  # the record of it, among the school's evidence
    recorded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    __table_args__ = (
        keyed_by_school(),
        same_school("evidence", "evidence_id", ondelete="RESTRICT"),
        check(
            "cardinality(reviewers) > 0 and reviewers <@ array['slt', 'governor', 'dsl', 'it', 'other']",
            "has_reviewers",
        ),
        check("next_due_on > reviewed_on and next_due_on <= reviewed_on + interval '1 year'", "due_within_a_year"),
        check("(outcome = 'actions_needed') = (actions <> '')", "actions_in_words"),
        Index("ix_filtering_review_school_id_reviewed_on", "school_id", "reviewed_on"),
    )


class ReviewAction(Remembered):
    """That an action of the school's plan does something that a review asked for, in the review's own words."""

    __tablename__ = "filtering_review_action"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    review_id: Mapped[uuid.UUID]
    action_id: Mapped[uuid.UUID]  # as it was then; in a later plan its successor counts
    words: Mapped[str]  # a line of the review's actions
    recorded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    __table_args__ = (
        same_school("filtering_review", "review_id"),
        same_school("plan_action", "action_id"),
        check("words <> ''", "has_words"),
        # The words may be longer than a key may be.
        Index(
            "uq_filtering_review_action_words", "school_id", "review_id", "action_id", text("md5(words)"), unique=True
        ),
        Index("ix_filtering_review_action_school_id_action_id", "school_id", "action_id"),
    )


class FilteringCheck(Remembered):
    """That somebody tried whether blocking works: when, on what, with what result."""

    __tablename__ = "filtering_check"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    checked_on: Mapped[date]
    place: Mapped[str]  # the device, and where
    tested: Mapped[str]  # what was tried
    result: Mapped[CheckResult] = mapped_column(closed_set(CheckResult, "result"))
    done: Mapped[str] = mapped_column(default="", server_default="")  # what was done about it
    recorded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    __table_args__ = (Index("ix_filtering_check_school_id_checked_on", "school_id", "checked_on"),)
