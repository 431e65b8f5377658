"""Groups of authorities, as a publisher keeps them: which authorities, and which of their releases are out."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.tenancy import PlatformScope, require_bound
from tenants.access.actions import record_act
from tenants.calendar.rules import Term
from tenants.insights.disclosure.models import LIVE, DraftState, ReleaseDraft, ReleaseGroup
from tenants.organisations.models import LocalAuthority

FEWEST = 3
TOO_FEW = f"Choose at least {FEWEST} authorities: of two, each would know the other’s numbers."


class NotAGroup(ValueError):
    """A group that cannot be; the message says why and what to do, `field` what of it is wrong: its name or authorities."""

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


class GroupState(StrEnum):
    """How far a group's release of a term is."""

    WAITING = "waiting"  # for its authorities' releases
    READY = "ready"  # to be drafted
    DRAFTED = "drafted"
    OUT = "out"


GROUP_STATES = {
    GroupState.WAITING: "Waits for its authorities’ releases",
    GroupState.READY: "Can be drafted",
    GroupState.DRAFTED: "Drafted, not out",
    GroupState.OUT: "Out",
}


@dataclass(frozen=True)
class Member:
    """An authority of a group, and whether its release of a term is out and stands."""

    id: uuid.UUID
    name: str
    is_out: bool


@dataclass(frozen=True)
class GroupLine:
    """A group with its authorities by name, and how far its release of a term is."""

    id: uuid.UUID
    name: str
    members: list[Member]
    state: GroupState

    @property
    def out(self) -> int:
        """How many of its authorities have a release of the term that is out and stands."""
        return sum(each.is_out for each in self.members)


def groups(scope: PlatformScope) -> list[ReleaseGroup]:
    """All groups, by name."""
    require_bound(scope)
    return list(db.session.scalars(select(ReleaseGroup).order_by(ReleaseGroup.name)))


def group_by_id(scope: PlatformScope, group_id: uuid.UUID) -> ReleaseGroup | None:
    require_bound(scope)
    return db.session.get(ReleaseGroup, group_id)


def group_lines(
    scope: PlatformScope, *, term: Term, words: str = "", state: GroupState | None = None
) -> list[GroupLine]:
    """The groups by name, of those whose name or an authority of which holds the words. Four queries."""
    lines = _lines(groups(scope), term)
    wanted = words.casefold()
    return [
        line
        for line in lines
        if any(wanted in name.casefold() for name in (line.name, *(each.name for each in line.members)))
        and (state is None or line.state is state)
    ]


def group_line(scope: PlatformScope, group: ReleaseGroup, *, term: Term) -> GroupLine:
    """One group and how far its release of the term is."""
    require_bound(scope)
    return _lines([group], term)[0]


def _lines(found: Sequence[ReleaseGroup], term: Term) -> list[GroupLine]:
    keys = {key for group in found for key in group.authorities}
    out = _out(keys, term)
    states = dict(
        db.session.execute(
            select(ReleaseDraft.group_id, ReleaseDraft.state).where(
                ReleaseDraft.group_id.in_([group.id for group in found]),
                ReleaseDraft.term == term.key,
                ReleaseDraft.state.in_(LIVE),
            )
        ).all()
    )
    named = db.session.execute(
        select(LocalAuthority.id, LocalAuthority.name).where(LocalAuthority.id.in_(keys)).order_by(LocalAuthority.name)
    ).all()
    lines = []
    for group in found:
        inside = [Member(row.id, row.name, row.id in out) for row in named if row.id in group.authorities]
        lines.append(GroupLine(group.id, group.name, inside, _state(states.get(group.id), inside)))
    return lines


def _state(live: DraftState | None, inside: Sequence[Member]) -> GroupState:
    if live:
        return GroupState.OUT if live is DraftState.PUBLISHED else GroupState.DRAFTED
    return GroupState.READY if sum(each.is_out for each in inside) >= FEWEST else GroupState.WAITING


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
        raise NotAGroup("Enter what the group is called, for example a region.", field="name")
    if len(set(authorities)) < FEWEST:
        raise NotAGroup(TOO_FEW, field="authorities")
    taken = db.session.scalar(select(ReleaseGroup.id).where(ReleaseGroup.name == name))
    if taken is not None and taken != group_id:
        raise NotAGroup(
            "There is a group of that name already. Choose another name, or change that group.", field="name"
        )
    group = db.session.get(ReleaseGroup, group_id) if group_id else ReleaseGroup()
    if group is None:
        raise LookupError("There is no such group.")
    group.name, group.authorities, group.changed_by = name, sorted(set(authorities)), account_id
    db.session.add(group)
    db.session.flush()
    record_act("release group saved", account_id=account_id, group=str(group.id), authorities=len(group.authorities))
    return group
