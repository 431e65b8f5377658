"""What is overdue, missing or about to lapse at each school: the ground of chasing."""

import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

from prevent_trust.tenancy import Scope
from tenants.insights.measures.compliance import section_standings
from tenants.insights.measures.filtering import FilteringStanding, filtering_standings
from tenants.insights.measures.reading import reading_coverage
from tenants.insights.measures.training import training_coverage, training_lapsing
from tenants.insights.measures.types import Coverage, Lapsing
from tenants.insights.measures.upkeep import upkeep
from tenants.plan.rules import SectionCounts

LAPSES_WITHIN = timedelta(days=30)


@dataclass
class SchoolDue:
    """One school on one date. `plan` counts all its actions; a school without a plan has none."""

    school_id: uuid.UUID
    plan: SectionCounts = field(default_factory=SectionCounts)
    training: list[Coverage] = field(default_factory=list)  # courses with gaps only
    reading: list[Coverage] = field(default_factory=list)  # documents with gaps only
    lapsing: list[Lapsing] = field(default_factory=list)
    staff: int = 0
    filtering: FilteringStanding | None = None  # where a review is overdue, or none is recorded

    @property
    def untrained(self) -> int:
        """Gaps, not people: somebody who misses two courses counts twice."""
        return sum(row.missing for row in self.training)

    @property
    def unread(self) -> int:
        return sum(row.missing for row in self.reading)

    @property
    def is_to_chase(self) -> bool:
        """Whether a trust has cause to remind the school. What is only due soon is the school's own business."""
        return bool(self.plan.overdue or self.training or self.reading or self.lapsing or self.filtering)


def due_by_school(scope: Scope, *, as_at: date) -> dict[uuid.UUID, SchoolDue]:
    """Every school of the scope, also those with nothing due. Six queries, whatever the number of schools."""
    schools = {post.school_id: SchoolDue(post.school_id, staff=post.staff) for post in upkeep(scope, as_at=as_at)}
    totals: dict[uuid.UUID, SectionCounts] = defaultdict(SectionCounts)
    for standing in section_standings(scope, as_at=as_at):
        totals[standing.school_id] += standing.counts
    for school_id, counts in totals.items():
        schools[school_id].plan = counts
    for row in training_coverage(scope, as_at=as_at):
        if row.missing:
            schools[row.school_id].training.append(row)
    for row in reading_coverage(scope, as_at=as_at):
        if row.missing:
            schools[row.school_id].reading.append(row)
    for lapsing in training_lapsing(scope, as_at=as_at, until=as_at + LAPSES_WITHIN):
        schools[lapsing.school_id].lapsing.append(lapsing)
    for filtering in filtering_standings(scope, as_at=as_at):
        school = schools[filtering.school_id]
        # That none is recorded says nothing of a school that has not begun here.
        never = filtering.due_on is None and bool(school.staff or school.plan.total)
        if never or filtering.is_due_past(as_at):
            school.filtering = filtering
    return schools
