"""Reads of plans: which plan is current, its wording with the answers, one action with its history and evidence."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.access.models import Account
from tenants.plan.actions import Answer, answer_of
from tenants.plan.adoption.queries import predecessors
from tenants.plan.evidence.models import Evidence, EvidenceRevision, EvidenceUse
from tenants.plan.models import (
    Edition,
    EditionAction,
    EditionDuty,
    EditionExpectation,
    EditionSection,
    EditionSource,
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
    ExpectationOutline,
    HistoryEntry,
    SectionOutline,
    role_words,
)
from tenants.staff.models import StaffMember

SOMEBODY = "somebody whose account is gone"
THE_SYSTEM = "the system"
CARRIED_OVER = "Carried over to the new plan"
LONDON = ZoneInfo("Europe/London")

_Columns = tuple[Any, ...]


@dataclass(frozen=True)
class PlanHeader:
    """A plan with what stands over it. `current_from` is when it last became the school's plan."""

    id: uuid.UUID
    edition_id: uuid.UUID
    academic_year: int
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
            Plan.academic_year,
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
    plan_id, edition_id, year, title, introduction, source, leftovers, since, until = row
    return PlanHeader(plan_id, edition_id, year, title, introduction, source, tuple(leftovers), since, until)


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


def action_page(scope: SchoolScope, action_id: uuid.UUID, *, at: datetime | None = None) -> ActionPage | None:
    """An action of any of the school's plans, as it is answered now or was at a moment; none when there is no such action."""
    rows = list(_action_rows(scope, PlanAction.id == action_id, at=at, removed=True))
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
    evidence = _evidence_counts(scope, at)
    if at is None:
        answered: ColumnElement[bool] = PlanAnswer.recorded_until.is_(None)
    else:
        until = or_(PlanAnswer.recorded_until.is_(None), PlanAnswer.recorded_until > at)
        answered = and_(PlanAnswer.recorded_from <= at, until)
    query = (
        select(
            PlanAction,
            EditionAction,
            PlanAnswer,
            StaffMember,
            func.coalesce(evidence.c.pieces, 0),
            func.coalesce(evidence.c.expired, 0),
        )
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
    expired_count: int,
) -> ActionRow:
    edition_wording = wording.wording if wording else ""
    local = answer.local_wording if answer else None
    return ActionRow(
        id=action.id,
        expectation_id=action.expectation_id,
        position=action.position,
        wording=local or edition_wording or action.own_wording or "",
        edition_wording=edition_wording,
        edition_key=wording.key if wording else None,
        good_looks_like=wording.good_looks_like if wording else "",
        note_beside=wording.note if wording else "",
        roles=tuple(wording.roles if wording else action.own_roles),
        dfe_area=wording.dfe_area if wording else None,
        serves=tuple(wording.serves) if wording else (),
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
        local_wording=local,
        recurs_months=action.recurs_months,
        confirmed_on=answer.confirmed_on if answer else None,
        review_on=answer.review_on if answer else None,
        awaits_confirmation=answer.awaits_confirmation if answer else False,
        carried_as=action.carried_as,
        carried_from_id=action.carried_from_id,
        evidence_count=evidence_count,
        expired_count=expired_count,
    )


def _evidence_counts(scope: SchoolScope, at: datetime | None) -> Any:
    """How many pieces serve each action, and how many of those have expired: now, or at a moment."""
    day = (at or datetime.now(LONDON)).astimezone(LONDON).date()
    revised = select(EvidenceRevision).where(EvidenceRevision.school_id == scope.school_id)
    used: ColumnElement[bool] = EvidenceUse.used_until.is_(None)
    if at is not None:
        day -= timedelta(days=1)  # a moment is the end of the day before
        revised = revised.where(EvidenceRevision.created_at <= at)
        used = and_(EvidenceUse.used_from <= at, or_(EvidenceUse.used_until.is_(None), EvidenceUse.used_until > at))
    latest = (
        revised.ext(distinct_on(EvidenceRevision.evidence_id))
        .order_by(EvidenceRevision.evidence_id, EvidenceRevision.number.desc())
        .subquery()
    )
    return (
        select(
            EvidenceUse.action_id,
            func.count().label("pieces"),
            func.count().filter(latest.c.expires_on < day).label("expired"),
        )
        .join(latest, latest.c.evidence_id == EvidenceUse.evidence_id)
        .where(EvidenceUse.school_id == scope.school_id, used)
        .group_by(EvidenceUse.action_id)
        .subquery()
    )


