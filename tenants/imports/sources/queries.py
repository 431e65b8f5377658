"""Reads of sources and their fetchings."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from prevent_trust.database import db
from prevent_trust.tenancy import PlatformScope, SchoolScope, TrustScope, require_bound
from tenants.imports.models import ImportRun
from tenants.imports.sources.models import StaffFetch, StaffFetchPage, StaffSource
from tenants.imports.sources.rules import last_due

Owner = SchoolScope | TrustScope


def owner_columns(scope: Owner) -> dict[str, uuid.UUID]:
    return {"trust_id": scope.trust_id} if isinstance(scope, TrustScope) else {"school_id": scope.school_id}


def _owned(scope: Owner) -> ColumnElement[bool]:
    require_bound(scope)
    if isinstance(scope, TrustScope):
        return StaffSource.trust_id == scope.trust_id
    return StaffSource.school_id == scope.school_id


def sources_of(scope: Owner) -> list[StaffSource]:
    """The school's or the trust's own sources, by name."""
    return list(db.session.scalars(select(StaffSource).where(_owned(scope)).order_by(StaffSource.name)))


def source_of(scope: Owner, source_id: uuid.UUID, *, lock: bool = False) -> StaffSource | None:
    """A source of the school's or the trust's own."""
    query = select(StaffSource).where(_owned(scope), StaffSource.id == source_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return db.session.scalar(query)


def fetches_of(scope: Owner, source_ids: Sequence[uuid.UUID], *, each: int) -> dict[uuid.UUID, list[StaffFetch]]:
    """The last fetchings of each source, the latest first. One query."""
    require_bound(scope)
    place = func.row_number().over(partition_by=StaffFetch.source_id, order_by=StaffFetch.created_at.desc())
    ranked = select(StaffFetch.id, place.label("place")).where(StaffFetch.source_id.in_(source_ids)).subquery()
    found: dict[uuid.UUID, list[StaffFetch]] = defaultdict(list)
    rows = db.session.scalars(
        select(StaffFetch)
        .join(ranked, ranked.c.id == StaffFetch.id)
        .where(ranked.c.place <= each)
        .order_by(StaffFetch.created_at.desc(), StaffFetch.id.desc())
    )
    for fetch in rows:
        found[fetch.source_id].append(fetch)
    return found


def runs_of_fetches(scope: Owner, fetches: Iterable[StaffFetch]) -> dict[uuid.UUID, ImportRun]:
    """The imports that came of fetchings, by their ids: whether one waits for somebody is said by the import. One query."""
    require_bound(scope)
    wanted = [fetch.run_id for fetch in fetches if fetch.run_id]
    return {run.id: run for run in db.session.scalars(select(ImportRun).where(ImportRun.id.in_(wanted)))}


def last_page(scope: Owner, fetch_id: uuid.UUID, part: str) -> StaffFetchPage | None:
    """How far a part of a fetching has come."""
    require_bound(scope)
    return db.session.scalar(
        select(StaffFetchPage)
        .where(StaffFetchPage.fetch_id == fetch_id, StaffFetchPage.part == part)
        .order_by(StaffFetchPage.number.desc())
        .limit(1)
    )


def pages_of(scope: Owner, fetch_id: uuid.UUID) -> list[uuid.UUID]:
    """The pages that are there, in their order."""
    require_bound(scope)
    return list(
        db.session.scalars(
            select(StaffFetchPage.id)
            .where(StaffFetchPage.fetch_id == fetch_id)
            .order_by(StaffFetchPage.part, StaffFetchPage.number)
        )
    )


def due_sources(scope: PlatformScope, now: datetime) -> list[tuple[Owner, uuid.UUID, datetime]]:
    """Every source that is active, with whose it is and when it was last due."""
    require_bound(scope)
    found: list[tuple[Owner, uuid.UUID, datetime]] = []
    for source in db.session.scalars(select(StaffSource).where(StaffSource.active).order_by(StaffSource.id)):
        due = last_due(source, now)
        if due is not None:
            owner: Owner = TrustScope(source.trust_id) if source.trust_id else SchoolScope(source.school_id)  # type: ignore[arg-type]  # one of the two
            found.append((owner, source.id, due))
    return found
