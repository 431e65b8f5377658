"""What goes into a release: every figure from a measure, school by school, as known at the term's end.

The result is plain data, kept beside the release where only the worker reads it, so that a later release of the same
academic year takes the earlier terms' figures as they were, whatever schools have recorded since.
"""

import uuid
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Self

from sqlalchemy import func, select

from prevent_trust.database import db
from prevent_trust.tenancy import AuthorityScope, require_bound
from tenants.calendar.rules import Term
from tenants.insights.disclosure.catalogue import Catalogue, group_of
from tenants.insights.measures.compliance import section_standings
from tenants.insights.measures.cover import post_cover
from tenants.insights.measures.filtering import ReviewState, filtering_standings
from tenants.insights.measures.reading import reading_coverage
from tenants.insights.measures.training import training_coverage
from tenants.insights.measures.types import Coverage, SectionStanding
from tenants.insights.measures.volumes import referral_volumes, referrals_by_concern
from tenants.organisations.models import School, SchoolStatus
from tenants.plan.models import THEME_NAMES
from tenants.plan.rules import SectionCounts
from tenants.reading.models import Document
from tenants.referrals.models import ConcernType
from tenants.staff.models import STAFF_ROLE_NAMES, CoverRule
from tenants.training.models import Course

KINDS = {"academy": "Academies", "maintained": "Other schools"}
ALL = "all"


@dataclass(frozen=True)
class Figures:
    """All by school (its id as text). Classes are keys of the catalogue; titles stand beside whatever has one.

    `classes`: phase and kind of each school; `open_schools`: how many the register has of each phase; `sections`: state by
    theme; `training` and `reading`: [have it, need it] by subject; `posts`: state by rule; `overdue`: band;
    `filtering`: state of the last review, of no school while none has recorded any;
    `referrals`: number by term and type of concern; `audiences`: who needs a course or must read a document.
    """

    term: str
    as_at: str
    classes: dict[str, dict[str, str]]
    open_schools: dict[str, int]
    sections: dict[str, dict[str, str]]
    training: dict[str, dict[str, list[int]]]
    reading: dict[str, dict[str, list[int]]]
    posts: dict[str, dict[str, str]]
    overdue: dict[str, str]
    referrals: dict[str, dict[str, int]]
    pupils: dict[str, int]
    titles: dict[str, str]
    audiences: dict[str, list[str]] = field(default_factory=dict)
    concerns: list[str] = field(default_factory=list)  # the types of the newest release year
    filtering: dict[str, str] = field(default_factory=dict)  # none in the figures of terms before reviews were recorded

    @property
    def schools(self) -> tuple[str, ...]:
        return tuple(sorted(self.classes))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        return cls(**content)


def open_schools(scope: AuthorityScope, as_at: date) -> list[School]:
    """The authority's schools that were open on the day."""
    require_bound(scope)
    rows = db.session.scalars(select(School).where(School.authority_id == scope.authority_id).order_by(School.urn))
    return [school for school in rows if _was_open(school, as_at)]


def _was_open(school: School, as_at: date) -> bool:
    return school.closed_on > as_at if school.closed_on else school.status is not SchoolStatus.CLOSED


def with_plans(standings: Sequence[SectionStanding]) -> frozenset[uuid.UUID]:
    return frozenset(standing.school_id for standing in standings if standing.theme is not None)


def gather(
    scope: AuthorityScope,
    *,
    term: Term,
    area: Sequence[School],
    schools: Collection[uuid.UUID],
    catalogue: Catalogue,
    phases: Collection[str] | None,
) -> Figures:
    """The figures of these schools as at the term's last day. `phases`: the groups of the year's first release, if any."""
    require_bound(scope)
    as_at = term.last_day
    inside = [school for school in area if school.id in schools]
    phase = _merged({str(s.id): group_of(catalogue.phases, s.phase) for s in area}, inside, catalogue, phases)
    kind = {str(s.id): "academy" if _is_academy(s) else "maintained" for s in inside}
    if min(Counter(kind.values()).values(), default=0) < catalogue.schools_in_a_class or len(set(kind.values())) < 2:
        kind = dict.fromkeys(kind, "maintained")
    standings = section_standings(scope, as_at=as_at)
    volumes = {str(each.school_id): each for each in referral_volumes(scope, terms=[term], as_at=as_at)}
    keys = {str(school.id) for school in inside}
    courses, documents = _courses(), _documents()
    # A rate wants both: schools whose pupils the register does not know are left out of the referrals altogether.
    pupils = {key: volumes[key].pupils or 0 for key in sorted(keys) if volumes[key].pupils}
    return Figures(
        term=term.key,
        as_at=as_at.isoformat(),
        classes={key: {"phase": phase[key], "kind": kind[key]} for key in sorted(keys)},
        open_schools=dict(Counter(phase[str(school.id)] for school in area)),
        sections=_sections(standings, keys),
        training=_coverage([row for row in training_coverage(scope, as_at=as_at) if row.key in courses], keys),
        reading=_coverage([row for row in reading_coverage(scope, as_at=as_at) if row.key in documents], keys),
        posts=_posts(scope, as_at, keys),
        overdue=_overdue(standings, keys),
        referrals=_referrals(scope, term, set(pupils)),
        pupils=pupils,
        titles=_titles(catalogue) | {key: each[0] for key, each in (courses | documents).items()},
        audiences={key: sorted(each[1]) for key, each in (courses | documents).items()},
        concerns=_newest_concerns(),
        filtering=_filtering(scope, as_at, keys),
    )


