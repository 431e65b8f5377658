"""Releases: what an authority's officers may see. Made as a draft, reviewed, frozen; what is served are the stored bytes.

The database role behind the authority's pages may read `release` and `release_file` and nothing else. A draft is for its
publisher, who sees what is published, what is hidden and why, and no hidden value; `release_value` is the worker's alone.
Triggers of migration 0011 keep to the order: only an audited and approved draft becomes a release, and neither changes.
"""

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, UUID
from sqlalchemy.orm import Mapped, mapped_column, relationship

from prevent_trust.database import Record, check, closed_set


class DraftState(StrEnum):
    AWAITING = "awaiting"  # its publisher's review
    REFUSED = "refused"  # by the protector or the auditor
    SENT_BACK = "sent_back"
    OVERTAKEN = "overtaken"  # another release came out since it was checked, or one that it adds up was withdrawn
    APPROVED = "approved"  # and not out yet
    PUBLISHED = "published"


STATE_NAMES = {
    DraftState.AWAITING: "Awaits review",
    DraftState.REFUSED: "Refused by the audit",
    DraftState.SENT_BACK: "Sent back",
    DraftState.OVERTAKEN: "Overtaken, to be made again",
    DraftState.APPROVED: "Approved, about to come out",
    DraftState.PUBLISHED: "Published",
}
LIVE = (DraftState.AWAITING, DraftState.APPROVED, DraftState.PUBLISHED)


class ReleaseGroup(Record):
    """Authorities whose releases are added up, such as a region. Its officers are those of the authorities in it."""

    __tablename__ = "release_group"

    name: Mapped[str] = mapped_column(unique=True)
    authorities: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(UUID()))
    changed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))


ONE_OWNER = "num_nonnulls(authority_id, group_id) = 1"
WITH_AUTHORITIES = "(group_id is null) = (authorities is null)"


class ReleaseDraft(Record):
    """What is to become a release. `term` says of what: a term's key, or `request-` and the request's last twelve digits.

    Of an authority, or of a group: then `authorities` are those whose releases it adds up, and `authority_name` is the
    group's name.
    """

    __tablename__ = "release_draft"

    authority_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("local_authority.id"))
    group_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("release_group.id"))
    authorities: Mapped[list[uuid.UUID] | None] = mapped_column(ARRAY(UUID()))
    authority_name: Mapped[str]
    term: Mapped[str]
    title: Mapped[str]
    as_at: Mapped[date]
    period_from: Mapped[date]
    period_until: Mapped[date]
    request_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("release_request.id"))
    state: Mapped[DraftState] = mapped_column(closed_set(DraftState, "state"))
    ledger: Mapped[int]  # how many releases it was checked against: the authority's, and all that are linked to them
    schools: Mapped[int | None]
    audit_passed: Mapped[bool]
    problem: Mapped[str | None]  # why it was refused
    document: Mapped[dict[str, Any]]  # structure, what is shown and the mask; no hidden value
    report: Mapped[dict[str, Any]]
    audit: Mapped[dict[str, Any]]
    code_version: Mapped[str]
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]  # why it was sent back, or what overtook it
    withdrawal_note: Mapped[str | None]
    withdrawn_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))

    files: Mapped[list["ReleaseDraftFile"]] = relationship(order_by="ReleaseDraftFile.name")

    __table_args__ = (
        check("state not in ('awaiting', 'approved', 'published') or audit_passed", "audited"),
        check("state not in ('approved', 'published') or decided_by is not null", "approved_by_somebody"),
        check("state <> 'sent_back' or coalesce(reason, '') <> ''", "sent_back_with_reason"),
        check(ONE_OWNER, "one_owner"),
        check(WITH_AUTHORITIES, "group_has_authorities"),
        Index(
            "uq_release_draft_live",
            "authority_id",
            "group_id",
            "term",
            unique=True,
            postgresql_where=text("state in ('awaiting', 'approved', 'published')"),
            postgresql_nulls_not_distinct=True,
        ),
    )


class ReleaseDraftFile(Record):
    __tablename__ = "release_draft_file"

    draft_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("release_draft.id"))
    authority_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("local_authority.id"))
    group_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("release_group.id"))
    name: Mapped[str]
    media_type: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[str]

    __table_args__ = (UniqueConstraint("draft_id", "name"), check(ONE_OWNER, "one_owner"))


