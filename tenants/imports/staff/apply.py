"""What a staff list would change at a school, and making it so.

People are matched by staff code, then by e-mail address, then by whole name where exactly one has it. What is the same
is not written, so that the same list twice changes nothing. Nobody is deleted: who is not in a complete list becomes a
leaver.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import selectinload

from prevent_trust.database import db, new_id
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.imports.staff.reader import StaffRow
from tenants.imports.tabular.table import Rejection
from tenants.staff.actions import end_role
from tenants.staff.models import STAFF_ROLE_NAMES, StaffMember, StaffRole, StaffRoleHeld

# Roles that a list of posts does not know about; a list that says nothing of them does not take them away.
KEPT_ROLES = {StaffRole.PREVENT_LEAD, StaffRole.DSL, StaffRole.DEPUTY_DSL, StaffRole.GOVERNOR, StaffRole.LINK_GOVERNOR}


@dataclass(frozen=True)
class StaffChange:
    """A person who is there already, with what would change, in words."""

    staff_id: uuid.UUID
    name: str
    changes: tuple[str, ...]
    values: dict[str, Any] = field(default_factory=dict)
    roles_begun: frozenset[StaffRole] = frozenset()
    roles_ended: frozenset[StaffRole] = frozenset()


@dataclass
class StaffPlan:
    """What a list would change. `unclear` are rows that might be two people here; they are not applied."""

    joiners: list[StaffRow] = field(default_factory=list)
    changes: list[StaffChange] = field(default_factory=list)
    leavers: list[StaffChange] = field(default_factory=list)
    unclear: list[Rejection] = field(default_factory=list)
    unchanged: int = 0

    @property
    def changed(self) -> int:
        return len(self.joiners) + len(self.changes) + len(self.leavers)

    def counts(self) -> dict[str, int]:
        return {
            "joiners": len(self.joiners),
            "changes": len(self.changes),
            "leavers": len(self.leavers),
            "unclear": len(self.unclear),
            "unchanged": self.unchanged,
        }


def plan_staff_import(scope: SchoolScope, rows: Iterable[StaffRow], *, complete: bool, as_at: date) -> StaffPlan:
    """Compares a list with the school's staff. With `complete`, staff who are not in it become leavers as of the day.

    Three queries, whatever the number of rows.
    """
    require_bound(scope)
    staff = db.session.scalars(
        select(StaffMember).where(StaffMember.school_id == scope.school_id).options(selectinload(StaffMember.roles))
    ).all()
    plan = StaffPlan()
    index = _Index(staff)
    seen: set[uuid.UUID] = set()
    for row in rows:
        candidates = [member for member in index.candidates(row) if member.id not in seen]
        if len(candidates) > 1:
            plan.unclear.append(_unclear(row, candidates))
        elif not candidates:
            plan.joiners.append(row)
        else:
            seen.add(candidates[0].id)
            _compare(plan, candidates[0], row, as_at)
    if complete:
        unclear_names = {rejection.value for rejection in plan.unclear}
        for member in staff:
            has_left = member.leaves_on is not None and member.leaves_on < as_at
            if member.id not in seen and not has_left and member.full_name not in unclear_names:
                plan.leavers.append(_leaver(member, as_at))
    return plan


class _Index:
    """The school's staff by what a list can know them by."""

    def __init__(self, staff: Iterable[StaffMember]) -> None:
        self._by_code: dict[str, StaffMember] = {}
        self._by_email: dict[str, list[StaffMember]] = defaultdict(list)
        self._by_name: dict[str, list[StaffMember]] = defaultdict(list)
        for member in staff:
            if member.staff_code:
                self._by_code[member.staff_code.lower()] = member
            if member.email:
                self._by_email[member.email.lower()].append(member)
            self._by_name[member.full_name.lower()].append(member)

    def candidates(self, row: StaffRow) -> list[StaffMember]:
        if row.staff_code and (member := self._by_code.get(row.staff_code.lower())):
            return [member]
        if row.email and (found := self._by_email.get(row.email.lower())):
            return found
        named = self._by_name.get(row.full_name.lower(), [])
        # Another code or address under the same name is another person, as far as anybody can tell.
        return [
            member
            for member in named
            if not (row.staff_code and member.staff_code) and not (row.email and member.email)
        ]


