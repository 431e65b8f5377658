"""Makes the draft of a release: gathers, protects, audits, writes the files. Runs as the worker, in the authority's scope.

The draft is checked together with every release of the authority that is out (the ledger): their documents and true values
are fixed facts of the protector, and the auditor, which never sees a hidden value, has the last word over all documents
together. What either refuses is kept as refused, for the publisher to see why, without files.
"""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from prevent_trust.database import db, new_id
from prevent_trust.tenancy import AuthorityScope, require_bound
from tenants.calendar.rules import Term, academic_year_name, parse_term
from tenants.insights.disclosure.auditor.process import audit_documents
from tenants.insights.disclosure.auditor.types import Audit, Unsound
from tenants.insights.disclosure.catalogue import Catalogue, CatalogueTable, catalogue
from tenants.insights.disclosure.engine.calls import protect
from tenants.insights.disclosure.engine.types import Earlier, FrozenCellChanged, Protected, Refused, Request, Rules
from tenants.insights.disclosure.files import About, files_of
from tenants.insights.disclosure.gather import Figures, gather, open_schools, with_plans
from tenants.insights.disclosure.headlines import headlines
from tenants.insights.disclosure.membership import comparable_schools
from tenants.insights.disclosure.models import (
    LIVE,
    DraftState,
    Release,
    ReleaseCatalogue,
    ReleaseDraft,
    ReleaseDraftFile,
    ReleaseFile,
    ReleaseRequest,
    ReleaseValue,
)
from tenants.insights.disclosure.requests import entry_of, request_term
from tenants.insights.disclosure.system import Layout
from tenants.insights.disclosure.tables import Writer
from tenants.insights.disclosure.types import TABLES_FILE, ProtectedRelease, ReleaseRules
from tenants.insights.measures.compliance import section_standings
from tenants.organisations.models import LocalAuthority, School
from tenants.plan.models import Plan

RULES_VERSION = "suppression-1"
COMPARED_WITHIN = timedelta(days=366)
SECONDS = 120.0  # for the protector; it uses the best pattern found by then only if it verifies


class TermNotOver(ValueError):
    """A release is of a whole term; this one is not over yet."""


@dataclass(frozen=True)
class _Out:
    """A release that is out, as the next one is checked against it."""

    title: str
    term: str
    as_at: date
    standing: bool
    values: dict[str, float]
    for_auditor: dict[str, Any]
    figures: Figures
    content: ProtectedRelease


@dataclass(frozen=True)
class _Checked:
    """What the protector and the auditor say. `done` is none where there is nothing to protect, or it was refused."""

    done: Protected | None
    audit: Audit | None
    problem: str | None

    @property
    def passed(self) -> bool:
        return self.problem is None


def has_plans(scope: AuthorityScope) -> bool:
    """Whether any school in the authority's area has a plan."""
    require_bound(scope)
    return db.session.scalar(select(Plan.id).limit(1)) is not None


def make_draft(scope: AuthorityScope, *, term: Term, rules: ReleaseRules, today: date) -> uuid.UUID | None:
    """Drafts the authority's release for the term. Returns the draft's id, or none when one awaits review or is out.

    Stocks (plans, training, reading, roles) are as at the term's last day, referrals those made in it. Flushes. Raises
    TermNotOver before the term's end.
    """
    require_bound(scope)
    if today <= term.last_day:
        raise TermNotOver(f"{term.title} ends on {term.last_day:%d/%m/%Y}; its release can be made after that.")
    if _is_taken(scope, term.key):
        return None
    ledger = _ledger(scope)
    data = catalogue()
    area = open_schools(scope, term.last_day)
    schools = _schools_of(scope, term, area, ledger, rules)
    before = _same_year(ledger, term)
    phases = sorted({each["phase"] for each in before[0].classes.values()}) if before else None
    figures = gather(scope, term=term, area=area, schools=schools, catalogue=data, phases=phases)
    left_out = db.session.scalar(
        select(ReleaseCatalogue.left_out).where(ReleaseCatalogue.authority_id == scope.authority_id)
    )
    layout = Layout(data, figures, before, rules)
    return _draft(
        scope,
        key=term.key,
        title=term.title,
        term=term,
        layout=layout,
        tables=data.without(left_out or ()),
        ledger=ledger,
    )


