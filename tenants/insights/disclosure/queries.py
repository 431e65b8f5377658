"""Reads of releases, for the authority's pages. They take the authority's own session, not the application's."""

import hashlib
import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from prevent_trust.tenancy import AuthorityScope
from tenants.insights.disclosure.models import Release, ReleaseFile
from tenants.insights.disclosure.types import TABLES_FILE, ProtectedRelease, PublishedRelease, ReleaseSummary

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
)


class ReleaseDamaged(RuntimeError):
    """The stored bytes are not those that were frozen."""


def release_list(session: Session, scope: AuthorityScope) -> list[ReleaseSummary]:
    """The authority's releases, newest first."""
    rows = session.execute(
        select(*_SUMMARY).where(Release.authority_id == scope.authority_id).order_by(Release.as_at.desc())
    )
    return [ReleaseSummary(*row) for row in rows]


def latest_release(session: Session, scope: AuthorityScope) -> PublishedRelease | None:
    """The authority's release with the latest date; none when there is none yet."""
    release_id = session.scalar(
        select(Release.id).where(Release.authority_id == scope.authority_id).order_by(Release.as_at.desc()).limit(1)
    )
    return published_release(session, scope, release_id) if release_id else None


def published_release(session: Session, scope: AuthorityScope, release_id: uuid.UUID) -> PublishedRelease | None:
    """A release of the authority with its tables; none when it has no such release."""
    row = session.execute(
        select(Release.authority_name, *_SUMMARY).where(
            Release.authority_id == scope.authority_id, Release.id == release_id
        )
    ).one_or_none()
    body = release_file(session, scope, release_id, TABLES_FILE)
    if row is None or body is None:
        return None
    return PublishedRelease(ReleaseSummary(*tuple(row)[1:]), row.authority_name, ProtectedRelease.from_json(body))


def release_file(session: Session, scope: AuthorityScope, release_id: uuid.UUID, name: str) -> bytes | None:
    """The bytes of a file as they were frozen; none when the authority has no such file.

    Raises ReleaseDamaged when they are not the bytes that were frozen.
    """
    row = session.execute(
        select(ReleaseFile.body, ReleaseFile.sha256).where(
            ReleaseFile.authority_id == scope.authority_id,
            ReleaseFile.release_id == release_id,
            ReleaseFile.name == name,
        )
    ).one_or_none()
    if row is None:
        return None
    if hashlib.sha256(row.body).hexdigest() != row.sha256:
        raise ReleaseDamaged(f"{name} of release {release_id}")
    return bytes(row.body)
