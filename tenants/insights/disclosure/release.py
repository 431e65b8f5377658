"""Makes a release: one authority, one term, frozen when made. Runs as the worker, in the authority's scope.

What is in it, the rules by which it is protected and which schools may be in it: `tables.py`, `rules.py`. A release is
written once and never changed; records that come late are in the next one.
"""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from prevent_trust.csv_output import csv_bytes
from prevent_trust.database import db
from prevent_trust.tenancy import AuthorityScope, require_bound
from tenants.calendar.rules import Term
from tenants.insights.disclosure.audit import audit
from tenants.insights.disclosure.models import Release, ReleaseFile, ReleaseValue
from tenants.insights.disclosure.rules import RULES_VERSION, comparable_schools
from tenants.insights.disclosure.tables import (
    CoverageFigures,
    Figures,
    ReferralFigures,
    protected_tables,
    published_lines,
)
from tenants.insights.disclosure.types import TABLES_FILE, ProtectedRelease, ReleaseRules
from tenants.insights.measures.compliance import section_standings
from tenants.insights.measures.reading import reading_coverage
from tenants.insights.measures.training import training_coverage
from tenants.insights.measures.types import Coverage, SectionStanding
from tenants.insights.measures.volumes import referral_volumes
from tenants.organisations.models import LocalAuthority, School, SchoolStatus
from tenants.plan.models import Plan, Theme
from tenants.plan.rules import SectionCounts
from tenants.reading.models import Document
from tenants.training.models import Course

COMPARED_WITHIN = timedelta(days=366)


class TermNotOver(ValueError):
    """A release is of a whole term; this one is not over yet."""


def has_plans(scope: AuthorityScope) -> bool:
    """Whether any school in the authority's area has a plan."""
    require_bound(scope)
    return db.session.scalar(select(Plan.id).limit(1)) is not None


def make_release(scope: AuthorityScope, *, term: Term, rules: ReleaseRules, today: date) -> uuid.UUID | None:
    """Makes and freezes the authority's release for the term. Returns its id, or none when there is one already.

    Stocks (plans, training, reading) are as at the term's last day, referrals those made in it. Flushes. Raises
    TermNotOver before the term's end, and Disclosed when the audit finds that a hidden number can be worked out.
    """
    require_bound(scope)
    if today <= term.last_day:
        raise TermNotOver(f"{term.title} ends on {term.last_day:%d/%m/%Y}; its release can be made after that.")
    if _release_of(scope, term) is not None:
        return None
    standings = section_standings(scope, as_at=term.last_day)
    schools = comparable_schools(
        _schools_with_plans(scope, standings, term.last_day), _schools_of_near_releases(scope, term), rules
    )
    if len(schools) < rules.schools:
        schools = frozenset()
    figures = _figures(scope, tuple(sorted(schools)), standings, term)
    tables = protected_tables(figures, term=term, as_at=term.last_day, rules=rules)
    report = audit(published_lines(tables), width=rules.count)
    content = ProtectedRelease(schools=len(schools) or None, rules=rules, tables=tables)
    return _freeze(scope, term=term, content=content, values=_values(figures), report=report)


def _release_of(scope: AuthorityScope, term: Term) -> uuid.UUID | None:
    return db.session.scalar(
        select(Release.id).where(Release.authority_id == scope.authority_id, Release.term == term.key)
    )


def _schools_with_plans(
    scope: AuthorityScope, standings: Sequence[SectionStanding], as_at: date
) -> frozenset[uuid.UUID]:
    """The authority's schools that were open on the day and had a plan then."""
    with_plan = {standing.school_id for standing in standings if standing.theme is not None}
    rows = db.session.execute(
        select(School.id, School.status, School.closed_on).where(School.authority_id == scope.authority_id)
    )
    is_open = {row.id for row in rows if _was_open(row.status, row.closed_on, as_at)}
    return frozenset(with_plan & is_open)


def _was_open(status: SchoolStatus, closed_on: date | None, as_at: date) -> bool:
    return closed_on > as_at if closed_on else status is not SchoolStatus.CLOSED


