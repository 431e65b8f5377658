"""How far the check of each action is."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.dialects.postgresql import distinct_on

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, Scope, require_bound, within
from tenants.access.models import Account
from tenants.plan.models import ActionStatus, EditionAction, PlanAction, PlanAnswer, PlanPeriod
from tenants.plan.verification.models import VerificationEvent, VerificationStep
from tenants.plan.verification.rules import OUTDATED, STEP_NAMES


@dataclass(frozen=True)
class Verification:
    """The last step of an action's check. `is_current` says that the answer is still the one that it was about."""

    school_id: uuid.UUID
    action_id: uuid.UUID
    step: VerificationStep
    comment: str
    at: datetime
    by: str | None
    is_current: bool

    @property
    def is_verified(self) -> bool:
        return self.step is VerificationStep.VERIFIED and self.is_current

    @property
    def words(self) -> str:
        return OUTDATED if self.step is VerificationStep.VERIFIED and not self.is_current else STEP_NAMES[self.step]


def verifications(scope: Scope, *, at: datetime | None = None) -> dict[uuid.UUID, Verification]:
    """The last step for each action of the scope's current plans that was ever checked, by action. One query.

    With a moment, the last step by then; whether the answer is the same is then asked of that moment as well.
    """
    require_bound(scope)
    standing: ColumnElement[bool] = PlanAnswer.recorded_until.is_(None)
    query = (
        select(VerificationEvent, Account.name, PlanAnswer)
        .outerjoin(Account, Account.id == VerificationEvent.made_by)
        .outerjoin(PlanAnswer, PlanAnswer.id == VerificationEvent.answer_id)
        .where(within(scope, VerificationEvent.school_id))
        .ext(distinct_on(VerificationEvent.action_id))
        .order_by(VerificationEvent.action_id, VerificationEvent.created_at.desc(), VerificationEvent.id.desc())
    )
    if at is not None:
        query = query.where(VerificationEvent.created_at <= at)
        standing = PlanAnswer.recorded_from <= at
    last = db.session.execute(query).all()
    now = {
        row.action_id: row
        for row in db.session.execute(
            select(PlanAnswer.action_id, PlanAnswer.status, PlanAnswer.override_reason)
            .ext(distinct_on(PlanAnswer.action_id))
            .where(
                within(scope, PlanAnswer.school_id),
                PlanAnswer.action_id.in_([event.action_id for event, *_ in last]),
                standing,
            )
            .order_by(PlanAnswer.action_id, PlanAnswer.recorded_from.desc())
        )
    }
    return {
        event.action_id: Verification(
            school_id=event.school_id,
            action_id=event.action_id,
            step=event.step,
            comment=event.comment,
            at=event.created_at,
            by=name,
            is_current=_says_the_same(answer, now.get(event.action_id)),
        )
        for event, name, answer in last
    }


def _says_the_same(then: PlanAnswer | None, now: object) -> bool:
    """A note or an owner may change; what is declared, and why, may not."""
    if then is None or now is None:
        return then is None and now is None
    return (then.status, then.override_reason) == (now.status, now.override_reason)  # type: ignore[attr-defined]  # a row


def last_step(scope: SchoolScope, action_id: uuid.UUID) -> VerificationEvent | None:
    require_bound(scope)
    return db.session.scalars(
        select(VerificationEvent)
        .where(VerificationEvent.school_id == scope.school_id, VerificationEvent.action_id == action_id)
        .order_by(VerificationEvent.created_at.desc(), VerificationEvent.id.desc())
        .limit(1)
    ).first()


def steps_of(
    scope: SchoolScope, action_ids: list[uuid.UUID], *, at: datetime | None = None
) -> list[tuple[VerificationEvent, str | None]]:
    """Every step for these actions with who took it, the latest first; with a moment, those taken by then."""
    require_bound(scope)
    rows = db.session.execute(
        select(VerificationEvent, Account.name)
        .outerjoin(Account, Account.id == VerificationEvent.made_by)
        .where(VerificationEvent.school_id == scope.school_id, VerificationEvent.action_id.in_(action_ids))
        .where(VerificationEvent.created_at < at if at is not None else db.true())
        .order_by(VerificationEvent.created_at.desc(), VerificationEvent.id.desc())
    )
    return [(row[0], row[1]) for row in rows]


@dataclass(frozen=True)
class Candidate:
    """An action that is declared met and that the trust could look at."""

    school_id: uuid.UUID
    action_id: uuid.UUID
    wording: str


def declared_met(scope: Scope) -> list[Candidate]:
    """Actions of the current plans that somebody declared met and that no check is under way for or has verified."""
    require_bound(scope)
    busy = {
        action_id
        for action_id, known in verifications(scope).items()
        if known.is_verified or known.step is not VerificationStep.VERIFIED
    }
    rows = db.session.execute(
        select(PlanAction.school_id, PlanAction.id, PlanAction.own_wording, EditionAction.wording)
        .join(
            PlanPeriod,
            and_(PlanPeriod.school_id == PlanAction.school_id, PlanPeriod.plan_id == PlanAction.plan_id),
        )
        .join(
            PlanAnswer,
            and_(PlanAnswer.school_id == PlanAction.school_id, PlanAnswer.action_id == PlanAction.id),
        )
        .outerjoin(EditionAction, EditionAction.id == PlanAction.edition_action_id)
        .where(
            within(scope, PlanAction.school_id),
            PlanPeriod.current_until.is_(None),
            PlanAction.removed_at.is_(None),
            PlanAnswer.recorded_until.is_(None),
            PlanAnswer.status == ActionStatus.MET,
        )
        .order_by(PlanAction.school_id, PlanAction.position)
    )
    return [Candidate(row[0], row[1], row[2] or row[3] or "") for row in rows if row[1] not in busy]


def wordings_of(scope: Scope, action_ids: list[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The wordings of those of the actions that are in a current plan."""
    require_bound(scope)
    rows = db.session.execute(
        select(PlanAction.id, PlanAction.own_wording, EditionAction.wording)
        .join(
            PlanPeriod,
            and_(PlanPeriod.school_id == PlanAction.school_id, PlanPeriod.plan_id == PlanAction.plan_id),
        )
        .outerjoin(EditionAction, EditionAction.id == PlanAction.edition_action_id)
        .where(within(scope, PlanAction.school_id), PlanAction.id.in_(action_ids), PlanPeriod.current_until.is_(None))
    )
    return {row[0]: row[1] or row[2] or "" for row in rows}
