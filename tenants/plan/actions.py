"""Writes to plans. Each flushes and leaves the commit to its caller."""

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import func, insert, literal, null, select, update

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.plan.models import (
    ActionStatus,
    Edition,
    EditionAction,
    EditionDuty,
    EditionExpectation,
    EditionSection,
    Evidence,
    EvidenceKind,
    Plan,
    PlanAction,
    PlanAnswer,
    PlanFinding,
    PlanPeriod,
)


class PlanError(Exception):
    """Something that the person asking can put right; the message says how."""


@dataclass
class ChangedMeanwhile(Exception):
    """Somebody else changed the action since the page was opened. Nothing was written."""

    action_id: uuid.UUID


@dataclass(frozen=True)
class Answer:
    """All that a school says of an action. Dates are in England; the reason is for an override of a measure only."""

    status: ActionStatus
    owner_role: str | None = None
    owner_id: uuid.UUID | None = None
    due_on: date | None = None
    note: str = ""
    override_reason: str | None = None


def start_plan(scope: SchoolScope, *, edition_id: uuid.UUID, made_by: uuid.UUID | None) -> Plan:
    """Makes the school's plan from an edition, nothing answered. An earlier plan is archived with its history.

    Raises PlanError when the school's plan is of that edition already.
    """
    require_bound(scope)
    period = _current_period_locked(scope)
    if period is not None and db.session.get_one(Plan, period.plan_id).edition_id == edition_id:
        raise PlanError("The school’s plan is of this edition already.")
    plan = Plan(school_id=scope.school_id, edition_id=edition_id, made_by=made_by)
    db.session.add(plan)
    db.session.flush()
    now = _make_current(scope, plan.id, instead_of=period)
    _add_edition_actions(scope, plan, now)
    return plan


def restore_plan(scope: SchoolScope, *, plan_id: uuid.UUID) -> None:
    """Makes an archived plan the current one again; the one that was current is archived. Undoes an import.

    Raises PlanError when there is no such archived plan.
    """
    require_bound(scope)
    period = _current_period_locked(scope)
    exists = db.session.scalar(select(Plan.id).where(Plan.school_id == scope.school_id, Plan.id == plan_id))
    if exists is None or (period is not None and period.plan_id == plan_id):
        raise PlanError("That plan cannot be brought back: it is the current plan, or there is none.")
    _make_current(scope, plan_id, instead_of=period)


def _make_current(scope: SchoolScope, plan_id: uuid.UUID, *, instead_of: PlanPeriod | None) -> datetime:
    now = datetime.now(UTC)
    if instead_of is not None:
        instead_of.current_until = now
        db.session.flush()
    db.session.add(PlanPeriod(school_id=scope.school_id, plan_id=plan_id, current_from=now))
    db.session.flush()
    return now


def _current_period_locked(scope: SchoolScope) -> PlanPeriod | None:
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
            literal(now),
        )
        .join(EditionExpectation, EditionExpectation.id == EditionAction.expectation_id)
        .join(EditionDuty, EditionDuty.id == EditionExpectation.duty_id)
        .join(EditionSection, EditionSection.id == EditionDuty.section_id)
        .where(EditionAction.edition_id == plan.edition_id)
    )
    columns = [
        "school_id", "plan_id", "edition_action_id", "expectation_id", "theme", "position", "measure",
        "target_percent", "created_at",
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
    if current is not None and _answer_of(current) == answer:
        return False
    now = datetime.now(UTC)
    if current is not None:
        current.recorded_until = now
        db.session.flush()
    db.session.add(
        PlanAnswer(
            school_id=scope.school_id,
            action_id=action_id,
            status=answer.status,
            override_reason=answer.override_reason,
            owner_role=answer.owner_role,
            owner_id=answer.owner_id,
            due_on=answer.due_on,
            note=answer.note,
            recorded_from=now,
            changed_by=changed_by,
        )
    )
    db.session.flush()
    return True


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
    )


def _answer_of(row: PlanAnswer) -> Answer:
    return Answer(
        status=row.status,
        owner_role=row.owner_role,
        owner_id=row.owner_id,
        due_on=row.due_on,
        note=row.note,
        override_reason=row.override_reason,
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
    made_by: uuid.UUID | None,
) -> PlanAction:
    """Adds an action of the school's own under one of the plan's expectations, after those that are there.

    Raises PlanError when the expectation is not one of the plan's.
    """
    require_bound(scope)
    period = _current_period_locked(scope)
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


def add_link(
    scope: SchoolScope, *, action_id: uuid.UUID, title: str, address: str, added_by: uuid.UUID | None
) -> Evidence:
    """Evidence that lies elsewhere. The address must be http or https; raises PlanError otherwise."""
    require_bound(scope)
    action_of_current_plan(scope, action_id)
    if not address.startswith(("https://", "http://")):
        raise PlanError("The address must start with https:// or http://.")
    evidence = Evidence(
        school_id=scope.school_id,
        action_id=action_id,
        kind=EvidenceKind.LINK,
        title=title or address,
        address=address,
        added_by=added_by,
    )
    db.session.add(evidence)
    db.session.flush()
    return evidence


def add_file(
    scope: SchoolScope,
    *,
    action_id: uuid.UUID,
    title: str,
    storage_key: str,
    file_name: str,
    media_type: str,
    size: int,
    sha256: str,
    added_by: uuid.UUID | None,
) -> Evidence:
    """Evidence whose file has been stored under the key. Size in bytes."""
    require_bound(scope)
    action_of_current_plan(scope, action_id)
    evidence = Evidence(
        school_id=scope.school_id,
        action_id=action_id,
        kind=EvidenceKind.FILE,
        title=title or file_name,
        storage_key=storage_key,
        file_name=file_name,
        media_type=media_type,
        size=size,
        sha256=sha256,
        added_by=added_by,
    )
    db.session.add(evidence)
    db.session.flush()
    return evidence


def remove_evidence(
    scope: SchoolScope, *, action_id: uuid.UUID, evidence_id: uuid.UUID, removed_by: uuid.UUID | None
) -> bool:
    """Takes evidence out of view; the file stays, and so does the record that it was there.

    False when the action has no such evidence.
    """
    return _set_removed(scope, action_id, evidence_id, removed_at=datetime.now(UTC), removed_by=removed_by)


def put_back_evidence(scope: SchoolScope, *, action_id: uuid.UUID, evidence_id: uuid.UUID) -> bool:
    """Brings evidence back into view. False when the action has no such evidence."""
    return _set_removed(scope, action_id, evidence_id, removed_at=None, removed_by=None)


def _set_removed(
    scope: SchoolScope,
    action_id: uuid.UUID,
    evidence_id: uuid.UUID,
    *,
    removed_at: datetime | None,
    removed_by: uuid.UUID | None,
) -> bool:
    require_bound(scope)
    found = db.session.execute(
        update(Evidence)
        .where(Evidence.school_id == scope.school_id, Evidence.action_id == action_id, Evidence.id == evidence_id)
        .values(removed_at=removed_at, removed_by=removed_by)
        .returning(Evidence.id)
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


def built_in_edition_id() -> uuid.UUID:
    """The newest edition that the product ships."""
    return (
        db.session.scalars(
            select(Edition.id).where(Edition.school_id.is_(None)).order_by(Edition.published_on.desc())
        ).first()
        or _no_edition()
    )


def _no_edition() -> uuid.UUID:
    raise RuntimeError("the database has no edition: run `prevent-trust db upgrade`")
