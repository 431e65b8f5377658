"""Writes to plans. Each flushes and leaves the commit to its caller."""

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, insert, literal, null, select, update

from prevent_trust.database import db, new_id
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.calendar.rules import academic_year_of
from tenants.plan.models import (
    ActionStatus,
    EditionAction,
    EditionDuty,
    EditionExpectation,
    EditionSection,
    Plan,
    PlanAction,
    PlanAnswer,
    PlanFinding,
    PlanPeriod,
)

LONDON = ZoneInfo("Europe/London")


class PlanError(Exception):
    """Something that the person asking can put right; the message says how."""


@dataclass
class ChangedMeanwhile(Exception):
    """Somebody else changed the action since the page was opened. Nothing was written."""

    action_id: uuid.UUID


@dataclass(frozen=True)
class Answer:
    """All that a school says of an action. Dates are in England; the reason is for an override of a measure only.

    `confirmed` says that the status was looked at today and is still so: it starts the review cycle again.
    """

    status: ActionStatus
    owner_role: str | None = None
    owner_id: uuid.UUID | None = None
    due_on: date | None = None
    note: str = ""
    override_reason: str | None = None
    local_wording: str | None = None
    review_on: date | None = None
    confirmed: bool = False


def start_plan(scope: SchoolScope, *, edition_id: uuid.UUID, made_by: uuid.UUID | None) -> Plan:
    """Makes the school's plan from an edition, nothing answered. An earlier plan is archived with its history.

    Raises PlanError when the school's plan is of that edition already.
    """
    require_bound(scope)
    period = current_period_locked(scope)
    if period is not None and db.session.get_one(Plan, period.plan_id).edition_id == edition_id:
        raise PlanError("The school’s plan is of this edition already.")
    year = academic_year_of(datetime.now(LONDON).date())
    plan = Plan(school_id=scope.school_id, edition_id=edition_id, academic_year=year, made_by=made_by)
    db.session.add(plan)
    db.session.flush()
    now = make_current(scope, plan.id, instead_of=period)
    _add_edition_actions(scope, plan, now)
    return plan


def restore_plan(scope: SchoolScope, *, plan_id: uuid.UUID) -> None:
    """Makes an archived plan the current one again; the one that was current is archived. Undoes an import.

    Raises PlanError when there is no such archived plan.
    """
    require_bound(scope)
    period = current_period_locked(scope)
    exists = db.session.scalar(select(Plan.id).where(Plan.school_id == scope.school_id, Plan.id == plan_id))
    if exists is None or (period is not None and period.plan_id == plan_id):
        raise PlanError("That plan cannot be brought back: it is the current plan, or there is none.")
    make_current(scope, plan_id, instead_of=period)


def make_current(scope: SchoolScope, plan_id: uuid.UUID, *, instead_of: PlanPeriod | None) -> datetime:
    """Ends the period of one plan and begins that of another, at the moment that is returned."""
    now = datetime.now(UTC)
    if instead_of is not None:
        instead_of.current_until = now
        db.session.flush()
    db.session.add(PlanPeriod(school_id=scope.school_id, plan_id=plan_id, current_from=now))
    db.session.flush()
    return now


def current_period_locked(scope: SchoolScope) -> PlanPeriod | None:
    """Since when the current plan is that, locked: whoever else would change plans waits."""
    return db.session.scalar(
        select(PlanPeriod)
        .where(PlanPeriod.school_id == scope.school_id, PlanPeriod.current_until.is_(None))
        .with_for_update()
    )


def _add_edition_actions(scope: SchoolScope, plan: Plan, now: datetime) -> None:
    wording = (
        select(
            literal(scope.school_id),
            literal(plan.id),
            EditionAction.id,
            EditionAction.expectation_id,
            EditionSection.theme,
            EditionAction.position,
            EditionAction.measure,
            EditionAction.target_percent,
            EditionAction.recurs_months,
            literal(now),
        )
        .join(EditionExpectation, EditionExpectation.id == EditionAction.expectation_id)
        .join(EditionDuty, EditionDuty.id == EditionExpectation.duty_id)
        .join(EditionSection, EditionSection.id == EditionDuty.section_id)
        .where(EditionAction.edition_id == plan.edition_id)
    )
    columns = [
        "school_id", "plan_id", "edition_action_id", "expectation_id", "theme", "position", "measure",
        "target_percent", "recurs_months", "created_at",
    ]  # fmt: skip
    # The database's own defaults: Python's would be worked out once and give every row the same key.
    db.session.execute(insert(PlanAction).from_select(columns, wording, include_defaults=False))
    unanswered = select(literal(scope.school_id), PlanAction.id, literal(now)).where(
        PlanAction.school_id == scope.school_id, PlanAction.plan_id == plan.id
    )
    answers = ["school_id", "action_id", "recorded_from"]
    db.session.execute(insert(PlanAnswer).from_select(answers, unanswered, include_defaults=False))


