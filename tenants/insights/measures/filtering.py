"""Reviews of filtering and monitoring: which there are, and whether the last is within a year, as known on a day.

Source of the year: the DfE's filtering and monitoring standards (a review at least once every academic year; here within
twelve months of the one before). The last day of a review's year is the day on which the next is due.
"""

import uuid
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import text

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, Scope, require_bound
from tenants.filtering.models import CheckResult, ReviewOutcome
from tenants.insights.measures.known import as_known, known


class ReviewState(StrEnum):
    WITHIN_A_YEAR = "within"
    OVER_A_YEAR = "over"
    NONE = "none"


REVIEW_STATE_NAMES = {
    ReviewState.WITHIN_A_YEAR: "Reviewed within a year",
    ReviewState.OVER_A_YEAR: "Last reviewed over a year ago",
    ReviewState.NONE: "No review recorded",
}


@dataclass(frozen=True)
class FilteringStanding:
    """One school on one date. A school may set its next review earlier than a year on: `due_on` is that day."""

    school_id: uuid.UUID
    state: ReviewState
    reviewed_on: date | None = None
    due_on: date | None = None
    outcome: ReviewOutcome | None = None
    review_id: uuid.UUID | None = None
    actions: str = ""  # what the last review asked for

    def is_due_past(self, as_at: date) -> bool:
        """Whether the day that the school set for the next review is over."""
        return self.due_on is not None and self.due_on < as_at


@dataclass(frozen=True)
class KnownReview:
    """A review as it was known on a day."""

    id: uuid.UUID
    reviewed_on: date
    reviewers: list[str]
    names: str
    points: list[str]
    outcome: ReviewOutcome
    actions: str
    next_due_on: date
    evidence_id: uuid.UUID | None


@dataclass(frozen=True)
class KnownCheck:
    """A check that blocking works as it was known on a day."""

    id: uuid.UUID
    checked_on: date
    place: str
    tested: str
    result: CheckResult
    done: str


# Of two reviews on a day the one that was recorded later is the last.
LATEST_REVIEW_SQL = f"""
latest_review as materialized (
  select distinct on (school_id) school_id, id, reviewed_on, next_due_on, outcome, actions,
    reviewed_on + interval '1 year' >= cast(:as_at as date) as within_a_year
  from {known("filtering_review")} v where reviewed_on <= :as_at
  order by school_id, reviewed_on desc, created_at desc, id desc
)"""
_STANDINGS = text(f"""
with {LATEST_REVIEW_SQL}
select s.id, case when l.within_a_year then 'within' when l.school_id is not null then 'over' else 'none' end,
  l.reviewed_on, l.next_due_on, l.outcome, l.id, coalesce(l.actions, '')
from unnest(visible_schools()) as s (id)
left join latest_review l on l.school_id = s.id
""")


def filtering_standings(scope: Scope, *, as_at: date) -> list[FilteringStanding]:
    """One row for each school of the scope, also those that have recorded nothing. One query."""
    require_bound(scope)
    return [
        FilteringStanding(
            row[0], ReviewState(row[1]), row[2], row[3], ReviewOutcome(row[4]) if row[4] else None, row[5], row[6]
        )
        for row in db.session.execute(_STANDINGS, as_known(as_at))
    ]


_REVIEWS = text(f"""
select id, reviewed_on, reviewers, names, points, outcome, actions, next_due_on, evidence_id
from {known("filtering_review")} v where reviewed_on <= :as_at
order by reviewed_on desc, created_at desc, id desc
""")
_CHECKS = text(f"""
select id, checked_on, place, tested, result, done
from {known("filtering_check")} v where checked_on <= :as_at
order by checked_on desc, created_at desc, id desc
""")


def filtering_reviews(scope: SchoolScope, *, as_at: date) -> list[KnownReview]:
    """The school's reviews as known at the end of the day, the latest first. One query."""
    require_bound(scope)
    rows = db.session.execute(_REVIEWS, as_known(as_at)).mappings()
    return [KnownReview(**{**row, "outcome": ReviewOutcome(row["outcome"])}) for row in rows]


def filtering_checks(scope: SchoolScope, *, as_at: date) -> list[KnownCheck]:
    """The school's checks that blocking works as known at the end of the day, the latest first. One query."""
    require_bound(scope)
    rows = db.session.execute(_CHECKS, as_known(as_at)).mappings()
    return [KnownCheck(**{**row, "result": CheckResult(row["result"])}) for row in rows]