def make_requested_draft(scope: AuthorityScope, *, request_id: uuid.UUID, rules: ReleaseRules) -> uuid.UUID | None:
    """Drafts what an officer asked for, from the figures of the term's release as they were. None when there is one already.

    Raises LookupError when the authority has no such request, or the term no release.
    """
    require_bound(scope)
    request = db.session.get(ReleaseRequest, request_id)
    if request is None or request.authority_id != scope.authority_id:
        raise LookupError("The authority has no such request.")
    key = request_term(request.id)
    if _is_taken(scope, key):
        return None
    ledger = _ledger(scope)
    term = parse_term(request.term)
    figures = next((each.figures for each in ledger if each.term == request.term), None)
    if figures is None:
        raise LookupError("The term that was asked for has no release.")
    entry = entry_of(request.subject, request.by)
    layout = Layout(catalogue(), figures, _same_year(ledger, term), rules)
    title = f"{entry.title}, {term.title}, as asked for"
    return _draft(
        scope, key=key, title=title, term=term, layout=layout, tables=(entry,), ledger=ledger, request_id=request.id
    )


def _is_taken(scope: AuthorityScope, key: str) -> bool:
    live = select(ReleaseDraft.id).where(
        ReleaseDraft.authority_id == scope.authority_id, ReleaseDraft.term == key, ReleaseDraft.state.in_(LIVE)
    )
    out = select(Release.id).where(Release.authority_id == scope.authority_id, Release.term == key)
    return db.session.scalar(live.limit(1)) is not None or db.session.scalar(out.limit(1)) is not None


def _ledger(scope: AuthorityScope) -> list[_Out]:
    """Every release of the authority that was ever out, withdrawn ones too: what was known stays known. Oldest first."""
    rows = db.session.execute(
        select(Release, ReleaseValue, ReleaseFile.body)
        .join(ReleaseValue, ReleaseValue.draft_id == Release.draft_id)
        .join(ReleaseFile, ReleaseFile.release_id == Release.id)
        .where(Release.authority_id == scope.authority_id, ReleaseFile.name == TABLES_FILE)
        .order_by(Release.as_at, Release.published_at)
    )
    return [
        _Out(
            title=release.title,
            term=release.term,
            as_at=release.as_at,
            standing=release.withdrawn_at is None,
            values=value.values,
            for_auditor=value.for_auditor,
            figures=Figures.from_json(value.figures),
            content=ProtectedRelease.from_json(body),
        )
        for release, value, body in rows
    ]


def _same_year(ledger: Sequence[_Out], term: Term) -> list[Figures]:
    """The figures of the same academic year's earlier terms that were released."""
    year = academic_year_name(term.year)
    return [each.figures for each in ledger if each.term.startswith(year) and each.as_at < term.last_day]


def _schools_of(
    scope: AuthorityScope, term: Term, area: Sequence[School], ledger: Sequence[_Out], rules: ReleaseRules
) -> frozenset[uuid.UUID]:
    there = with_plans(section_standings(scope, as_at=term.last_day)) & {school.id for school in area}
    near = [
        frozenset(uuid.UUID(key) for key in each.figures.classes)
        for each in ledger
        if each.figures.classes and abs(each.as_at - term.last_day) <= COMPARED_WITHIN
    ]
    schools = comparable_schools(there, near, rules)
    return schools if len(schools) >= rules.schools else frozenset()


