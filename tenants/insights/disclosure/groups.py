"""Groups of authorities, as a publisher keeps them: which authorities, and which of their releases are out."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.tenancy import PlatformScope, require_bound
from tenants.access.actions import record_act
from tenants.calendar.rules import Term
from tenants.insights.disclosure.models import DraftState, ReleaseDraft, ReleaseGroup
from tenants.organisations.models import LocalAuthority

FEWEST = 3  # authorities: of two, each would know the other's numbers


class NotAGroup(ValueError):
    """A group that cannot be; the message says why and what to do."""


@dataclass(frozen=True)
class Member:
    """An authority of a group, and whether its release of a term is out and stands."""

    id: uuid.UUID
    name: str
    is_out: bool


def groups(scope: PlatformScope) -> list[ReleaseGroup]:
    """All groups, by name."""
    require_bound(scope)
    return list(db.session.scalars(select(ReleaseGroup).order_by(ReleaseGroup.name)))


def group_by_id(scope: PlatformScope, group_id: uuid.UUID) -> ReleaseGroup | None:
    require_bound(scope)
    return db.session.get(ReleaseGroup, group_id)


def members(scope: PlatformScope, group: ReleaseGroup, *, term: Term) -> list[Member]:
    """The group's authorities by name."""
    require_bound(scope)
    out = _out(group.authorities, term)
    rows = db.session.execute(
        select(LocalAuthority.id, LocalAuthority.name)
        .where(LocalAuthority.id.in_(group.authorities))
        .order_by(LocalAuthority.name)
    )
    return [Member(row.id, row.name, row.id in out) for row in rows]


def groups_ready(scope: PlatformScope, *, term: Term) -> list[ReleaseGroup]:
    """The groups whose authorities' releases of the term are all out and stand. Two queries."""
    found = groups(scope)
    out = _out({key for group in found for key in group.authorities}, term)
    return [group for group in found if len(group.authorities) >= FEWEST and set(group.authorities) <= out]


def _out(authorities: Collection[uuid.UUID], term: Term) -> set[uuid.UUID]:
    rows = db.session.scalars(
        select(ReleaseDraft.authority_id).where(
            ReleaseDraft.authority_id.in_(authorities),
            ReleaseDraft.term == term.key,
            ReleaseDraft.state == DraftState.PUBLISHED,
            ReleaseDraft.withdrawal_note.is_(None),
        )
    )
    return {key for key in rows if key is not None}


def save_group(
    scope: PlatformScope,
    *,
    group_id: uuid.UUID | None,
    name: str,
    authorities: Collection[uuid.UUID],
    account_id: uuid.UUID,
) -> ReleaseGroup:
    """A new group, or another name or other authorities for one. What is out stays as it is. Raises NotAGroup. Flushes."""
    require_bound(scope)
    name = name.strip()
    if not name:
        raise NotAGroup("Enter what the group is called, for example a region.")
    if len(set(authorities)) < FEWEST:
        raise NotAGroup(f"Choose at least {FEWEST} authorities: of two, each would know the other’s numbers.")
    taken = db.session.scalar(select(ReleaseGroup.id).where(ReleaseGroup.name == name))
    if taken is not None and taken != group_id:
        raise NotAGroup("There is a group of that name already. Choose another name, or change that group.")
    group = db.session.get(ReleaseGroup, group_id) if group_id else ReleaseGroup()
    if group is None:
        raise LookupError("There is no such group.")
    group.name, group.authorities, group.changed_by = name, sorted(set(authorities)), account_id
    db.session.add(group)
    db.session.flush()
    record_act("release group saved", account_id=account_id, group=str(group.id), authorities=len(group.authorities))
    return group
