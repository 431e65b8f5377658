"""Adopting an edition, rolling over to a new year, moving from a Word plan: a new plan out of the one that is there.

The plan before is never changed, so that it can be read as at any day and brought back. Everything flushes and leaves the
commit to its caller.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import distinct_on

from prevent_trust.database import db, new_id
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.calendar.queries import calendar_of
from tenants.plan.actions import PlanError, current_period_locked, make_current
from tenants.plan.adoption.queries import UNDO_WITHIN, held_actions, work_since
from tenants.plan.adoption.rules import CarriedAction, Carrying, carry, due_by
from tenants.plan.edition_queries import content_of, edition_for
from tenants.plan.evidence.models import EvidenceUse
from tenants.plan.models import (
    AdoptionKind,
    Carried,
    EditionAction,
    EditionDuty,
    EditionExpectation,
    EditionSection,
    Plan,
    PlanAction,
    PlanAdoption,
    PlanAnswer,
    Theme,
)
from tenants.plan.verification.models import VerificationEvent

MOST_NAMED = 5


@dataclass(frozen=True)
class Adopting:
    """What an adoption would do to the plan that is there."""

    plan: Plan
    edition_id: uuid.UUID
    carrying: Carrying


def prepare_adoption(
    scope: SchoolScope,
    *,
    edition_id: uuid.UUID,
    kind: AdoptionKind,
    pairs: Mapping[uuid.UUID, str] | None = None,
    deadline: str | None = None,
) -> Adopting:
    """Works out the plan to come and changes nothing. Raises PlanError when there is nothing to go from or to.

    `deadline` is the key of the end of a half term: what is left to do without a due date is due
    then, by the school's calendar.
    """
    require_bound(scope)
    period = current_period_locked(scope)
    if period is None:
        raise PlanError("The school has no plan yet. Start one from the edition.")
    plan = db.session.get_one(Plan, period.plan_id)
    if kind is AdoptionKind.ROLL_OVER:
        edition_id = plan.edition_id
    elif edition_for(scope, edition_id) is None:
        raise PlanError("That edition is not one that the school can adopt.")
    elif plan.edition_id == edition_id:
        raise PlanError("The school’s plan is of this edition already.")
    calendar = calendar_of(scope, day=date(plan.academic_year, 9, 1))
    held = held_actions(scope, plan.id)
    carrying = carry(held, content_of(edition_id), kind=kind, pairs=pairs, calendar=calendar)
    if deadline is not None:
        carrying = due_by(carrying, calendar.deadline(deadline).on)
    return Adopting(plan, edition_id, carrying)


def adopt(
    scope: SchoolScope,
    *,
    edition_id: uuid.UUID | None,
    kind: AdoptionKind,
    academic_year: int,
    made_by: uuid.UUID | None,
    pairs: Mapping[uuid.UUID, str] | None = None,
    batch_id: uuid.UUID | None = None,
    deadline: str | None = None,
) -> PlanAdoption:
    """Makes the plan to come the school's plan; the one that is there is archived as it is.

    With a `batch_id` the school has an adoption of already, that one is returned: a roll-out that is run again doubles
    nothing. For a roll-over the edition is the plan's own. Raises PlanError.
    """
    require_bound(scope)
    period = current_period_locked(scope)
    if batch_id is not None:
        done = db.session.scalar(
            select(PlanAdoption).where(PlanAdoption.school_id == scope.school_id, PlanAdoption.batch_id == batch_id)
        )
        if done is not None:
            return done
    wanted = edition_id or uuid.UUID(int=0)
    adopting = prepare_adoption(scope, edition_id=wanted, kind=kind, pairs=pairs, deadline=deadline)
    if kind is AdoptionKind.ROLL_OVER and adopting.plan.academic_year >= academic_year:
        raise PlanError("The school’s plan is of this academic year already.")
    plan = Plan(
        school_id=scope.school_id,
        edition_id=adopting.edition_id,
        academic_year=max(academic_year, adopting.plan.academic_year),
        made_by=made_by,
    )
    db.session.add(plan)
    db.session.flush()
    now = make_current(scope, plan.id, instead_of=period)
    _add_actions(scope, plan, adopting.carrying.actions, now)
    adoption = PlanAdoption(
        school_id=scope.school_id,
        kind=kind,
        from_plan_id=adopting.plan.id,
        to_plan_id=plan.id,
        batch_id=batch_id,
        made_by=made_by,
        created_at=now,
    )
    db.session.add(adoption)
    db.session.flush()
    return adoption


def _add_actions(scope: SchoolScope, plan: Plan, carried: Sequence[CarriedAction], now: datetime) -> None:
    wording = {
        row.key: row
        for row in db.session.execute(
            select(EditionAction.key, EditionAction.id).where(EditionAction.edition_id == plan.edition_id)
        )
    }
    places: dict[str, tuple[uuid.UUID, Theme | None]] = {
        row.key: (row.id, row.theme)
        for row in db.session.execute(
            select(EditionExpectation.key, EditionExpectation.id, EditionSection.theme)
            .join(EditionDuty, EditionDuty.id == EditionExpectation.duty_id)
            .join(EditionSection, EditionSection.id == EditionDuty.section_id)
            .where(EditionSection.edition_id == plan.edition_id)
        )
    }
    actions, answers = [], []
    came_from: dict[uuid.UUID, tuple[uuid.UUID, uuid.UUID, CarriedAction]] = {}
    for position, each in enumerate(carried):
        action_id, answer_id = new_id(), new_id()
        expectation_id, theme = places[each.expectation_key]
        actions.append(
            {
                "id": action_id,
                "school_id": scope.school_id,
                "plan_id": plan.id,
                "edition_action_id": wording[each.key].id if each.key else None,
                "expectation_id": expectation_id,
                "theme": theme,
                "position": position,
                "own_wording": None if each.key else each.wording,
                "own_roles": [] if each.key else list(each.roles),
                "measure": each.measure,
                "target_percent": each.target_percent,
                "recurs_months": each.recurs_months,
                "carried_from_id": each.carried_from,
                "carried_as": each.carried_as,
                "made_by": plan.made_by,
                "created_at": now,
            }
        )
        answer = {"id": answer_id, "school_id": scope.school_id, "action_id": action_id, "recorded_from": now}
        answers.append(answer | asdict(each.answer))
        if each.carried_from is not None:
            came_from[each.carried_from] = (action_id, answer_id, each)
    db.session.execute(insert(PlanAction), actions)
    db.session.execute(insert(PlanAnswer), answers)
    _bring_evidence(scope, came_from, now)
    _bring_verification(scope, came_from, now)


def _bring_evidence(
    scope: SchoolScope, came_from: dict[uuid.UUID, tuple[uuid.UUID, uuid.UUID, CarriedAction]], now: datetime
) -> None:
    kept = [old for old, (_, _, each) in came_from.items() if each.keeps_evidence]
    uses = db.session.execute(
        select(EvidenceUse.evidence_id, EvidenceUse.action_id, EvidenceUse.added_by).where(
            EvidenceUse.school_id == scope.school_id,
            EvidenceUse.action_id.in_(kept),
            EvidenceUse.used_until.is_(None),
        )
    )
    rows = [
        {
            "id": new_id(),
            "school_id": scope.school_id,
            "evidence_id": evidence_id,
            "action_id": came_from[action_id][0],
            "used_from": now,
            "added_by": added_by,
        }
        for evidence_id, action_id, added_by in uses
    ]
    if rows:
        db.session.execute(insert(EvidenceUse), rows)


def _bring_verification(
    scope: SchoolScope, came_from: dict[uuid.UUID, tuple[uuid.UUID, uuid.UUID, CarriedAction]], now: datetime
) -> None:
    """What the trust said last of an unchanged action and an unchanged answer holds for them in the new plan."""
    same = [old for old, (_, _, each) in came_from.items() if each.carried_as is Carried.SAME]
    last = db.session.execute(
        select(VerificationEvent, PlanAnswer.id)
        .outerjoin(PlanAnswer, (PlanAnswer.id == VerificationEvent.answer_id) & PlanAnswer.recorded_until.is_(None))
        .where(VerificationEvent.school_id == scope.school_id, VerificationEvent.action_id.in_(same))
        .ext(distinct_on(VerificationEvent.action_id))
        .order_by(VerificationEvent.action_id, VerificationEvent.created_at.desc(), VerificationEvent.id.desc())
    )
    rows = [
        {
            "id": new_id(),
            "school_id": scope.school_id,
            "action_id": came_from[event.action_id][0],
            "answer_id": came_from[event.action_id][1] if answer_id else None,
            "step": event.step,
            "comment": event.comment,
            "made_by": event.made_by,
            "created_at": event.created_at,
        }
        for event, answer_id in last
    ]
    if rows:
        db.session.execute(insert(VerificationEvent), rows)


def undo_adoption(scope: SchoolScope, *, adoption_id: uuid.UUID, undone_by: uuid.UUID | None) -> PlanAdoption:
    """Brings the plan before back. Raises PlanError after 14 days, or when work was done since, and says on which actions."""
    require_bound(scope)
    period = current_period_locked(scope)
    adoption = db.session.scalar(
        select(PlanAdoption)
        .where(PlanAdoption.school_id == scope.school_id, PlanAdoption.id == adoption_id)
        .with_for_update()
    )
    if adoption is None or adoption.undone_at is not None or period is None or period.plan_id != adoption.to_plan_id:
        raise PlanError("There is nothing to undo: the plan that came of it is not the current one.")
    now = datetime.now(UTC)
    if now > adoption.created_at + UNDO_WITHIN:
        raise PlanError("It is more than 14 days ago. The plan before can be brought back from the archive.")
    touched = work_since(scope, adoption)
    if touched:
        more = f" and {len(touched) - MOST_NAMED} more" if len(touched) > MOST_NAMED else ""
        named = "; ".join(f"“{wording}”" for wording in touched[:MOST_NAMED])
        raise PlanError(f"Work was done since, which undoing would put away: {named}{more}.")
    make_current(scope, adoption.from_plan_id, instead_of=period)
    adoption.undone_at, adoption.undone_by = now, undone_by
    db.session.flush()
    return adoption