def action_history(scope: SchoolScope, action_id: uuid.UUID, *, at: datetime | None = None) -> list[HistoryEntry]:
    """Who changed what of an action, from what to what, the latest first; through the plans that it was carried from.

    With a moment, what had been changed by then.
    """
    chain = predecessors(scope, action_id)
    owner = aliased(StaffMember)
    rows = db.session.execute(
        select(PlanAnswer, Account.name, owner)
        .outerjoin(Account, Account.id == PlanAnswer.changed_by)
        .outerjoin(owner, (owner.school_id == PlanAnswer.school_id) & (owner.id == PlanAnswer.owner_id))
        .where(PlanAnswer.school_id == scope.school_id, PlanAnswer.action_id.in_(chain))
        .order_by(PlanAnswer.recorded_from, PlanAnswer.id)
    ).all()
    entries = []
    before: dict[str, str] = {}
    came_from: uuid.UUID | None = None
    for answer, name, person in rows:
        shown = _shown(answer, person)
        changes = tuple(
            Change(field, before.get(field, ""), value)
            for field, value in shown.items()
            if before and value != before[field]
        )
        carried = came_from is not None and answer.action_id != came_from
        if changes:
            entries.append(HistoryEntry(answer.recorded_from, name or (CARRIED_OVER if carried else SOMEBODY), changes))
        before, came_from = shown, answer.action_id
    entries += _evidence_history(scope, chain)
    if at is not None:
        entries = [entry for entry in entries if entry.at < at]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def changes_since(scope: SchoolScope, action_id: uuid.UUID, seen_answer_id: uuid.UUID | None) -> list[HistoryEntry]:
    """What others changed of an action after the answer that somebody had before them, the latest first."""
    require_bound(scope)
    seen_from = db.session.scalar(
        select(PlanAnswer.recorded_from).where(
            PlanAnswer.school_id == scope.school_id,
            PlanAnswer.action_id == action_id,
            PlanAnswer.id == seen_answer_id,
        )
    )
    return [entry for entry in action_history(scope, action_id) if seen_from is None or entry.at > seen_from]


def current_answer(scope: SchoolScope, action_id: uuid.UUID) -> Answer | None:
    """What the school says of an action now, to be changed in part and recorded again."""
    require_bound(scope)
    row = db.session.scalar(
        select(PlanAnswer).where(
            PlanAnswer.school_id == scope.school_id,
            PlanAnswer.action_id == action_id,
            PlanAnswer.recorded_until.is_(None),
        )
    )
    return None if row is None else answer_of(row)


def owners_in_plan(scope: SchoolScope) -> list[tuple[uuid.UUID, str, int]]:
    """The people who have actions of the current plan, by name, and how many; also those who have left."""
    require_bound(scope)
    rows = db.session.execute(
        select(StaffMember.id, StaffMember.given_name, StaffMember.family_name, func.count())
        .join(PlanAnswer, (PlanAnswer.school_id == StaffMember.school_id) & (PlanAnswer.owner_id == StaffMember.id))
        .join(PlanAction, (PlanAction.school_id == PlanAnswer.school_id) & (PlanAction.id == PlanAnswer.action_id))
        .join(PlanPeriod, (PlanPeriod.school_id == PlanAction.school_id) & (PlanPeriod.plan_id == PlanAction.plan_id))
        .where(
            StaffMember.school_id == scope.school_id,
            PlanAnswer.recorded_until.is_(None),
            PlanAction.removed_at.is_(None),
            PlanPeriod.current_until.is_(None),
        )
        .group_by(StaffMember.id)
        .order_by(func.lower(StaffMember.family_name), func.lower(StaffMember.given_name))
    )
    return [(row[0], f"{row[1]} {row[2]}".strip(), row[3]) for row in rows]


@dataclass(frozen=True)
class Override:
    """That a status was declared against the records, why, by whom and for how long."""

    reason: str
    status: str
    by: str
    since: datetime
    until: datetime | None


