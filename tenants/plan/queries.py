"""Reads of plans: which plan is current, its wording with the answers, one action with its history and evidence."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.access.models import Account
from tenants.plan.models import (
    Edition,
    EditionAction,
    EditionDuty,
    EditionExpectation,
    EditionSection,
    EditionSource,
    Evidence,
    Plan,
    PlanAction,
    PlanAnswer,
    PlanFinding,
    PlanPeriod,
)
from tenants.plan.types import (
    STATUS_NAMES,
    ActionRow,
    Change,
    DutyOutline,
    EvidenceRow,
    ExpectationOutline,
    HistoryEntry,
    SectionOutline,
    role_words,
)
from tenants.staff.models import StaffMember

SOMEBODY = "somebody whose account is gone"
THE_SYSTEM = "the system"

_Columns = tuple[Any, ...]


@dataclass(frozen=True)
class PlanHeader:
    """A plan with what stands over it. `current_from` is when it last became the school's plan."""

    id: uuid.UUID
    edition_id: uuid.UUID
    title: str
    introduction: str
    source: EditionSource
    leftovers: tuple[str, ...]
    current_from: datetime
    current_until: datetime | None

    @property
    def is_imported(self) -> bool:
        return self.source is EditionSource.IMPORTED


def current_plan(scope: SchoolScope, *, at: datetime | None = None) -> PlanHeader | None:
    """The plan that was the school's at a moment, or is now; none when it had none."""
    held = _plans(scope)
    if at is None:
        return _header(held.where(PlanPeriod.current_until.is_(None)))
    until = or_(PlanPeriod.current_until.is_(None), PlanPeriod.current_until > at)
    return _header(held.where(PlanPeriod.current_from <= at, until))


def archived_plans(scope: SchoolScope) -> list[PlanHeader]:
    """Plans that are not the current one, the latest first, each with when it was last current."""
    current = current_plan(scope)
    seen: dict[uuid.UUID, PlanHeader] = {}
    for row in db.session.execute(_plans(scope).order_by(PlanPeriod.current_from.desc())):
        header = _as_header(row)
        if current is None or header.id != current.id:
            seen.setdefault(header.id, header)
    return list(seen.values())


def _plans(scope: SchoolScope) -> Select[*_Columns]:
    require_bound(scope)
    return (
        select(
            Plan.id,
            Edition.id,
            Edition.title,
            Edition.introduction,
            Edition.source,
            Edition.leftovers,
            PlanPeriod.current_from,
            PlanPeriod.current_until,
        )
        .join(PlanPeriod, PlanPeriod.plan_id == Plan.id)
        .join(Edition, Edition.id == Plan.edition_id)
        .where(Plan.school_id == scope.school_id, PlanPeriod.school_id == scope.school_id)
    )


def _header(query: Select[*_Columns]) -> PlanHeader | None:
    row = db.session.execute(query).one_or_none()
    return None if row is None else _as_header(row)


def _as_header(row: Row[*_Columns]) -> PlanHeader:
    plan_id, edition_id, title, introduction, source, leftovers, since, until = row
    return PlanHeader(plan_id, edition_id, title, introduction, source, tuple(leftovers), since, until)


def outline(scope: SchoolScope, plan: PlanHeader, *, at: datetime | None = None) -> list[SectionOutline]:
    """The plan as it is read: sections, duties, expectations and actions with their answers. Two queries."""
    require_bound(scope)
    sections: dict[uuid.UUID, SectionOutline] = {}
    duties: dict[uuid.UUID, DutyOutline] = {}
    expectations: dict[uuid.UUID, ExpectationOutline] = {}
    wording = db.session.execute(
        select(EditionSection, EditionDuty, EditionExpectation)
        .join(EditionDuty, EditionDuty.section_id == EditionSection.id)
        .join(EditionExpectation, EditionExpectation.duty_id == EditionDuty.id)
        .where(EditionSection.edition_id == plan.edition_id)
        .order_by(EditionSection.position, EditionDuty.position, EditionExpectation.position)
    )
    for section, duty, expectation in wording:
        if section.id not in sections:
            sections[section.id] = SectionOutline(section.id, section.key, section.title, section.theme)
        if duty.id not in duties:
            duties[duty.id] = DutyOutline(duty.id, duty.wording)
            sections[section.id].duties.append(duties[duty.id])
        expectations[expectation.id] = ExpectationOutline(expectation.id, expectation.wording, expectation.note)
        duties[duty.id].expectations.append(expectations[expectation.id])
    for action in _action_rows(scope, PlanAction.plan_id == plan.id, at=at):
        expectations[action.expectation_id].actions.append(action)
    return list(sections.values())


@dataclass(frozen=True)
class ActionPage:
    """One action of the current plan with where it stands in it."""

    row: ActionRow
    section: str
    duty: str
    expectation: str
    expectation_note: str
    reference_keys: tuple[str, ...]
    plan_id: uuid.UUID
    removed_at: datetime | None


