"""Single records, to be changed or removed. Lists as they were known on a day: tenants/insights/measures/filtering.py."""

import uuid

from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.filtering.models import FilteringCheck, FilteringReview


def find_review(scope: SchoolScope, review_id: uuid.UUID) -> FilteringReview | None:
    """A review of the school; none when it has no such review."""
    require_bound(scope)
    return db.session.scalar(
        select(FilteringReview).where(FilteringReview.school_id == scope.school_id, FilteringReview.id == review_id)
    )


def find_check(scope: SchoolScope, check_id: uuid.UUID) -> FilteringCheck | None:
    """A check of the school that blocking works; none when it has no such check."""
    require_bound(scope)
    return db.session.scalar(
        select(FilteringCheck).where(FilteringCheck.school_id == scope.school_id, FilteringCheck.id == check_id)
    )