def _draft(
    scope: AuthorityScope,
    *,
    key: str,
    title: str,
    term: Term,
    layout: Layout,
    tables: Sequence[CatalogueTable],
    ledger: Sequence[_Out],
    request_id: uuid.UUID | None = None,
) -> uuid.UUID | None:
    checked = _check(layout, tables, ledger)
    draft_id = new_id()
    authority = db.session.get_one(LocalAuthority, scope.authority_id)
    done = checked.done
    found = db.session.scalar(
        insert(ReleaseDraft)
        .values(
            id=draft_id,
            authority_id=authority.id,
            authority_name=authority.name,
            term=key,
            title=title,
            as_at=term.last_day,
            period_from=term.first_day,
            period_until=term.last_day,
            request_id=request_id,
            state=DraftState.AWAITING if checked.passed else DraftState.REFUSED,
            ledger=_releases_out(scope),
            schools=len(layout.figures.classes) or None,
            audit_passed=checked.passed,
            problem=checked.problem,
            document=done.document if done else {},
            report=_report(done),
            audit=checked.audit.report() if checked.audit else {},
            code_version=RULES_VERSION,
        )
        .on_conflict_do_nothing()
        .returning(ReleaseDraft.id)
    )
    if found is None:
        return None
    db.session.add(
        ReleaseValue(
            draft_id=draft_id,
            authority_id=authority.id,
            values=dict(done.values) if done else {},
            for_auditor=done.for_auditor if done else {},
            figures=layout.figures.as_json(),
        )
    )
    if checked.passed:
        content = _content(layout, tables, ledger, done)
        about = About(title, authority.name, term.last_day, RULES_VERSION)
        for name, (media_type, body) in files_of(about, content, done.document if done else {}).items():
            db.session.add(
                ReleaseDraftFile(
                    draft_id=draft_id,
                    authority_id=authority.id,
                    name=name,
                    media_type=media_type,
                    body=body,
                    sha256=hashlib.sha256(body).hexdigest(),
                )
            )
    db.session.flush()
    return draft_id


def _releases_out(scope: AuthorityScope) -> int:
    query = select(func.count()).select_from(Release).where(Release.authority_id == scope.authority_id)
    return db.session.scalar(query) or 0


def _check(layout: Layout, tables: Sequence[CatalogueTable], ledger: Sequence[_Out]) -> _Checked:
    """Protects and audits, each in a process of its own. Whatever goes wrong refuses the draft."""
    if not layout.figures.classes:
        return _Checked(None, None, None)
    for table in tables:
        layout.add(table)
    layout.add_audiences()
    if not layout.measures:
        return _Checked(None, None, None)
    known = [each for each in ledger if each.for_auditor]
    request = Request(
        measures=tuple(layout.measures.values()),
        tables=tuple(layout.tables),
        shares=tuple(layout.shares),
        differences=tuple(layout.differences),
        earlier=tuple(Earlier(each.for_auditor, each.values) for each in known),
        rules=Rules(threshold=layout.rules.count, contributors=layout.rules.contributors),
        seconds=SECONDS,
    )
    try:
        done = protect(request)
    except (Refused, FrozenCellChanged) as told:
        return _Checked(None, None, f"The protector refused: {told}")
    try:
        found = audit_documents([*(each.for_auditor for each in known), done.for_auditor])
    except Unsound as told:
        return _Checked(done, None, f"The documents do not fit together: {told}")
    if not found.passed:
        return _Checked(done, found, f"The audit found {len(found.problems)} numbers that could be worked out.")
    return _Checked(done, found, None)


def _report(done: Protected | None) -> dict[str, Any]:
    """The protector's report, and why each hidden cell is, by its key: for the publisher."""
    if done is None:
        return {}
    why = {key: cell.reason.value for key, cell in done.cells.items() if cell.is_hidden and cell.reason}
    return {**done.report, "why": why}


def _content(
    layout: Layout, tables: Sequence[CatalogueTable], ledger: Sequence[_Out], done: Protected | None
) -> ProtectedRelease:
    data: Catalogue = layout.catalogue
    waiting = tuple((table.title, table.waits) for table in data.tables if table.waits)
    if done is None:
        return ProtectedRelease(None, layout.rules, (), waiting=waiting)
    writer = Writer(layout, done)
    written = tuple(found for entry in tables if (found := writer.table(entry)) is not None)
    before = [(each.title, each.content) for each in ledger if each.standing and not each.term.startswith("request-")]
    return ProtectedRelease(
        schools=len(layout.figures.classes),
        rules=layout.rules,
        tables=written,
        open_schools=sum(layout.figures.open_schools.values()),
        headlines=headlines(written, before),
        waiting=waiting,
    )
