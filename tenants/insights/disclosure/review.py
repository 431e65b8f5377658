"""Reads for publishers (the platform's scope), for officers' requests, and for schools: which releases contain their records.

A publisher sees what a draft publishes, hides and why, its audit and its loss; true values of hidden cells are in a table
that the pages' role cannot read.
"""

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Float, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH
from sqlalchemy.orm import defer

from prevent_trust.database import db
from prevent_trust.tenancy import PlatformScope, SchoolScope, TrustScope, require_bound
from tenants.calendar.rules import Term, parse_term
from tenants.insights.disclosure.models import (
    DraftState,
    ReleaseCatalogue,
    ReleaseContribution,
    ReleaseDraft,
    ReleaseDraftFile,
)
from tenants.insights.disclosure.publishing import about
from tenants.insights.disclosure.types import FIGURES_FILE, TABLES_FILE, ProtectedRelease


@dataclass(frozen=True)
class LedgerLine:
    """A draft or release in the ledger, with what it makes known: numbers shown, numbers hidden, the tightest interval."""

    draft: ReleaseDraft
    shown: int
    hidden: int
    tightest: float | None


@dataclass(frozen=True)
class Hidden:
    """A number that has to stay open, as a publisher sees it: in words, why, and all that anybody can know of it.

    `shown_in` are the tables in which it has a place; for one that is in none, `why` says what it is.
    """

    words: str
    shown_in: str
    why: str
    low: float
    high: float | None


@dataclass(frozen=True)
class Complaint:
    """What the audit found of a number, without saying which it would be."""

    words: str
    what: str
    by: str


@dataclass(frozen=True)
class Wanted:
    """Which lines of the ledger. `words` stand in the authority's or group's name, `of` is "authority" or "group"."""

    state: DraftState | None = None
    words: str = ""
    term: str = ""
    of: str = ""


_SHOWN, _HIDDEN = (
    func.jsonb_array_length(func.jsonb_path_query_array(ReleaseDraft.document, literal(path, JSONPATH)))
    for path in ("$.cells.* ? (exists (@.shown))", '$.cells.* ? (@.symbol == "c")')
)
_INTERVAL = func.jsonb_path_query(ReleaseDraft.audit, literal("$.intervals.*", JSONPATH), type_=JSONB).column_valued(
    "interval"
)
_TIGHTEST = (
    select(func.min(_INTERVAL[1].astext.cast(Float) - _INTERVAL[0].astext.cast(Float)))
    .correlate(ReleaseDraft)
    .scalar_subquery()
)
_LINES = select(ReleaseDraft, _SHOWN, _HIDDEN, _TIGHTEST)


