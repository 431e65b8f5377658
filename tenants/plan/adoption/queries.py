"""The plan that is there, as the rules take it; past adoptions; what was done since one."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, Scope, require_bound, within
from tenants.access.models import Account
from tenants.plan.adoption.rules import HeldAction, HeldAnswer
from tenants.plan.evidence.models import EvidenceUse
from tenants.plan.models import (
    ActionStatus,
    AdoptionKind,
    Edition,
    EditionAction,
    EditionDuty,
    EditionExpectation,
    EditionSection,
    Plan,
    PlanAction,
    PlanAdoption,
    PlanAnswer,
)
from tenants.plan.verification.models import VerificationEvent

UNDO_WITHIN = timedelta(days=14)


def held_actions(scope: SchoolScope, plan_id: uuid.UUID) -> list[HeldAction]:
    """All actions of the plan that were not removed, with their present answers, in order. One query."""
    require_bound(scope)
    rows = db.session.execute(
        select(PlanAction, EditionAction, PlanAnswer, EditionSection.key, EditionDuty.key, EditionExpectation.key)
        .join(EditionExpectation, EditionExpectation.id == PlanAction.expectation_id)
        .join(EditionDuty, EditionDuty.id == EditionExpectation.duty_id)
        .join(EditionSection, EditionSection.id == EditionDuty.section_id)
        .outerjoin(EditionAction, EditionAction.id == PlanAction.edition_action_id)
        .outerjoin(
            PlanAnswer,
            and_(
                PlanAnswer.school_id == PlanAction.school_id,
                PlanAnswer.action_id == PlanAction.id,
                PlanAnswer.recorded_until.is_(None),
            ),
        )
        .where(PlanAction.school_id == scope.school_id, PlanAction.plan_id == plan_id, PlanAction.removed_at.is_(None))
        .order_by(PlanAction.position, PlanAction.id)
    )
    return [
        HeldAction(
            id=action.id,
            key=wording.key if wording else None,
            wording=wording.wording if wording else action.own_wording or "",
            roles=tuple(wording.roles if wording else action.own_roles),
            measure=action.measure,
            target_percent=action.target_percent,
            recurs_months=action.recurs_months,
            theme=action.theme,
            section_key=section,
            duty_key=duty,
            expectation_key=expectation,
            answer=held_answer(answer),
        )
        for action, wording, answer, section, duty, expectation in rows
    ]


def held_answer(row: PlanAnswer | None) -> HeldAnswer:
    if row is None:
        return HeldAnswer()
    return HeldAnswer(
        status=row.status,
        override_reason=row.override_reason,
        owner_role=row.owner_role,
        owner_id=row.owner_id,
        due_on=row.due_on,
        note=row.note,
        local_wording=row.local_wording,
        confirmed_on=row.confirmed_on,
        review_on=row.review_on,
        awaits_confirmation=row.awaits_confirmation,
    )


@dataclass(frozen=True)
class PastAdoption:
    """An adoption as a list shows it. `undo_until` is the end of the time in which it can be taken back."""

    id: uuid.UUID
    school_id: uuid.UUID
    kind: AdoptionKind
    edition: str
    from_edition: str
    made_at: datetime
    made_by: str | None
    to_plan_id: uuid.UUID
    from_plan_id: uuid.UUID
    undone_at: datetime | None

    @property
    def undo_until(self) -> datetime:
        return self.made_at + UNDO_WITHIN


def adoptions(scope: Scope, *, batch_id: uuid.UUID | None = None) -> list[PastAdoption]:
    """The scope's adoptions, the latest first; with `batch_id`, those of one roll-out of the trust."""
    require_bound(scope)
    before, edition_before = aliased(Plan), aliased(Edition)
    query = (
        select(PlanAdoption, Edition.title, edition_before.title, Account.name)
        .join(Plan, Plan.id == PlanAdoption.to_plan_id)
        .join(Edition, Edition.id == Plan.edition_id)
        .join(before, before.id == PlanAdoption.from_plan_id)
        .join(edition_before, edition_before.id == before.edition_id)
        .outerjoin(Account, Account.id == PlanAdoption.made_by)
        .where(within(scope, PlanAdoption.school_id))
        .order_by(PlanAdoption.created_at.desc(), PlanAdoption.id)
    )
    if batch_id is not None:
        query = query.where(PlanAdoption.batch_id == batch_id)
    return [
        PastAdoption(
            id=row.id,
            school_id=row.school_id,
            kind=row.kind,
            edition=edition,
            from_edition=earlier,
            made_at=row.created_at,
            made_by=name,
            to_plan_id=row.to_plan_id,
            from_plan_id=row.from_plan_id,
            undone_at=row.undone_at,
        )
        for row, edition, earlier, name in db.session.execute(query)
    ]


