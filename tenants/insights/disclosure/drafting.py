"""Makes the draft of an authority's release: gathers, protects, audits, writes the files. Runs as the worker, in its scope.

The draft is checked together with every release that is out and can be put together with it (the ledger): their documents
and true values are fixed facts of the protector, and the auditor, which never sees a hidden value, has the last word over
all documents together. What either refuses is kept as refused, for the publisher to see why, without files.
"""

import uuid
from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.tenancy import AuthorityScope, require_bound
from tenants.calendar.rules import Term, parse_term
from tenants.insights.disclosure.catalogue import catalogue
from tenants.insights.disclosure.checking import check
from tenants.insights.disclosure.gather import gather, open_schools, with_plans
from tenants.insights.disclosure.ledger import Out, linked_releases, same_year
from tenants.insights.disclosure.membership import comparable_schools
from tenants.insights.disclosure.models import ReleaseCatalogue, ReleaseRequest
from tenants.insights.disclosure.requests import entry_of, request_term
from tenants.insights.disclosure.storing import Owner, is_taken, store_draft
from tenants.insights.disclosure.system import Layout
from tenants.insights.disclosure.types import ReleaseRules
from tenants.insights.measures.compliance import section_standings
from tenants.organisations.models import LocalAuthority, School
from tenants.plan.models import Plan

COMPARED_WITHIN = timedelta(days=366)


class TermNotOver(ValueError):
    """A release is of a whole term; this one is not over yet."""


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
    must_be_over(term, today)
    owner, code = _owner(scope)
    if is_taken(owner, term.key):
        return None
    linked = linked_releases([scope.authority_id])
    mine = _own(linked, scope)
    data = catalogue()
    area = open_schools(scope, term.last_day)
    schools = _schools_of(scope, term, area, mine, rules)
    before = same_year(mine, term)
    phases = sorted({each["phase"] for each in before[0].classes.values()}) if before else None
    figures = gather(scope, term=term, area=area, schools=schools, catalogue=data, phases=phases)
    left_out = db.session.scalar(
        select(ReleaseCatalogue.left_out).where(ReleaseCatalogue.authority_id == scope.authority_id)
    )
    layout, tables = Layout(data, figures, before, rules, area=code), data.without(left_out or ())
    checked = check(layout, tables, linked)
    return store_draft(
        owner, key=term.key, title=term.title, term=term, layout=layout, tables=tables, checked=checked, before=mine
    )


def must_be_over(term: Term, today: date) -> None:
    """Raises TermNotOver before the term's end."""
    if today <= term.last_day:
        raise TermNotOver(f"{term.title} ends on {term.last_day:%d/%m/%Y}; its release can be made after that.")


def make_requested_draft(scope: AuthorityScope, *, request_id: uuid.UUID, rules: ReleaseRules) -> uuid.UUID | None:
    """Drafts what an officer asked for, from the figures of the term's release as they were. None when there is one already.

    Raises LookupError when the authority has no such request, or the term no release.
    """
    require_bound(scope)
    request = db.session.get(ReleaseRequest, request_id)
    if request is None or request.authority_id != scope.authority_id:
        raise LookupError("The authority has no such request.")
    key, term, entry = request_term(request.id), parse_term(request.term), entry_of(request.subject, request.by)
    owner, code = _owner(scope)
    if is_taken(owner, key):
        return None
    linked = linked_releases([scope.authority_id])
    mine = _own(linked, scope)
    figures = next((each.figures for each in mine if each.term == term.key), None)
    if figures is None:
        raise LookupError("The term that was asked for has no release.")
    layout = Layout(catalogue(), figures, same_year(mine, term), rules, area=code)
    checked = check(layout, (entry,), linked)
    return store_draft(
        owner,
        key=key,
        title=f"{entry.title}, {term.title}, as asked for",
        term=term,
        layout=layout,
        tables=(entry,),
        checked=checked,
        before=mine,
        request_id=request_id,
    )


def _owner(scope: AuthorityScope) -> tuple[Owner, str]:
    authority = db.session.get_one(LocalAuthority, scope.authority_id)
    return Owner(authority.name, authority.id), authority.code


def _own(linked: Sequence[Out], scope: AuthorityScope) -> list[Out]:
    return [each for each in linked if each.owner == scope.authority_id]


def _schools_of(
    scope: AuthorityScope, term: Term, area: Sequence[School], mine: Sequence[Out], rules: ReleaseRules
) -> frozenset[uuid.UUID]:
    there = with_plans(section_standings(scope, as_at=term.last_day)) & {school.id for school in area}
    near = [
        frozenset(uuid.UUID(key) for key in each.figures.classes)
        for each in mine
        if each.figures.classes and abs(each.as_at - term.last_day) <= COMPARED_WITHIN
    ]
    schools = comparable_schools(there, near, rules)
    return schools if len(schools) >= rules.schools else frozenset()