def action_page(scope: SchoolScope, action_id: uuid.UUID) -> ActionPage | None:
    """An action of any of the school's plans; none when the school has no such action."""
    rows = list(_action_rows(scope, PlanAction.id == action_id, removed=True))
    if not rows:
        return None
    place = db.session.execute(
        select(
            EditionSection.title,
            EditionDuty.wording,
            EditionExpectation.wording,
            EditionExpectation.note,
            EditionAction.reference_keys,
            PlanAction.plan_id,
            PlanAction.removed_at,
        )
        .select_from(PlanAction)
        .join(EditionExpectation, EditionExpectation.id == PlanAction.expectation_id)
        .join(EditionDuty, EditionDuty.id == EditionExpectation.duty_id)
        .join(EditionSection, EditionSection.id == EditionDuty.section_id)
        .outerjoin(EditionAction, EditionAction.id == PlanAction.edition_action_id)
        .where(PlanAction.school_id == scope.school_id, PlanAction.id == action_id)
    ).one()
    return ActionPage(rows[0], *place[:4], tuple(place[4] or ()), place[5], place[6])


def _action_rows(
    scope: SchoolScope, which: ColumnElement[bool], *, at: datetime | None = None, removed: bool = False
) -> list[ActionRow]:
    evidence = (
        select(Evidence.action_id, func.count().label("pieces"))
        .where(Evidence.school_id == scope.school_id, Evidence.removed_at.is_(None))
        .group_by(Evidence.action_id)
        .subquery()
    )
    if at is None:
        answered: ColumnElement[bool] = PlanAnswer.recorded_until.is_(None)
    else:
        until = or_(PlanAnswer.recorded_until.is_(None), PlanAnswer.recorded_until > at)
        answered = and_(PlanAnswer.recorded_from <= at, until)
    query = (
        select(PlanAction, EditionAction, PlanAnswer, StaffMember, func.coalesce(evidence.c.pieces, 0))
        .outerjoin(EditionAction, EditionAction.id == PlanAction.edition_action_id)
        .outerjoin(
            PlanAnswer,
            (PlanAnswer.school_id == PlanAction.school_id) & (PlanAnswer.action_id == PlanAction.id) & answered,
        )
        .outerjoin(
            StaffMember, (StaffMember.school_id == PlanAction.school_id) & (StaffMember.id == PlanAnswer.owner_id)
        )
        .outerjoin(evidence, evidence.c.action_id == PlanAction.id)
        .where(PlanAction.school_id == scope.school_id, which)
        .order_by(PlanAction.position)
    )
    if not removed:
        query = query.where(PlanAction.removed_at.is_(None))
    return [_action_row(*row) for row in db.session.execute(query)]


def _action_row(
    action: PlanAction,
    wording: EditionAction | None,
    answer: PlanAnswer | None,
    owner: StaffMember | None,
    evidence_count: int,
) -> ActionRow:
    return ActionRow(
        id=action.id,
        expectation_id=action.expectation_id,
        position=action.position,
        wording=wording.wording if wording else action.own_wording or "",
        good_looks_like=wording.good_looks_like if wording else "",
        note_beside=wording.note if wording else "",
        roles=tuple(wording.roles if wording else action.own_roles),
        dfe_area=wording.dfe_area if wording else None,
        is_own=wording is None,
        measure=action.measure,
        target_percent=action.target_percent,
        answer_id=answer.id if answer else None,
        note=answer.note if answer else "",
        override_reason=answer.override_reason if answer else None,
        owner_role=answer.owner_role if answer else None,
        owner_id=answer.owner_id if answer else None,
        owner_name=owner.full_name if owner else None,
        due_on=answer.due_on if answer else None,
        evidence_count=evidence_count,
    )


def action_history(scope: SchoolScope, action_id: uuid.UUID) -> list[HistoryEntry]:
    """Who changed what of an action, from what to what, the latest first. Two queries."""
    require_bound(scope)
    owner = aliased(StaffMember)
    rows = db.session.execute(
        select(PlanAnswer, Account.name, owner)
        .outerjoin(Account, Account.id == PlanAnswer.changed_by)
        .outerjoin(owner, (owner.school_id == PlanAnswer.school_id) & (owner.id == PlanAnswer.owner_id))
        .where(PlanAnswer.school_id == scope.school_id, PlanAnswer.action_id == action_id)
        .order_by(PlanAnswer.recorded_from, PlanAnswer.id)
    ).all()
    entries = []
    before: dict[str, str] = {}
    for answer, name, person in rows:
        shown = _shown(answer, person)
        changes = tuple(
            Change(field, before.get(field, ""), value)
            for field, value in shown.items()
            if before and value != before[field]
        )
        if changes:
            entries.append(HistoryEntry(answer.recorded_from, name or SOMEBODY, changes))
        before = shown
    entries += _evidence_history(scope, action_id)
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def _shown(answer: PlanAnswer, owner: StaffMember | None) -> dict[str, str]:
    due = f"{answer.due_on.day} {answer.due_on:%B %Y}" if answer.due_on else ""
    return {
        "Status": STATUS_NAMES[answer.status],
        "Reason for the override": answer.override_reason or "",
        "Role": role_words(answer.owner_role) if answer.owner_role else "",
        "Person": owner.full_name if owner else "",
        "Due date": due,
        "Note": answer.note,
    }