def _is_academy(school: School) -> bool:
    words = f"{school.type_group or ''} {school.type_name or ''}".lower()
    return "academ" in words or "free school" in words


def _merged(
    phase: dict[str, str], inside: Sequence[School], catalogue: Catalogue, kept: Collection[str] | None
) -> dict[str, str]:
    """Phases with too few schools in the release are given with the last; a year keeps the groups that it began with."""
    last = catalogue.phases[-1].key
    if kept is None:
        counts = Counter(phase[str(school.id)] for school in inside)
        kept = {key for key, count in counts.items() if count >= catalogue.schools_in_a_class}
        rest = sum(count for key, count in counts.items() if key not in kept or key == last)
        if 0 < rest < catalogue.schools_in_a_class and kept - {last}:
            smallest = min(kept - {last}, key=lambda key: (counts[key], key))
            kept = kept - {smallest}
        kept = kept | {last}
    return {school: key if key in kept else last for school, key in phase.items()}


def _sections(standings: Sequence[SectionStanding], keys: set[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {theme.value: {} for theme in THEME_NAMES}
    for each in standings:
        if each.theme is not None and str(each.school_id) in keys:
            found[each.theme.value][str(each.school_id)] = each.counts.state.value
    for states in found.values():
        states |= {key: SectionCounts().state.value for key in keys if key not in states}
    return found


def _coverage(coverage: Sequence[Coverage], keys: set[str]) -> dict[str, dict[str, list[int]]]:
    found: dict[str, dict[str, list[int]]] = {}
    for each in coverage:
        if str(each.school_id) in keys and each.denominator:
            found.setdefault(each.key, {})[str(each.school_id)] = [each.numerator, each.denominator]
    return found


def _posts(scope: AuthorityScope, as_at: date, keys: set[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    shipped = set(db.session.scalars(select(CoverRule.key).where(CoverRule.trust_id.is_(None))))
    for each in post_cover(scope, as_at=as_at):
        if each.rule in shipped and str(each.school_id) in keys:
            found.setdefault(each.rule, {})[str(each.school_id)] = each.state.value
    return found


def _filtering(scope: AuthorityScope, as_at: date, keys: set[str]) -> dict[str, str]:
    """Where no school has recorded a review, that none has says something of the service, not of the schools."""
    standings = [each for each in filtering_standings(scope, as_at=as_at) if str(each.school_id) in keys]
    if all(each.state is ReviewState.NONE for each in standings):
        return {}
    return {str(each.school_id): each.state.value for each in standings}


def _overdue(standings: Sequence[SectionStanding], keys: set[str]) -> dict[str, str]:
    counts: Counter[str] = Counter()
    for each in standings:
        counts[str(each.school_id)] += each.counts.overdue
    return {key: "none" if not counts[key] else "few" if counts[key] < 6 else "many" for key in sorted(keys)}


def _referrals(scope: AuthorityScope, term: Term, keys: set[str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for school, concern, count in referrals_by_concern(scope, term=term, as_at=term.last_day):
        if str(school) in keys:
            found.setdefault(concern, {})[str(school)] = count
    return found


def _courses() -> dict[str, tuple[str, list[str]]]:
    """Those that all of England has. A trust's own would say which schools are meant."""
    rows = db.session.execute(
        select(Course.key, Course.title, Course.audience).where(Course.trust_id.is_(None)).order_by(Course.position)
    )
    return {row.key: (row.title, row.audience) for row in rows}


def _documents() -> dict[str, tuple[str, list[str]]]:
    """The shared ones. What a school or trust has of its own would give it away, and is nobody's but theirs."""
    rows = db.session.execute(
        select(Document.key, Document.title, Document.audience)
        .where(Document.school_id.is_(None), Document.trust_id.is_(None))
        .order_by(Document.position)
    )
    return {row.key: (row.title, row.audience) for row in rows}


def _newest_concerns() -> list[str]:
    newest = select(func.max(ConcernType.release_year)).scalar_subquery()
    rows = db.session.scalars(
        select(ConcernType.key).where(ConcernType.release_year == newest).order_by(ConcernType.position)
    )
    return list(rows)


def _titles(catalogue: Catalogue) -> dict[str, str]:
    """What everything but courses and documents is called. Types of concern in the words of the newest release year."""
    newest = func.row_number().over(partition_by=ConcernType.key, order_by=ConcernType.release_year.desc())
    concerns = select(ConcernType.key, ConcernType.title, newest.label("place")).subquery()
    rows = db.session.execute(select(concerns.c.key, concerns.c.title).where(concerns.c.place == 1))
    rules = db.session.execute(
        select(CoverRule.key, CoverRule.role).where(CoverRule.trust_id.is_(None)).order_by(CoverRule.position)
    )
    return (
        {group.key: group.title for group in (*catalogue.phases, *catalogue.concerns)}
        | {f"concern:{row.key}": row.title for row in rows}
        | {f"post:{row.key}": STAFF_ROLE_NAMES[row.role] for row in rules}
        | {theme.value: name for theme, name in THEME_NAMES.items()}
        | KINDS
    )
