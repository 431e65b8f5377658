"""Adds up the releases of a group of authorities, such as a region. Runs as the worker, for the platform.

The group's numbers are sums of the very numbers that the authorities' releases were made of, schools and terms as they were
in them. All of these releases are facts of one system with the group's: what an authority's release hides cannot be worked
out from the group's total and the other authorities' numbers. Only totals over the group are given.
"""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.tenancy import PlatformScope, require_bound
from tenants.calendar.rules import Season, Term
from tenants.insights.disclosure.catalogue import Catalogue, CatalogueTable, catalogue
from tenants.insights.disclosure.checking import check
from tenants.insights.disclosure.drafting import must_be_over
from tenants.insights.disclosure.gather import Figures
from tenants.insights.disclosure.groups import FEWEST
from tenants.insights.disclosure.ledger import Out, linked_releases, same_year
from tenants.insights.disclosure.models import ReleaseGroup
from tenants.insights.disclosure.storing import Owner, is_taken, store_draft
from tenants.insights.disclosure.system import AREA, Layout
from tenants.insights.disclosure.types import ProtectedCell, ProtectedRow, ProtectedTable, ReleaseRules
from tenants.insights.disclosure.writing import count_cell
from tenants.organisations.models import LocalAuthority

ONCE_A_YEAR = "Referrals are added up once a year, with the summer term’s release."
_COARSER = (
    "An authority’s release may give a phase with few schools together with the last one; its schools are in the last one"
    " here too."
)


class TooFewReleases(ValueError):
    """A group's release needs those of enough of its authorities; the message says how many there are."""


def make_group_draft(
    scope: PlatformScope, *, group_id: uuid.UUID, term: Term, rules: ReleaseRules, today: date
) -> uuid.UUID | None:
    """Drafts the group's release of a term from those of its authorities that are out and stand.

    Returns the draft's id, or none when one awaits review or is out. Flushes. Raises LookupError for no such group,
    TermNotOver before the term's end, and TooFewReleases.
    """
    require_bound(scope)
    must_be_over(term, today)
    group = db.session.get(ReleaseGroup, group_id)
    if group is None:
        raise LookupError("There is no such group.")
    owner = Owner(group.name, None, group.id)
    if is_taken(owner, term.key):
        return None
    places = _authorities(group.authorities)
    linked = linked_releases(group.authorities)
    out = {key: _of_term(linked, key, term) for key in places}
    there = {key: each for key, each in out.items() if each is not None}
    if len(there) < FEWEST:
        raise TooFewReleases(
            f"{len(there)} of the {len(places)} authorities have a release of the {term.title.lower()}"
            f" that is out; at least {FEWEST} are needed."
        )
    codes = {key: places[key].code for key in there}
    figures = added_up({codes[key]: each.figures for key, each in there.items()})
    before = _earlier_terms(linked, codes, term)
    data = catalogue()
    layout = Layout(data, figures, before, rules, area=f"group-{group_id.hex[-12:]}", codes=sorted(codes.values()))
    tables = _tables(data, term, [each.figures for each in there.values()])
    checked = check(layout, tables, linked)
    return store_draft(
        replace(owner, authorities=tuple(sorted(there))),
        key=term.key,
        title=term.title,
        term=term,
        layout=layout,
        tables=tables,
        checked=checked,
        before=[each for each in linked if each.owner == group_id],
        more=(_who_is_in_it(places, there),),
        waiting=() if term.season is Season.SUMMER else (("Referrals", ONCE_A_YEAR),),
    )


def _authorities(keys: Sequence[uuid.UUID]) -> dict[uuid.UUID, LocalAuthority]:
    """By id, in the order of their names."""
    rows = db.session.scalars(
        select(LocalAuthority).where(LocalAuthority.id.in_(keys)).order_by(LocalAuthority.name)
    ).all()
    db.session.expunge_all()  # the ledger is read in other scopes, which forget what was read in this one
    return {row.id: row for row in rows}


def _of_term(linked: Sequence[Out], authority_id: uuid.UUID, term: Term) -> Out | None:
    """The authority's release of the term, if it stands and enough schools were in it."""
    mine = (each for each in linked if each.owner == authority_id and each.term == term.key)
    return next((each for each in mine if each.standing and each.figures.classes), None)


def _earlier_terms(linked: Sequence[Out], codes: Mapping[uuid.UUID, str], term: Term) -> list[Figures]:
    """The earlier terms of the year, for the summer's release, which adds referrals up; oldest first."""
    if term.season is not Season.SUMMER:
        return []
    by_term: dict[str, dict[str, Figures]] = {}
    for key, code in codes.items():
        for figures in same_year([each for each in linked if each.owner == key], term):
            if figures.classes:
                by_term.setdefault(figures.term, {})[code] = figures
    return sorted((added_up(each) for each in by_term.values()), key=lambda each: each.as_at)


def added_up(by_code: Mapping[str, Figures]) -> Figures:
    """The figures of several authorities as one, each school with its authority's code among its classes."""
    every = list(by_code.values())

    def joined(name: str) -> dict[str, Any]:
        """By subject and school, or by school alone."""
        found: dict[str, Any] = {}
        for figures in every:
            for key, each in getattr(figures, name).items():
                found[key] = found.get(key, {}) | each if isinstance(each, dict) else each
        return found

    return Figures(
        term=every[0].term,
        as_at=every[0].as_at,
        classes={s: at | {AREA: code} for code, each in by_code.items() for s, at in each.classes.items()},
        open_schools=dict(sum((Counter(each.open_schools) for each in every), Counter[str]())),
        sections=joined("sections"),
        training=joined("training"),
        reading=joined("reading"),
        posts=joined("posts"),
        overdue=joined("overdue"),
        referrals=joined("referrals"),
        pupils=joined("pupils"),
        titles=joined("titles"),
        audiences=joined("audiences"),
        concerns=list(dict.fromkeys(key for each in every for key in each.concerns)),
    )


def _tables(data: Catalogue, term: Term, figures: Sequence[Figures]) -> tuple[CatalogueTable, ...]:
    """Without types of school where some authority's release does not tell them apart, and referrals once a year."""
    tells_kinds = all(len({at["kind"] for at in each.classes.values()}) > 1 for each in figures)
    return tuple(
        table
        for table in data.without(())
        if (tells_kinds or "kind" not in table.by)
        and (term.season is Season.SUMMER or not table.subject.startswith("referral"))
    )


def _who_is_in_it(places: Mapping[uuid.UUID, LocalAuthority], there: Mapping[uuid.UUID, Out]) -> ProtectedTable:
    """The group's authorities with how many of their schools are in it, as their own releases say."""
    rows = []
    for key, authority in places.items():
        out = there.get(key)
        if out is None:
            cells = (ProtectedCell("no release"), ProtectedCell("no release"))
        else:
            cells = (count_cell(sum(out.figures.open_schools.values())), count_cell(len(out.figures.classes)))
        rows.append(ProtectedRow(authority.name, cells))
    columns = ("Authority", "Schools open", "Schools in this release")
    caption = "Authorities of the group, and how many of their schools are in this release"
    return ProtectedTable("authorities", "Authorities", caption, columns, tuple(rows), note=_COARSER)
