"""A trust's schools side by side as at a date: one row for each, from the measures and nothing else."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.tenancy import TrustScope, require_bound, within
from tenants.calendar.rules import Term, last_terms
from tenants.insights.measures.compliance import section_standings
from tenants.insights.measures.filtering import FilteringStanding, ReviewState, filtering_standings
from tenants.insights.measures.reading import reading_coverage
from tenants.insights.measures.training import training_coverage
from tenants.insights.measures.types import Coverage
from tenants.insights.measures.volumes import referral_volumes
from tenants.organisations.models import LocalAuthority, School
from tenants.plan.models import Theme
from tenants.plan.rules import SectionCounts, SectionState

TERMS = 6


@dataclass
class SchoolRow:
    """One school. `sections` has every theme; a school without a plan has none answered in any."""

    id: uuid.UUID
    urn: int
    name: str
    phase: str
    authority: str
    authority_id: uuid.UUID
    pupils: int | None
    has_plan: bool = False
    sections: dict[Theme, SectionCounts] = field(default_factory=lambda: {theme: SectionCounts() for theme in Theme})
    other: SectionCounts = field(default_factory=SectionCounts)  # of an imported plan: placed in no theme
    training: dict[str, Coverage] = field(default_factory=dict)
    reading: dict[str, Coverage] = field(default_factory=dict)
    referrals: dict[str, int] = field(default_factory=dict)  # by the key of the term
    filtering: FilteringStanding | None = None  # when filtering and monitoring were last reviewed

    @property
    def whole(self) -> SectionCounts:
        return sum(self.sections.values(), self.other)

    @property
    def red(self) -> list[Theme]:
        return [theme for theme, counts in self.sections.items() if counts.state is SectionState.RED]

    @property
    def is_reviewed(self) -> bool:
        """Whether filtering and monitoring were reviewed within a year."""
        return self.filtering is not None and self.filtering.state is ReviewState.WITHIN_A_YEAR

    def rate(self, term: Term) -> float | None:
        """Referrals per 1,000 pupils in the term; none where the register does not know the pupils."""
        return 1000 * self.referrals.get(term.key, 0) / self.pupils if self.pupils else None


@dataclass(frozen=True)
class Comparison:
    as_at: date
    terms: Sequence[Term]
    schools: Sequence[SchoolRow]


def compare_schools(
    scope: TrustScope, *, as_at: date, authority_id: uuid.UUID | None = None, phase: str | None = None
) -> Comparison:
    """The trust's present schools as they stood at the end of the day, by name. Six queries, however many schools.

    A school that joined since is shown with its own history, since its records came with it.
    """
    require_bound(scope)
    schools = {row.id: row for row in _schools(scope, authority_id, phase)}
    terms = last_terms(as_at, TERMS)
    for standing in section_standings(scope, as_at=as_at):
        if row := schools.get(standing.school_id):
            row.has_plan = True
            if standing.theme is None:
                row.other = standing.counts
            else:
                row.sections[standing.theme] = standing.counts
    for coverage in training_coverage(scope, as_at=as_at):
        if row := schools.get(coverage.school_id):
            row.training[coverage.key] = coverage
    for coverage in reading_coverage(scope, as_at=as_at):
        if row := schools.get(coverage.school_id):
            row.reading[coverage.key] = coverage
    for volume in referral_volumes(scope, terms=terms, as_at=as_at):
        if row := schools.get(volume.school_id):
            row.referrals[volume.term] = volume.referrals
    for filtering in filtering_standings(scope, as_at=as_at):
        if row := schools.get(filtering.school_id):
            row.filtering = filtering
    return Comparison(as_at, terms, tuple(schools.values()))


def _schools(scope: TrustScope, authority_id: uuid.UUID | None, phase: str | None) -> list[SchoolRow]:
    query = (
        select(School, LocalAuthority.name)
        .join(LocalAuthority, LocalAuthority.id == School.authority_id)
        .where(within(scope, School.id))
        .order_by(School.name, School.urn)
    )
    if authority_id:
        query = query.where(School.authority_id == authority_id)
    if phase:
        query = query.where(School.phase == phase)
    return [
        SchoolRow(
            id=school.id,
            urn=school.urn,
            name=school.name,
            phase=school.phase or "Not known",
            authority=authority,
            authority_id=school.authority_id,
            pupils=school.pupils,
        )
        for school, authority in db.session.execute(query)
    ]


@dataclass(frozen=True)
class Choices:
    """What the trust's schools can be filtered by."""

    authorities: Sequence[tuple[uuid.UUID, str]]
    phases: Sequence[str]


def choices(scope: TrustScope) -> Choices:
    """The authorities and phases that the trust's schools have."""
    require_bound(scope)
    rows = db.session.execute(
        select(School.authority_id, LocalAuthority.name, School.phase)
        .join(LocalAuthority, LocalAuthority.id == School.authority_id)
        .where(within(scope, School.id))
        .distinct()
    ).all()
    authorities = sorted({(row.authority_id, row.name) for row in rows}, key=lambda pair: pair[1])
    return Choices(authorities, sorted({row.phase for row in rows if row.phase}))