def answer_action(
    scope: SchoolScope,
    *,
    action_id: uuid.UUID,
    answer: Answer,
    seen_answer_id: uuid.UUID | None,
    changed_by: uuid.UUID | None,
) -> bool:
    """Records an answer: the current one is closed and kept as history, the new one opened. False when nothing changed.

    `seen_answer_id` is the answer that the person had before them. Raises ChangedMeanwhile when it is no longer the
    current one, and PlanError when a measured action is declared without a reason.
    """
    require_bound(scope)
    action = action_of_current_plan(scope, action_id)
    if action.measure is not None:
        answer = _measured_answer(answer)
    current = db.session.scalar(
        select(PlanAnswer)
        .where(
            PlanAnswer.school_id == scope.school_id,
            PlanAnswer.action_id == action_id,
            PlanAnswer.recorded_until.is_(None),
        )
        .with_for_update()
    )
    if (current.id if current else None) != seen_answer_id:
        raise ChangedMeanwhile(action_id)
    now = datetime.now(UTC)
    row = _row_after(current, answer, today=now.astimezone(LONDON).date())
    if current is not None and all(getattr(current, name) == value for name, value in row.items()):
        return False
    if current is not None:
        current.recorded_until = now
        db.session.flush()
    db.session.add(
        PlanAnswer(school_id=scope.school_id, action_id=action_id, recorded_from=now, changed_by=changed_by, **row)
    )
    db.session.flush()
    return True


def change_many(
    scope: SchoolScope,
    *,
    action_ids: Collection[uuid.UUID],
    change: Callable[[Answer], Answer],
    changed_by: uuid.UUID | None,
) -> int:
    """Changes the current answers of several actions of the current plan in the same way. Returns how many changed.

    Actions that are not in the current plan, or were removed, are left alone. Four statements, however many actions.
    """
    require_bound(scope)
    rows = db.session.scalars(
        select(PlanAnswer)
        .join(PlanAction, (PlanAction.school_id == PlanAnswer.school_id) & (PlanAction.id == PlanAnswer.action_id))
        .join(PlanPeriod, (PlanPeriod.school_id == PlanAction.school_id) & (PlanPeriod.plan_id == PlanAction.plan_id))
        .where(
            PlanAnswer.school_id == scope.school_id,
            PlanAnswer.action_id.in_(list(action_ids)),
            PlanAnswer.recorded_until.is_(None),
            PlanAction.removed_at.is_(None),
            PlanPeriod.current_until.is_(None),
        )
        .with_for_update(of=PlanAnswer)
    ).all()
    now = datetime.now(UTC)
    today = now.astimezone(LONDON).date()
    changed = []
    for current in rows:
        row = _row_after(current, change(answer_of(current)), today=today)
        if any(getattr(current, name) != value for name, value in row.items()):
            changed.append((current, row))
    if changed:
        db.session.execute(
            update(PlanAnswer)
            .where(PlanAnswer.school_id == scope.school_id, PlanAnswer.id.in_([current.id for current, _ in changed]))
            .values(recorded_until=now)
        )
        common = {"school_id": scope.school_id, "recorded_from": now, "changed_by": changed_by}
        db.session.execute(
            insert(PlanAnswer),
            [{"id": new_id(), "action_id": current.action_id} | common | row for current, row in changed],
        )
    return len(changed)


def hand_over(
    scope: SchoolScope,
    *,
    from_id: uuid.UUID,
    to_id: uuid.UUID | None,
    to_role: str | None,
    changed_by: uuid.UUID | None,
) -> int:
    """Gives everything in the current plan that one person has to another, or to a role. Returns how many actions moved."""
    require_bound(scope)
    owned = db.session.scalars(
        select(PlanAnswer.action_id).where(
            PlanAnswer.school_id == scope.school_id,
            PlanAnswer.owner_id == from_id,
            PlanAnswer.recorded_until.is_(None),
        )
    ).all()

    def moved(answer: Answer) -> Answer:
        return replace(answer, owner_id=to_id, owner_role=to_role or answer.owner_role)

    return change_many(scope, action_ids=owned, change=moved, changed_by=changed_by)


def _row_after(current: PlanAnswer | None, answer: Answer, *, today: date) -> dict[str, Any]:
    """What the next row says. A status that is new or confirmed counts as looked at today; another change does not."""
    looked_at = answer.confirmed or current is None or current.status is not answer.status
    if answer.status is ActionStatus.NOT_ANSWERED:
        confirmed_on, awaits = None, False
    elif current is None or looked_at:
        confirmed_on, awaits = today, False
    else:
        confirmed_on, awaits = current.confirmed_on, current.awaits_confirmation
    review_on = answer.review_on
    if looked_at and review_on is not None and review_on <= today:
        review_on = None  # that review has now been held; the cycle says when the next one is
    return {
        "status": answer.status,
        "override_reason": answer.override_reason,
        "owner_role": answer.owner_role,
        "owner_id": answer.owner_id,
        "due_on": answer.due_on,
        "note": answer.note,
        "local_wording": answer.local_wording,
        "review_on": review_on,
        "confirmed_on": confirmed_on,
        "awaits_confirmation": awaits,
    }