class ReleaseValue(Record):
    """The true values behind a draft, and what each school adds to them: for checking later releases. The worker's alone."""

    __tablename__ = "release_value"

    draft_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("release_draft.id"), unique=True)
    authority_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("local_authority.id"))
    group_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("release_group.id"))
    values: Mapped[dict[str, Any]]
    for_auditor: Mapped[dict[str, Any]]
    figures: Mapped[dict[str, Any]]

    __table_args__ = (check(ONE_OWNER, "one_owner"),)


class Release(Record):
    """What is out, of an authority or of a group with the authorities that were added up."""

    __tablename__ = "release"

    authority_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("local_authority.id"))
    group_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("release_group.id"))
    authorities: Mapped[list[uuid.UUID] | None] = mapped_column(ARRAY(UUID()))
    authority_name: Mapped[str]
    term: Mapped[str]  # e.g. 2026-27-autumn, or request-…
    title: Mapped[str]
    as_at: Mapped[date]
    period_from: Mapped[date]
    period_until: Mapped[date]
    published_at: Mapped[datetime]
    code_version: Mapped[str]
    sha256: Mapped[str]  # over the files, in the order of their names
    draft_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("release_draft.id"), unique=True)
    withdrawn_at: Mapped[datetime | None]
    withdrawal_note: Mapped[str | None]

    files: Mapped[list["ReleaseFile"]] = relationship(order_by="ReleaseFile.name")

    __table_args__ = (
        UniqueConstraint("authority_id", "group_id", "term", postgresql_nulls_not_distinct=True),
        check(ONE_OWNER, "one_owner"),
        check(WITH_AUTHORITIES, "group_has_authorities"),
        check("(withdrawn_at is null) = (coalesce(withdrawal_note, '') = '')", "withdrawn_with_note"),
    )


class ReleaseFile(Record):
    __tablename__ = "release_file"

    release_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("release.id"))
    authority_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("local_authority.id"))
    group_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("release_group.id"))
    name: Mapped[str]
    media_type: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[str]

    __table_args__ = (UniqueConstraint("release_id", "name"), check(ONE_OWNER, "one_owner"))


class ReleaseContribution(Record):
    """Which of an authority's schools are in a release. A school and its trust find it by this; nobody reads the list."""

    __tablename__ = "release_contribution"

    release_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("release.id"))
    authority_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("local_authority.id"))
    contributors: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(UUID()))

    __table_args__ = (
        UniqueConstraint("release_id", "authority_id"),
        Index("ix_release_contribution_contributors", "contributors", postgresql_using="gin"),
    )


class ReleaseCatalogue(Record):
    """What of the catalogue an authority's releases leave out. An authority without a row has the whole."""

    __tablename__ = "release_catalogue"

    authority_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("local_authority.id"), unique=True)
    left_out: Mapped[list[str]]
    changed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))


class RequestState(StrEnum):
    ASKED = "asked"
    GRANTED = "granted"
    DECLINED = "declined"


REQUEST_STATE_NAMES = {
    RequestState.ASKED: "Waits for an answer",
    RequestState.GRANTED: "Published",
    RequestState.DECLINED: "Declined",
}


class ReleaseRequest(Record):
    """An officer asks for a further table: a subject of the catalogue by one or two classifications, and what it is for."""

    __tablename__ = "release_request"

    authority_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("local_authority.id"))
    asked_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    term: Mapped[str]  # the term whose figures are asked for
    subject: Mapped[str]
    by: Mapped[list[str]]
    purpose: Mapped[str]
    state: Mapped[RequestState] = mapped_column(
        closed_set(RequestState, "state"), default=RequestState.ASKED, server_default="asked"
    )
    answer: Mapped[str | None]
    answered_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    answered_at: Mapped[datetime | None]

    __table_args__ = (
        check("state = 'asked' or answered_by is not null", "answered_by_somebody"),
        check("state <> 'declined' or coalesce(answer, '') <> ''", "declined_with_answer"),
        Index("ix_release_request_authority_id", "authority_id"),
    )