def _evidence_history(scope: SchoolScope, action_id: uuid.UUID) -> list[HistoryEntry]:
    entries = []
    for piece in evidence_of(scope, action_id, removed=True):
        added = Change("Evidence", "", piece.title)
        entries.append(HistoryEntry(piece.added_at, piece.added_by or THE_SYSTEM, (added,)))
        if piece.removed_at:
            gone = Change("Evidence", piece.title, "")
            entries.append(HistoryEntry(piece.removed_at, piece.removed_by or THE_SYSTEM, (gone,)))
    return entries


def evidence_of(scope: SchoolScope, action_id: uuid.UUID, *, removed: bool = False) -> list[EvidenceRow]:
    """The evidence of an action, the latest first; with `removed`, what was taken out of view as well."""
    require_bound(scope)
    adder, remover = aliased(Account), aliased(Account)
    query = (
        select(Evidence, adder.name, remover.name)
        .outerjoin(adder, adder.id == Evidence.added_by)
        .outerjoin(remover, remover.id == Evidence.removed_by)
        .where(Evidence.school_id == scope.school_id, Evidence.action_id == action_id)
        .order_by(Evidence.created_at.desc(), Evidence.id.desc())
    )
    if not removed:
        query = query.where(Evidence.removed_at.is_(None))
    return [
        EvidenceRow(
            id=row.id,
            kind=row.kind,
            title=row.title,
            address=row.address,
            file_name=row.file_name,
            media_type=row.media_type,
            size=row.size,
            added_by=added_by,
            added_at=row.created_at,
            removed_at=row.removed_at,
            removed_by=removed_by,
        )
        for row, added_by, removed_by in db.session.execute(query)
    ]


def evidence_file(scope: SchoolScope, evidence_id: uuid.UUID) -> Evidence | None:
    """Evidence that is a file and in view; none otherwise."""
    require_bound(scope)
    return db.session.scalar(
        select(Evidence).where(
            Evidence.school_id == scope.school_id,
            Evidence.id == evidence_id,
            Evidence.storage_key.is_not(None),
            Evidence.removed_at.is_(None),
        )
    )


def findings(scope: SchoolScope, plan_id: uuid.UUID) -> list[PlanFinding]:
    """What the import of this plan found out of date or missing, and nobody has dealt with yet."""
    require_bound(scope)
    return list(
        db.session.scalars(
            select(PlanFinding)
            .where(
                PlanFinding.school_id == scope.school_id,
                PlanFinding.plan_id == plan_id,
                PlanFinding.dismissed_at.is_(None),
            )
            .order_by(PlanFinding.created_at, PlanFinding.id)
        )
    )


def removed_actions(scope: SchoolScope, plan_id: uuid.UUID) -> list[ActionRow]:
    """The school's own actions that were taken out of the plan and can be put back."""
    require_bound(scope)
    which = (PlanAction.plan_id == plan_id) & PlanAction.removed_at.is_not(None)
    return _action_rows(scope, which, removed=True)


def possible_owners(scope: SchoolScope, *, as_at: date) -> Sequence[tuple[uuid.UUID, str]]:
    """Staff who work at the school on the day, by name."""
    require_bound(scope)
    rows = db.session.execute(
        select(StaffMember.id, StaffMember.given_name, StaffMember.family_name)
        .where(
            StaffMember.school_id == scope.school_id,
            or_(StaffMember.starts_on.is_(None), StaffMember.starts_on <= as_at),
            or_(StaffMember.leaves_on.is_(None), StaffMember.leaves_on >= as_at),
        )
        .order_by(func.lower(StaffMember.family_name), func.lower(StaffMember.given_name))
    )
    return [(row.id, f"{row.given_name} {row.family_name}".strip()) for row in rows]


def expectations_of(scope: SchoolScope, plan: PlanHeader) -> dict[str, list[tuple[uuid.UUID, str]]]:
    """Where an own action can stand: the expectations of the plan by their section's title."""
    require_bound(scope)
    choices: dict[str, list[tuple[uuid.UUID, str]]] = defaultdict(list)
    rows = db.session.execute(
        select(EditionSection.title, EditionExpectation.id, EditionExpectation.wording)
        .join(EditionDuty, EditionDuty.section_id == EditionSection.id)
        .join(EditionExpectation, EditionExpectation.duty_id == EditionDuty.id)
        .where(EditionSection.edition_id == plan.edition_id)
        .order_by(EditionSection.position, EditionDuty.position, EditionExpectation.position)
    )
    for title, expectation_id, wording in rows:
        choices[title].append((expectation_id, wording))
    return dict(choices)