def _measured_answer(answer: Answer) -> Answer:
    """A measured action says its own status; a declared one needs its reason in writing."""
    if answer.override_reason:
        if answer.status is ActionStatus.NOT_ANSWERED:
            raise PlanError("Choose the status that should stand instead of the measured one.")
        return answer
    return Answer(
        status=ActionStatus.NOT_ANSWERED,
        owner_role=answer.owner_role,
        owner_id=answer.owner_id,
        due_on=answer.due_on,
        note=answer.note,
        local_wording=answer.local_wording,
    )


def answer_of(row: PlanAnswer) -> Answer:
    """What a row says, to be changed in part and recorded again."""
    return Answer(
        status=row.status,
        owner_role=row.owner_role,
        owner_id=row.owner_id,
        due_on=row.due_on,
        note=row.note,
        override_reason=row.override_reason,
        local_wording=row.local_wording,
        review_on=row.review_on,
    )


def action_of_current_plan(scope: SchoolScope, action_id: uuid.UUID) -> PlanAction:
    """Raises PlanError unless the action is in the school's current plan and was not removed."""
    action = db.session.scalar(
        select(PlanAction)
        .join(PlanPeriod, PlanPeriod.plan_id == PlanAction.plan_id)
        .where(
            PlanAction.school_id == scope.school_id,
            PlanAction.id == action_id,
            PlanPeriod.school_id == scope.school_id,
            PlanPeriod.current_until.is_(None),
        )
    )
    if action is None:
        raise PlanError("That action is not in the current plan. It may belong to an archived one.")
    if action.removed_at is not None:
        raise PlanError("That action was removed. Put it back before you change it.")
    return action


def add_own_action(
    scope: SchoolScope,
    *,
    expectation_id: uuid.UUID,
    wording: str,
    roles: list[str],
    recurs_months: int | None = None,
    made_by: uuid.UUID | None,
) -> PlanAction:
    """Adds an action of the school's own under one of the plan's expectations, after those that are there.

    Raises PlanError when the expectation is not one of the plan's.
    """
    require_bound(scope)
    period = current_period_locked(scope)
    plan = db.session.get_one(Plan, period.plan_id) if period else None
    theme = db.session.execute(
        select(EditionSection.theme)
        .join(EditionDuty, EditionDuty.section_id == EditionSection.id)
        .join(EditionExpectation, EditionExpectation.duty_id == EditionDuty.id)
        .where(
            EditionExpectation.id == expectation_id,
            EditionSection.edition_id == (plan.edition_id if plan else null()),
        )
    ).one_or_none()
    if plan is None or theme is None:
        raise PlanError("Choose a part of the current plan for the new action.")
    last = db.session.scalar(
        select(func.max(PlanAction.position)).where(
            PlanAction.school_id == scope.school_id, PlanAction.plan_id == plan.id
        )
    )
    action = PlanAction(
        school_id=scope.school_id,
        plan_id=plan.id,
        expectation_id=expectation_id,
        theme=theme[0],
        position=(last if last is not None else -1) + 1,
        own_wording=wording,
        own_roles=roles,
        recurs_months=recurs_months,
        made_by=made_by,
    )
    db.session.add(action)
    db.session.flush()
    db.session.add(PlanAnswer(school_id=scope.school_id, action_id=action.id, recorded_from=datetime.now(UTC)))
    db.session.flush()
    return action


def remove_own_action(scope: SchoolScope, *, action_id: uuid.UUID) -> None:
    """Takes an own action out of the plan; its history stays and it can be put back."""
    require_bound(scope)
    action = action_of_current_plan(scope, action_id)
    if action.edition_action_id is not None:
        raise PlanError("Only actions that the school added can be removed. Mark this one “Not applicable” instead.")
    action.removed_at = datetime.now(UTC)
    db.session.flush()


def put_back_own_action(scope: SchoolScope, *, action_id: uuid.UUID) -> bool:
    """Undoes the removal of an action. False when the school has no such action."""
    require_bound(scope)
    found = db.session.execute(
        update(PlanAction)
        .where(PlanAction.school_id == scope.school_id, PlanAction.id == action_id)
        .values(removed_at=None)
        .returning(PlanAction.id)
    )
    return found.first() is not None


def dismiss_finding(scope: SchoolScope, *, finding_id: uuid.UUID, dismissed_by: uuid.UUID | None) -> bool:
    """Says that a finding has been dealt with. False when there is none."""
    require_bound(scope)
    found = db.session.execute(
        update(PlanFinding)
        .where(PlanFinding.school_id == scope.school_id, PlanFinding.id == finding_id)
        .values(dismissed_at=datetime.now(UTC), dismissed_by=dismissed_by)
        .returning(PlanFinding.id)
    )
    return found.first() is not None
