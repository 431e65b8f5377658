"""Reviews of filtering and monitoring, and checks of blocking, as lines of a file: for downloads and the inspection pack."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date

from tenants.filtering.models import OUTCOME_NAMES, RESULT_NAMES, REVIEWER_NAMES, Reviewer
from tenants.filtering.rules import points
from tenants.insights.measures.filtering import KnownCheck, KnownReview
from tenants.insights.review_progress import ReviewProgress

REVIEW_HEADERS = (
    "Reviewed on",
    "Outcome",
    "Took part",
    "Names",
    "Looked at",
    "To be done",
    "How far it is",
    "Next review due on",
    "Evidence",
)
CHECK_HEADERS = ("Checked on", "Device and place", "Tried", "Result", "What was done")


def review_lines(
    reviews: Sequence[KnownReview], titles: Mapping[uuid.UUID, str], progress: Mapping[uuid.UUID, ReviewProgress]
) -> list[tuple[date, str, str, str, str, str, str, date, str]]:
    """A line for each review. `titles` are those of the school's evidence, `progress` is each review's."""
    names = {point.key: point.title for point in points()}
    return [
        (
            each.reviewed_on,
            OUTCOME_NAMES[each.outcome],
            "; ".join(REVIEWER_NAMES[Reviewer(key)] for key in each.reviewers),
            each.names,
            "; ".join(names[key] for key in each.points),
            each.actions,
            progress[each.id].words,
            each.next_due_on,
            titles.get(each.evidence_id, "") if each.evidence_id else "",
        )
        for each in reviews
    ]


def check_lines(checks: Sequence[KnownCheck]) -> list[tuple[date, str, str, str, str]]:
    """A line for each check that blocking works."""
    return [(each.checked_on, each.place, each.tested, RESULT_NAMES[each.result], each.done) for each in checks]
