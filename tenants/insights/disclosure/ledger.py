"""The ledger: every release that can be put together with a new one, as facts that the new one is checked against.

Those are an authority's own releases, withdrawn ones too (what was known stays known), and with a group's release those of
all authorities in it. Runs as the worker.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from prevent_trust.database import db
from prevent_trust.tenancy import AuthorityScope, PlatformScope, scope_bound
from tenants.calendar.rules import Term, academic_year_name
from tenants.insights.disclosure.gather import Figures
from tenants.insights.disclosure.models import Release, ReleaseFile, ReleaseValue
from tenants.insights.disclosure.system import AREA, referrals_key
from tenants.insights.disclosure.types import TABLES_FILE, ProtectedRelease
from tenants.organisations.queries import authority_codes


@dataclass(frozen=True)
class Out:
    """A release that is out, as a new one is checked against it. `owner` is the id of its authority or group."""

    owner: uuid.UUID
    title: str
    term: str
    as_at: date
    standing: bool
    values: Mapping[str, float]
    for_auditor: Mapping[str, Any]
    figures: Figures
    content: ProtectedRelease


_ROWS = (
    select(Release, ReleaseValue, ReleaseFile.body)
    .join(ReleaseValue, ReleaseValue.draft_id == Release.draft_id)
    .join(ReleaseFile, ReleaseFile.release_id == Release.id)
    .where(ReleaseFile.name == TABLES_FILE)
    .order_by(Release.as_at, Release.published_at)
)


def linked_releases(authorities: Collection[uuid.UUID]) -> list[Out]:
    """The releases of these authorities, and all that a group's release links with them; of each authority oldest first."""
    with scope_bound(PlatformScope()):
        linked = db.session.scalars(select(func.unnest(func.linked_authorities(_keys(authorities))))).all()
        groups = _read(_ROWS.where(Release.authorities.overlap(_keys(linked))), "")
        codes = authority_codes(linked)
    found = []
    for authority_id in sorted(linked):
        with scope_bound(AuthorityScope(authority_id)):
            found += _read(_ROWS.where(Release.authority_id == authority_id), codes[authority_id])
    return [*found, *groups]


def ledger_size(authorities: Collection[uuid.UUID]) -> int:
    """How many releases a draft about these authorities has to be checked against now. The database counts the same way."""
    return db.session.scalar(select(func.release_ledger(_keys(authorities)))) or 0


def _keys(authorities: Collection[uuid.UUID]) -> Any:
    return literal(list(authorities), ARRAY(UUID()))


def _read(rows: Select[Release, ReleaseValue, bytes], code: str) -> list[Out]:
    return [
        Out(
            owner=_owner(release),
            title=release.title,
            term=release.term,
            as_at=release.as_at,
            standing=release.withdrawn_at is None,
            values=_named(value.values, value.figures["term"], code),
            for_auditor=_with_areas(value.for_auditor, value.figures["term"], code),
            figures=Figures.from_json(value.figures),
            content=ProtectedRelease.from_json(body),
        )
        for release, value, body in db.session.execute(rows)
    ]


def _owner(release: Release) -> uuid.UUID:
    owner = release.authority_id or release.group_id
    assert owner is not None  # noqa: S101  # a constraint sees to it
    return owner


def same_year(releases: Sequence[Out], term: Term) -> list[Figures]:
    """The figures of the same academic year's earlier terms that were released."""
    year = academic_year_name(term.year)
    return [each.figures for each in releases if each.term.startswith(year) and each.as_at < term.last_day]


# The first releases did not say in their cells' keys whose area they are about, nor of which year referrals are.


def _with_areas(document: Mapping[str, Any], term: str, code: str) -> Mapping[str, Any]:
    if not document:
        return document

    def named(key: str) -> str:
        return _name(key, term, code)

    return {
        **document,
        "cells": _named(document["cells"], term, code),
        "sums": [[list(map(named, parts)), named(total)] for parts, total in document["sums"]],
        "sensitive": _named(document["sensitive"], term, code),
        "insiders": [
            each | {"own": _named(each["own"], term, code), "others": _named(each["others"], term, code)}
            for each in document["insiders"]
        ],
        "tables": [each | {"cells": list(map(named, each["cells"]))} for each in document["tables"]],
    }


def _named(cells: Mapping[str, Any], term: str, code: str) -> dict[str, Any]:
    return {_name(key, term, code): each for key, each in cells.items()}


def _name(key: str, term: str, code: str) -> str:
    if f"|{AREA}=" in key:
        return key
    name, _, at = key.partition("|")
    name = referrals_key(term) if name == "referrals" else name
    return "|".join(filter(None, (name, f"{AREA}={code}", at)))