def _unclear(row: StaffRow, candidates: list[StaffMember]) -> Rejection:
    reason = (
        f"could be {len(candidates)} people here with that name or address. "
        "Give each a staff code on their page, or in the file, and import again."
    )
    return Rejection(row.lines[0], "Name", row.full_name, reason)


def _compare(plan: StaffPlan, member: StaffMember, row: StaffRow, as_at: date) -> None:
    values = {
        name: value
        for name in ("given_name", "family_name", "email", "staff_code", "starts_on", "leaves_on")
        if (value := getattr(row, name)) is not None and value != getattr(member, name)
    }
    if row.leaves_on is None and member.leaves_on is not None and member.leaves_on < as_at:
        values["leaves_on"] = None  # came back
    held = {role.role for role in member.roles if role.until_on is None or role.until_on >= as_at}
    begun = row.roles - held if not row.unknown_roles or row.roles != {StaffRole.SUPPORT} or not held else frozenset()
    ended = frozenset(held - row.roles - KEPT_ROLES) if begun else frozenset()
    if not values and not begun and not ended:
        plan.unchanged += 1
        return
    words = [_words(name, getattr(member, name), value) for name, value in values.items()]
    words += [f"Role added: {STAFF_ROLE_NAMES[role]}" for role in sorted(begun)]
    words += [f"Role ended: {STAFF_ROLE_NAMES[role]}" for role in sorted(ended)]
    plan.changes.append(StaffChange(member.id, member.full_name, tuple(words), values, frozenset(begun), ended))


def _words(name: str, before: Any, after: Any) -> str:
    labels = {
        "given_name": "First name", "family_name": "Surname", "email": "Email", "staff_code": "Staff code",
        "starts_on": "Start date", "leaves_on": "Leaving date",
    }  # fmt: skip
    return f"{labels[name]}: {before or 'none'} becomes {after or 'none'}"


def _leaver(member: StaffMember, as_at: date) -> StaffChange:
    last_day = as_at - timedelta(days=1)
    if member.starts_on and last_day < member.starts_on:
        last_day = member.starts_on
    return StaffChange(
        member.id, member.full_name, (f"Leaves: last day {last_day.isoformat()}",), {"leaves_on": last_day}
    )


def apply_staff_import(scope: SchoolScope, plan: StaffPlan, *, as_at: date) -> dict[str, int]:
    """Writes a plan that was made in the same transaction, in a few statements; returns its counts. Flushes."""
    require_bound(scope)
    _add_joiners(scope, plan.joiners)
    changes = plan.changes + plan.leavers
    rows = [
        {"id": change.staff_id, "school_id": scope.school_id} | change.values for change in changes if change.values
    ]
    by_columns: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_columns[tuple(row)].append(row)
    for group in by_columns.values():
        db.session.execute(update(StaffMember), group)
    _change_roles(scope, changes, as_at)
    db.session.flush()
    return plan.counts()


def _add_joiners(scope: SchoolScope, joiners: list[StaffRow]) -> None:
    if not joiners:
        return
    ids = [new_id() for _ in joiners]
    db.session.execute(
        insert(StaffMember),
        [
            {
                "id": staff_id,
                "school_id": scope.school_id,
                "given_name": row.given_name,
                "family_name": row.family_name,
                "email": row.email,
                "staff_code": row.staff_code,
                "starts_on": row.starts_on,
                "leaves_on": row.leaves_on,
            }
            for staff_id, row in zip(ids, joiners, strict=True)
        ],
    )
    db.session.execute(
        insert(StaffRoleHeld),
        [
            {"school_id": scope.school_id, "staff_id": staff_id, "role": role, "from_on": row.starts_on}
            for staff_id, row in zip(ids, joiners, strict=True)
            for role in sorted(row.roles)
        ],
    )


def _change_roles(scope: SchoolScope, changes: list[StaffChange], as_at: date) -> None:
    begun = [
        {"school_id": scope.school_id, "staff_id": change.staff_id, "role": role, "from_on": as_at}
        for change in changes
        for role in sorted(change.roles_begun)
    ]
    if begun:
        db.session.execute(insert(StaffRoleHeld), begun)
    for role in StaffRole:
        end_role(scope, [change.staff_id for change in changes if role in change.roles_ended], role, as_at=as_at)
