"""Taking a step of a check, and drawing a sample. Each flushes and leaves the commit to its caller."""

import random
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, TrustScope, require_bound
from tenants.plan.actions import PlanError, action_of_current_plan
from tenants.plan.models import PlanAction, PlanAnswer
from tenants.plan.verification.models import VerificationEvent, VerificationStep
from tenants.plan.verification.queries import Candidate, declared_met, last_step
from tenants.plan.verification.rules import NEEDS_COMMENT, STEP_NAMES, Side, may_take


def take_step(
    scope: SchoolScope,
    *,
    action_id: uuid.UUID,
    step: VerificationStep,
    side: Side,
    comment: str,
    made_by: uuid.UUID | None,
) -> VerificationEvent:
    """Writes a step about the answer that stands. Raises PlanError when it is not this side's to take now, or lacks words."""
    require_bound(scope)
    action_of_current_plan(scope, action_id)
    db.session.execute(
        select(PlanAction.id)
        .where(PlanAction.school_id == scope.school_id, PlanAction.id == action_id)
        .with_for_update()
    )
    before = last_step(scope, action_id)
    if not may_take(step, side=side, last=before.step if before else None):
        stands = STEP_NAMES[before.step] if before else "Not checked yet"
        raise PlanError(f"That cannot be done now. The action stands at: {stands}.")
    if step in NEEDS_COMMENT and not comment:
        raise PlanError("Say what is missing, so that the school knows what to do.")
    return _add(scope, action_id, step, comment, made_by)


def _add(
    scope: SchoolScope | TrustScope,
    action_id: uuid.UUID,
    step: VerificationStep,
    comment: str,
    made_by: uuid.UUID | None,
    *,
    school_id: uuid.UUID | None = None,
) -> VerificationEvent:
    school = scope.school_id if isinstance(scope, SchoolScope) else school_id
    answer_id = db.session.scalar(
        select(PlanAnswer.id).where(
            PlanAnswer.school_id == school, PlanAnswer.action_id == action_id, PlanAnswer.recorded_until.is_(None)
        )
    )
    event = VerificationEvent(
        school_id=school,
        action_id=action_id,
        answer_id=answer_id,
        step=step,
        comment=comment,
        made_by=made_by,
        created_at=datetime.now(UTC),
    )
    db.session.add(event)
    db.session.flush()
    return event


def draw_sample(
    scope: TrustScope, *, each: int, weights: Mapping[uuid.UUID, int], chance: random.Random, made_by: uuid.UUID | None
) -> list[Candidate]:
    """Chooses up to `each` declared actions of every school, the doubtful likelier, and asks to see them.

    `weights` give the number of flags of an action; one without flags has weight 1, one with two has 3.
    """
    require_bound(scope)
    by_school: dict[uuid.UUID, list[Candidate]] = {}
    for candidate in declared_met(scope):
        by_school.setdefault(candidate.school_id, []).append(candidate)
    drawn = []
    for candidates in by_school.values():
        drawn += weighted(candidates, weights, chance)[:each]
    for candidate in drawn:
        _add(scope, candidate.action_id, VerificationStep.SAMPLED, "", made_by, school_id=candidate.school_id)
    return drawn


def weighted(
    candidates: Sequence[Candidate], flagged: Mapping[uuid.UUID, int], chance: random.Random
) -> list[Candidate]:
    """The candidates in a random order in which those with more flags tend to come first.

    Drawing by weight without putting back: the largest of u^(1/w) first (Efraimidis and Spirakis, 2006), w being one more
    than the number of flags.
    """
    keyed = [(chance.random() ** (1 / (1 + flagged.get(one.action_id, 0))), one) for one in candidates]
    return [one for _, one in sorted(keyed, key=lambda pair: -pair[0])]