def drafts(scope: PlatformScope, wanted: Wanted = Wanted(), *, limit: int, offset: int = 0) -> list[LedgerLine]:
    """The ledger of all authorities and groups, newest first. Documents and reports stay in the database."""
    require_bound(scope)
    heavy = (ReleaseDraft.document, ReleaseDraft.report, ReleaseDraft.audit)
    rows = db.session.execute(
        _LINES.where(*_where(wanted))
        .options(*(defer(each, raiseload=True) for each in heavy))
        .order_by(ReleaseDraft.created_at.desc(), ReleaseDraft.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [LedgerLine(*row) for row in rows]


def count_of_drafts(scope: PlatformScope, wanted: Wanted = Wanted()) -> int:
    require_bound(scope)
    return db.session.scalar(select(func.count()).select_from(ReleaseDraft).where(*_where(wanted))) or 0


def _where(wanted: Wanted) -> list[ColumnElement[bool]]:
    found = [ReleaseDraft.state == wanted.state] if wanted.state else []
    if wanted.words:
        found.append(ReleaseDraft.authority_name.icontains(wanted.words, autoescape=True))
    if wanted.term:
        found.append(ReleaseDraft.term == wanted.term)
    if wanted.of:
        found.append(ReleaseDraft.group_id.is_not(None) if wanted.of == "group" else ReleaseDraft.group_id.is_(None))
    return found


def terms_of_drafts(scope: PlatformScope) -> list[Term]:
    """The terms of which there are drafts, the latest first; tables that were asked for are of none."""
    require_bound(scope)
    rows = db.session.scalars(
        select(ReleaseDraft.term, func.max(ReleaseDraft.as_at))
        .where(ReleaseDraft.term.not_like("request-%"))
        .group_by(ReleaseDraft.term)
        .order_by(func.max(ReleaseDraft.as_at).desc())
    )
    return [parse_term(key) for key in rows]


def drafts_of_group(scope: PlatformScope, group_id: uuid.UUID) -> list[LedgerLine]:
    """A group's drafts and releases, newest first."""
    require_bound(scope)
    rows = db.session.execute(
        _LINES.where(ReleaseDraft.group_id == group_id).order_by(ReleaseDraft.created_at.desc(), ReleaseDraft.id.desc())
    )
    return [LedgerLine(*row) for row in rows]


def draft_by_id(scope: PlatformScope, draft_id: uuid.UUID) -> LedgerLine | None:
    require_bound(scope)
    row = db.session.execute(_LINES.where(ReleaseDraft.id == draft_id)).one_or_none()
    return LedgerLine(*row) if row else None


def earlier_releases(scope: PlatformScope, draft: ReleaseDraft) -> list[ReleaseDraft]:
    """What is out of the draft's authorities and group, with which the draft was checked together; oldest first."""
    require_bound(scope)
    return list(
        db.session.scalars(
            select(ReleaseDraft)
            .where(
                or_(
                    ReleaseDraft.authority_id.in_(about(draft)),
                    ReleaseDraft.authorities.overlap(about(draft)),
                ),
                ReleaseDraft.state == DraftState.PUBLISHED,
                ReleaseDraft.id != draft.id,
                ReleaseDraft.decided_at < func.coalesce(draft.decided_at, func.now()),
            )
            .order_by(ReleaseDraft.decided_at)
        )
    )


# Of the protector's reasons; for the publisher alone.
_WHY = {
    "small": "Small",
    "contributors": "From too few schools",
    "dominance": "Nearly all of it is one school’s",
    "all of them": "Would say the same of everybody in it",
    "insider": "Small for a school that takes its own part away",
    "secondary": "So that another cannot be worked out",
}


def hidden_cells(draft: ReleaseDraft) -> list[Hidden]:
    """Every hidden number of a draft, in the order of its words. Why it is, is for the publisher alone."""
    why: dict[str, str] = draft.report.get("why", {})
    return _sorted(_hidden(draft, key, _WHY.get(reason, reason)) for key, reason in why.items())


def unseen_cells(draft: ReleaseDraft) -> list[Hidden]:
    """Numbers that no table shows and that have to stay open all the same; `why` says what each is."""
    unseen: list[str] = draft.report.get("unseen", [])
    return _sorted(_hidden(draft, key, _named(draft, key)["what"]) for key in unseen)


def _sorted(found: Iterable[Hidden]) -> list[Hidden]:
    return sorted(found, key=lambda each: each.words)


def _named(draft: ReleaseDraft, key: str) -> dict[str, Any]:
    """Drafts of before numbers had names have their keys."""
    found: dict[str, Any] = draft.report.get("names", {}).get(key, {"words": key, "shown_in": [], "what": ""})
    return found


def _hidden(draft: ReleaseDraft, key: str, why: str) -> Hidden:
    named, intervals = _named(draft, key), draft.audit.get("intervals", {})
    low, high = intervals.get(key, [0.0, None])
    shown_in = ", ".join(named["shown_in"]) or named["what"]
    return Hidden(named["words"], shown_in, why, low or 0.0, high)


def complaints(draft: ReleaseDraft) -> list[Complaint]:
    """What the audit found, for a draft that it refused."""
    return [
        Complaint(
            _named(draft, each["cell"])["words"],
            each["what"],
            "A school that knows its own part" if each["attacker"] else "Anybody",
        )
        for each in draft.audit.get("problems", [])
    ]


def preview(
    scope: PlatformScope, draft_id: uuid.UUID
) -> tuple[ProtectedRelease, list[dict[str, Any]], list[str]] | None:
    """The draft's tables, figures and files as its readers will get them; none for one that was refused."""
    require_bound(scope)
    tables, figures = (draft_file(scope, draft_id, name) for name in (TABLES_FILE, FIGURES_FILE))
    if tables is None or figures is None:
        return None
    names = db.session.scalars(
        select(ReleaseDraftFile.name).where(ReleaseDraftFile.draft_id == draft_id).order_by(ReleaseDraftFile.name)
    )
    return ProtectedRelease.from_json(tables[0]), json.loads(figures[0]), list(names)


def draft_file(scope: PlatformScope, draft_id: uuid.UUID, name: str) -> tuple[bytes, str] | None:
    """A draft's file and its media type."""
    require_bound(scope)
    row = db.session.execute(
        select(ReleaseDraftFile.body, ReleaseDraftFile.media_type).where(
            ReleaseDraftFile.draft_id == draft_id, ReleaseDraftFile.name == name
        )
    ).one_or_none()
    return (bytes(row.body), row.media_type) if row else None


def left_out_by(scope: PlatformScope, authority_id: uuid.UUID) -> list[str]:
    require_bound(scope)
    query = select(ReleaseCatalogue.left_out).where(ReleaseCatalogue.authority_id == authority_id)
    return db.session.scalar(query) or []


def releases_with(scope: SchoolScope | TrustScope) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """(authority, release) of every release with records of the scope's schools. Row-level security decides which."""
    require_bound(scope)
    rows = db.session.execute(
        select(ReleaseContribution.authority_id, ReleaseContribution.release_id).order_by(
            ReleaseContribution.created_at.desc()
        )
    )
    return [(row.authority_id, row.release_id) for row in rows]
