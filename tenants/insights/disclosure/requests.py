"""What officers can ask for beside the catalogue (a subject, by one or two classifications, of a term that is out), and did."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.tenancy import AuthorityScope, PlatformScope, require_bound
from tenants.calendar.rules import parse_term
from tenants.insights.disclosure.catalogue import CatalogueTable
from tenants.insights.disclosure.models import REQUEST_STATE_NAMES, ReleaseDraft, ReleaseRequest
from tenants.organisations.models import LocalAuthority

SUBJECTS = {
    "sections": "Schools by the state of each section of their action plan",
    "training": "Staff who have each course",
    "reading": "Staff who confirmed each document",
    "posts": "Schools by how each role is filled",
    "timeliness": "Schools by how many actions are past their date",
    "filtering-reviews": "Schools by whether filtering and monitoring were reviewed within a year",
    "referrals": "Referrals by term",
}
CLASSIFICATIONS = {"phase": "Phase", "kind": "Type of school", "concern": "Type of concern (referrals only)"}


class NotAsked(ValueError):
    """A table that nobody can ask for; the message says why."""


def entry_of(subject: str, by: Sequence[str]) -> CatalogueTable:
    """The table that is asked for, as an entry of a catalogue. Raises NotAsked."""
    if subject not in SUBJECTS:
        raise NotAsked("Choose what the table is to be about.")
    wanted = tuple(key for key in CLASSIFICATIONS if key in by)
    if not wanted:
        raise NotAsked("Choose at least one classification.")
    if "concern" in wanted and subject != "referrals":
        raise NotAsked("Only referrals have a type of concern.")
    if len(wanted) > 2:
        raise NotAsked("Choose at most two classifications: with three, nearly every number would be hidden.")
    order = tuple(key for key in ("concern", "phase", "kind") if key in wanted)
    names = " and ".join(CLASSIFICATIONS[key].partition(" (")[0].lower() for key in order)
    title = SUBJECTS[subject]
    return CatalogueTable(f"asked-{subject}", title, subject, order, f"{title}, by {names}")


def request_term(request_id: uuid.UUID) -> str:
    """What stands in the place of the term for a table that was asked for."""
    return f"request-{request_id.hex[-12:]}"


def ask(
    scope: AuthorityScope, *, account_id: uuid.UUID, term: str, subject: str, by: Sequence[str], purpose: str
) -> ReleaseRequest:
    """An officer's request for a further table. Raises NotAsked for one that cannot be. The term is one that is out."""
    require_bound(scope)
    entry = entry_of(subject, by)
    request = ReleaseRequest(
        authority_id=scope.authority_id,
        asked_by=account_id,
        term=term,
        subject=subject,
        by=list(entry.by),
        purpose=purpose.strip(),
    )
    db.session.add(request)
    db.session.flush()
    return request


@dataclass(frozen=True)
class Asked:
    """A request in words. `draft_id` is the newest draft that was made for it, if any."""

    id: uuid.UUID
    authority_id: uuid.UUID
    authority: str
    title: str
    term: str
    purpose: str
    state: str
    state_name: str
    answer: str | None
    asked_at: Any
    draft_id: uuid.UUID | None

    @property
    def term_title(self) -> str:
        return parse_term(self.term).title


def requests_of(scope: AuthorityScope | PlatformScope) -> list[Asked]:
    """An authority's requests, or all of them for the platform; newest first. Which draft there is, only the platform sees."""
    require_bound(scope)
    latest = (
        select(ReleaseDraft.id)
        .where(ReleaseDraft.request_id == ReleaseRequest.id)
        .order_by(ReleaseDraft.created_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(ReleaseRequest, LocalAuthority.name, latest)
        .join(LocalAuthority, LocalAuthority.id == ReleaseRequest.authority_id)
        .order_by(ReleaseRequest.created_at.desc())
    )
    if isinstance(scope, AuthorityScope):
        query = query.where(ReleaseRequest.authority_id == scope.authority_id)
    return [_asked(request, name, draft_id) for request, name, draft_id in db.session.execute(query)]


def _asked(request: ReleaseRequest, name: str, draft_id: uuid.UUID | None) -> Asked:
    entry = entry_of(request.subject, request.by)
    return Asked(
        request.id,
        request.authority_id,
        name,
        entry.caption,
        request.term,
        request.purpose,
        request.state.value,
        REQUEST_STATE_NAMES[request.state],
        request.answer,
        request.created_at,
        draft_id,
    )


def request_of(scope: PlatformScope, request_id: uuid.UUID) -> Asked | None:
    return next((each for each in requests_of(scope) if each.id == request_id), None)
