"""Single records, to be changed or removed. Lists as they were known on a day: tenants/insights/measures/filtering.py."""

import uuid

from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.filtering.models import FilteringCheck, FilteringReview, ReviewAction


def find_review(scope: SchoolScope, review_id: uuid.UUID) -> FilteringReview | None:
    """A review of the school; none when it has no such review."""
    require_bound(scope)
    return db.session.scalar(
        select(FilteringReview).where(FilteringReview.school_id == scope.school_id, FilteringReview.id == review_id)
    )


def has_linked_actions(scope: SchoolScope, review_id: uuid.UUID) -> bool:
    """Whether any action of the school's plans does something that the review asked for."""
    require_bound(scope)
    linked = select(ReviewAction.id).where(
        ReviewAction.school_id == scope.school_id, ReviewAction.review_id == review_id
    )
    return db.session.scalar(linked.limit(1)) is not None


def find_check(scope: SchoolScope, check_id: uuid.UUID) -> FilteringCheck | None:
    """A check of the school that blocking works; none when it has no such check."""
    require_bound(scope)
    return db.session.scalar(
        select(FilteringCheck).where(FilteringCheck.school_id == scope.school_id, FilteringCheck.id == check_id)
    )
