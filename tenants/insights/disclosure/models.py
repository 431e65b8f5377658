"""Releases: what an authority's officers may see. Frozen when made; what is served are the stored bytes.

The database role behind the authority's pages may read `release` and `release_file` and nothing else;
`release_value` holds what stands behind the hidden cells and is the worker's alone.
"""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from prevent_trust.database import Record


class Release(Record):
    __tablename__ = "release"

    authority_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("local_authority.id"))
    authority_name: Mapped[str]
    term: Mapped[str]  # e.g. 2026-27-autumn
    title: Mapped[str]
    as_at: Mapped[date]
    period_from: Mapped[date]
    period_until: Mapped[date]
    published_at: Mapped[datetime]
    code_version: Mapped[str]
    sha256: Mapped[str]  # over the files, in the order of their names

    files: Mapped[list["ReleaseFile"]] = relationship(order_by="ReleaseFile.name")

    __table_args__ = (UniqueConstraint("authority_id", "term"),)


class ReleaseFile(Record):
    __tablename__ = "release_file"

    release_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("release.id"))
    authority_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("local_authority.id"))
    name: Mapped[str]
    media_type: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[str]

    __table_args__ = (UniqueConstraint("release_id", "name"),)


class ReleaseValue(Record):
    """The true values behind a release, kept so that later releases can be checked against it."""

    __tablename__ = "release_value"

    release_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("release.id"), unique=True)
    authority_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("local_authority.id"))
    values: Mapped[dict[str, Any]]
    audit: Mapped[dict[str, Any]]
