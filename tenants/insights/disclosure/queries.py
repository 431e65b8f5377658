"""Reads of releases, for the authority's pages. They take the authority's own session, not the application's."""

import hashlib
import json
import uuid
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from prevent_trust.tenancy import AuthorityScope
from tenants.insights.disclosure.models import Release, ReleaseFile
from tenants.insights.disclosure.types import (
    FIGURES_FILE,
    TABLES_FILE,
    ProtectedRelease,
    PublishedRelease,
    ReleaseSummary,
)

_SUMMARY = (
    Release.id,
    Release.title,
    Release.term,
    Release.as_at,
    Release.period_from,
    Release.period_until,
    Release.published_at,
    Release.code_version,
    Release.sha256,
    Release.withdrawn_at,
    Release.withdrawal_note,
    Release.authority_name,
    Release.group_id.is_not(None).label("is_of_group"),
)


def _readable(scope: AuthorityScope) -> ColumnElement[bool]:
    """Releases of the authority's own, and of groups that added its schools up."""
    return or_(Release.authority_id == scope.authority_id, Release.authorities.contains([scope.authority_id]))


class ReleaseDamaged(RuntimeError):
    """The stored bytes are not those that were frozen."""


def release_list(session: Session, scope: AuthorityScope) -> list[ReleaseSummary]:
    """The authority's releases and those of groups it is in, newest first; withdrawn ones too, with their notes."""
    rows = session.execute(
        select(*_SUMMARY).where(_readable(scope)).order_by(Release.as_at.desc(), Release.published_at.desc())
    )
    return [ReleaseSummary(*row) for row in rows]


def release_summary(session: Session, scope: AuthorityScope, release_id: uuid.UUID) -> ReleaseSummary | None:
    row = session.execute(select(*_SUMMARY).where(_readable(scope), Release.id == release_id)).one_or_none()
    return ReleaseSummary(*row) if row else None


def latest_release(session: Session, scope: AuthorityScope) -> PublishedRelease | None:
    """The authority's standing release of the latest term; none when there is none yet. Tables asked for are none of it."""
    release_id = session.scalar(
        select(Release.id)
        .where(
            Release.authority_id == scope.authority_id,
            Release.withdrawn_at.is_(None),
            Release.term.not_like("request-%"),
        )
        .order_by(Release.as_at.desc())
        .limit(1)
    )
    return published_release(session, scope, release_id) if release_id else None


def published_release(session: Session, scope: AuthorityScope, release_id: uuid.UUID) -> PublishedRelease | None:
    """A standing release of the authority with its tables; none when it has no such release, or has withdrawn it."""
    row = session.execute(
        select(*_SUMMARY).where(_readable(scope), Release.id == release_id, Release.withdrawn_at.is_(None))
    ).one_or_none()
    body = release_file(session, scope, release_id, TABLES_FILE)
    if row is None or body is None:
        return None
    names = session.scalars(
        select(ReleaseFile.name)
        .join(Release, Release.id == ReleaseFile.release_id)
        .where(_readable(scope), ReleaseFile.release_id == release_id)
        .order_by(ReleaseFile.name)
    )
    return PublishedRelease(ReleaseSummary(*row), row.authority_name, ProtectedRelease.from_json(body), tuple(names))


def release_figures(session: Session, scope: AuthorityScope, release_id: uuid.UUID) -> list[dict[str, Any]]:
    """The release's figures as they were drawn when it was made, in its order; none for one without."""
    body = release_file(session, scope, release_id, FIGURES_FILE)
    return json.loads(body) if body else []


def release_file(session: Session, scope: AuthorityScope, release_id: uuid.UUID, name: str) -> bytes | None:
    """The bytes of a file as they were frozen; none when the authority has no such file, or has withdrawn it.

    Raises ReleaseDamaged when they are not the bytes that were frozen.
    """
    row = session.execute(
        select(ReleaseFile.body, ReleaseFile.sha256)
        .join(Release, Release.id == ReleaseFile.release_id)
        .where(
            _readable(scope),
            ReleaseFile.release_id == release_id,
            ReleaseFile.name == name,
            Release.withdrawn_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        return None
    if hashlib.sha256(row.body).hexdigest() != row.sha256:
        raise ReleaseDamaged(f"{name} of release {release_id}")
    return bytes(row.body)