def _schools_of_near_releases(scope: AuthorityScope, term: Term) -> list[frozenset[uuid.UUID]]:
    """The schools of each release within a year of this term's end; withheld releases have none and are left out."""
    near = db.session.scalars(
        select(ReleaseValue.values)
        .join(Release, Release.id == ReleaseValue.release_id)
        .where(
            Release.authority_id == scope.authority_id,
            Release.as_at.between(term.last_day - COMPARED_WITHIN, term.last_day + COMPARED_WITHIN),
        )
        .order_by(Release.as_at)
    )
    sets = [frozenset(uuid.UUID(key) for key in values["schools"]) for values in near]
    return [schools for schools in sets if schools]


def _figures(
    scope: AuthorityScope, schools: tuple[uuid.UUID, ...], standings: Sequence[SectionStanding], term: Term
) -> Figures:
    as_at = term.last_day
    volumes = {each.school_id: each for each in referral_volumes(scope, terms=[term], as_at=as_at)}
    counted = [volumes[school] for school in schools if volumes[school].pupils]
    courses = db.session.execute(select(Course.key, Course.title, Course.audience).order_by(Course.position)).all()
    documents = db.session.execute(
        select(Document.key, Document.title, Document.audience).order_by(Document.position)
    ).all()
    return Figures(
        schools=schools,
        plan=_plan_figures(schools, standings),
        training=_coverage_figures(schools, training_coverage(scope, as_at=as_at), courses),
        reading=_coverage_figures(schools, reading_coverage(scope, as_at=as_at), documents),
        referrals=ReferralFigures(
            referrals=tuple(each.referrals for each in counted), pupils=tuple(each.pupils or 0 for each in counted)
        ),
    )


def _plan_figures(
    schools: tuple[uuid.UUID, ...], standings: Sequence[SectionStanding]
) -> dict[Theme, tuple[SectionCounts, ...]]:
    by_theme = {(each.theme, each.school_id): each.counts for each in standings}
    return {theme: tuple(by_theme.get((theme, school), SectionCounts()) for school in schools) for theme in Theme}


def _coverage_figures(
    schools: tuple[uuid.UUID, ...], coverage: Sequence[Coverage], subjects: Sequence[Any]
) -> tuple[CoverageFigures, ...]:
    by_key = {(each.key, each.school_id): (each.numerator, each.denominator) for each in coverage}
    return tuple(
        CoverageFigures(
            title=subject.title,
            audience=frozenset(subject.audience),
            by_school=tuple(by_key.get((subject.key, school), (0, 0)) for school in schools),
        )
        for subject in subjects
    )


def _values(figures: Figures) -> dict[str, Any]:
    """What stands behind the release, for checking later ones against it. Only the worker can read it."""
    return {
        "schools": [str(school) for school in figures.schools],
        "plan": {theme: [vars(counts) for counts in by_school] for theme, by_school in figures.plan.items()},
        "training": {each.title: each.by_school for each in figures.training},
        "reading": {each.title: each.by_school for each in figures.reading},
        "referrals": vars(figures.referrals),
    }


def _freeze(
    scope: AuthorityScope, *, term: Term, content: ProtectedRelease, values: dict[str, Any], report: dict[str, Any]
) -> uuid.UUID | None:
    files = {TABLES_FILE: ("application/json", content.to_json())}
    for table in content.tables:
        files[table.file_name] = ("text/csv; charset=utf-8", csv_bytes(table.columns, table.lines()))
    authority = db.session.get_one(LocalAuthority, scope.authority_id)
    release_id: uuid.UUID | None = db.session.scalar(
        insert(Release)
        .values(
            authority_id=authority.id,
            authority_name=authority.name,
            term=term.key,
            title=term.title,
            as_at=term.last_day,
            period_from=term.first_day,
            period_until=term.last_day,
            published_at=datetime.now(UTC),
            code_version=RULES_VERSION,
            sha256=_sha256_of(files),
        )
        .on_conflict_do_nothing(index_elements=["authority_id", "term"])
        .returning(Release.id)
    )
    if release_id is None:  # another worker was faster
        return None
    for name, (media_type, body) in files.items():
        db.session.add(
            ReleaseFile(
                release_id=release_id,
                authority_id=authority.id,
                name=name,
                media_type=media_type,
                body=body,
                sha256=hashlib.sha256(body).hexdigest(),
            )
        )
    db.session.add(ReleaseValue(release_id=release_id, authority_id=authority.id, values=values, audit=report))
    db.session.flush()
    return release_id


def _sha256_of(files: dict[str, tuple[str, bytes]]) -> str:
    """Over each file's own digest, in the order of their names."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(hashlib.sha256(files[name][1]).digest())
    return digest.hexdigest()