def work_since(scope: SchoolScope, adoption: PlanAdoption) -> list[str]:
    """The wordings of the actions on which anybody did anything after the adoption: answered, added, shown, checked."""
    require_bound(scope)
    moment = adoption.created_at
    answered = select(PlanAnswer.action_id).where(
        PlanAnswer.school_id == scope.school_id, PlanAnswer.recorded_from > moment
    )
    shown = select(EvidenceUse.action_id).where(
        EvidenceUse.school_id == scope.school_id, or_(EvidenceUse.used_from > moment, EvidenceUse.used_until > moment)
    )
    checked = select(VerificationEvent.action_id).where(
        VerificationEvent.school_id == scope.school_id, VerificationEvent.created_at > moment
    )
    rows = db.session.execute(
        select(PlanAction.own_wording, EditionAction.wording)
        .outerjoin(EditionAction, EditionAction.id == PlanAction.edition_action_id)
        .where(
            PlanAction.school_id == scope.school_id,
            PlanAction.plan_id == adoption.to_plan_id,
            or_(
                PlanAction.id.in_(answered),
                PlanAction.id.in_(shown),
                PlanAction.id.in_(checked),
                PlanAction.created_at > moment,
                PlanAction.removed_at > moment,
            ),
        )
        .order_by(PlanAction.position)
    )
    return [own or wording or "" for own, wording in rows]


def predecessors(scope: SchoolScope, action_id: uuid.UUID) -> list[uuid.UUID]:
    """The action and what it was in the plans before, the latest first."""
    require_bound(scope)
    chain = (
        select(PlanAction.id, PlanAction.carried_from_id, db.literal(0).label("step"))
        .where(PlanAction.school_id == scope.school_id, PlanAction.id == action_id)
        .cte("chain", recursive=True)
    )
    chain = chain.union_all(
        select(PlanAction.id, PlanAction.carried_from_id, chain.c.step + 1).where(
            PlanAction.school_id == scope.school_id, PlanAction.id == chain.c.carried_from_id
        )
    )
    return list(db.session.scalars(select(chain.c.id).order_by(chain.c.step)))


def answer_before(scope: SchoolScope, action_id: uuid.UUID) -> tuple[str, PlanAnswer] | None:
    """The wording and the last answer of the action that this one came from; none where nobody had answered it."""
    require_bound(scope)
    successor = aliased(PlanAction)
    row = db.session.execute(
        select(PlanAction.own_wording, EditionAction.wording, PlanAnswer)
        .join(successor, and_(successor.school_id == PlanAction.school_id, successor.carried_from_id == PlanAction.id))
        .outerjoin(EditionAction, EditionAction.id == PlanAction.edition_action_id)
        .join(
            PlanAnswer,
            and_(
                PlanAnswer.school_id == PlanAction.school_id,
                PlanAnswer.action_id == PlanAction.id,
                PlanAnswer.recorded_until.is_(None),
            ),
        )
        .where(
            PlanAction.school_id == scope.school_id,
            successor.id == action_id,
            PlanAnswer.status != ActionStatus.NOT_ANSWERED,
        )
    ).one_or_none()
    return None if row is None else (row[0] or row[1] or "", row[2])