def overrides_of(scope: SchoolScope, chain: list[uuid.UUID], *, at: datetime | None = None) -> list[Override]:
    """Every override that an action ever had, also in the plans before, the latest first. They are shown for ever.

    With a moment, those that had begun by then; one that ended later had no end yet.
    """
    require_bound(scope)
    rows = db.session.execute(
        select(PlanAnswer, Account.name)
        .outerjoin(Account, Account.id == PlanAnswer.changed_by)
        .where(
            PlanAnswer.school_id == scope.school_id,
            PlanAnswer.action_id.in_(chain),
            PlanAnswer.override_reason.is_not(None),
            PlanAnswer.recorded_from < at if at is not None else db.true(),
        )
        .order_by(PlanAnswer.recorded_from)
    )
    found: list[Override] = []
    for answer, name in rows:
        said = (answer.override_reason or "", STATUS_NAMES[answer.status])
        ended = answer.recorded_until
        until = None if at is not None and ended is not None and ended >= at else ended
        if found and (found[-1].reason, found[-1].status) == said and found[-1].until == answer.recorded_from:
            found[-1] = Override(*said, found[-1].by, found[-1].since, until)
        else:
            found.append(Override(*said, name or SOMEBODY, answer.recorded_from, until))
    return found[::-1]


def successor_of(scope: SchoolScope, action_id: uuid.UUID) -> uuid.UUID | None:
    """What an action of an archived plan became in the current plan; none where it was retired."""
    require_bound(scope)
    newer = aliased(PlanAction)
    chain = (
        select(PlanAction.id)
        .where(PlanAction.school_id == scope.school_id, PlanAction.id == action_id)
        .cte("newer", recursive=True)
    )
    chain = chain.union_all(
        select(newer.id).where(newer.school_id == scope.school_id, newer.carried_from_id == chain.c.id)
    )
    return db.session.scalar(
        select(PlanAction.id)
        .join(PlanPeriod, (PlanPeriod.school_id == PlanAction.school_id) & (PlanPeriod.plan_id == PlanAction.plan_id))
        .where(
            PlanAction.school_id == scope.school_id,
            PlanAction.id.in_(select(chain.c.id)),
            PlanAction.id != action_id,
            PlanPeriod.current_until.is_(None),
        )
    )


def _shown(answer: PlanAnswer, owner: StaffMember | None) -> dict[str, str]:
    return {
        "Status": STATUS_NAMES[answer.status],
        "Reason for the override": answer.override_reason or "",
        "Confirmed": _day(answer.confirmed_on),
        "To be confirmed": "Yes" if answer.awaits_confirmation else "",
        "Role": role_words(answer.owner_role) if answer.owner_role else "",
        "Person": owner.full_name if owner else "",
        "Due date": _day(answer.due_on),
        "Review date": _day(answer.review_on),
        "Own wording": answer.local_wording or "",
        "Note": answer.note,
    }


def _day(day: date | None) -> str:
    return f"{day.day} {day:%B %Y}" if day else ""


def _evidence_history(scope: SchoolScope, chain: list[uuid.UUID]) -> list[HistoryEntry]:
    """What was shown and what was taken away; that a piece came along to a new plan is no news."""
    adder, remover = aliased(Account), aliased(Account)
    uses = db.session.execute(
        select(EvidenceUse, Evidence.title, adder.name, remover.name)
        .join(Evidence, (Evidence.school_id == EvidenceUse.school_id) & (Evidence.id == EvidenceUse.evidence_id))
        .outerjoin(adder, adder.id == EvidenceUse.added_by)
        .outerjoin(remover, remover.id == EvidenceUse.removed_by)
        .where(EvidenceUse.school_id == scope.school_id, EvidenceUse.action_id.in_(chain))
        .order_by(EvidenceUse.used_from)
    ).all()
    entries = []
    known: set[uuid.UUID] = set()
    for use, title, added_by, removed_by in uses:
        if use.evidence_id not in known:
            entries.append(HistoryEntry(use.used_from, added_by or THE_SYSTEM, (Change("Evidence", "", title),)))
            known.add(use.evidence_id)
        if use.used_until:
            known.discard(use.evidence_id)
            gone = Change("Evidence", title, "")
            entries.append(HistoryEntry(use.used_until, removed_by or THE_SYSTEM, (gone,)))
    revised = db.session.execute(
        select(EvidenceRevision, Evidence.title, adder.name)
        .join(
            Evidence,
            (Evidence.school_id == EvidenceRevision.school_id) & (Evidence.id == EvidenceRevision.evidence_id),
        )
        .outerjoin(adder, adder.id == EvidenceRevision.added_by)
        .where(
            EvidenceRevision.school_id == scope.school_id,
            EvidenceRevision.evidence_id.in_([use.evidence_id for use, *_ in uses]),
            EvidenceRevision.number > 1,
        )
    )
    for revision, title, added_by in revised:
        change = Change("Evidence", title, f"{title}, revision {revision.number}")
        entries.append(HistoryEntry(revision.created_at, added_by or THE_SYSTEM, (change,)))
    return entries


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
