"""Adoption for many schools of a trust: which of them, one at a time, and what became of it."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, TrustScope, require_bound, within
from tenants.organisations.models import School
from tenants.plan.adoption.actions import adopt
from tenants.plan.models import AdoptionKind, Edition, EditionSource, Plan, PlanAdoption, PlanPeriod


@dataclass(frozen=True)
class SchoolPlan:
    """What a school of the trust works with now; nothing where it has no plan."""

    school_id: uuid.UUID
    school: str
    edition_id: uuid.UUID | None
    edition: str | None
    source: EditionSource | None
    academic_year: int | None


def plans_of_trust(scope: TrustScope) -> list[SchoolPlan]:
    """Every school of the trust with its current edition, by name. One query."""
    require_bound(scope)
    rows = db.session.execute(
        select(School.id, School.name, Edition.id, Edition.title, Edition.source, Plan.academic_year)
        .outerjoin(PlanPeriod, (PlanPeriod.school_id == School.id) & PlanPeriod.current_until.is_(None))
        .outerjoin(Plan, (Plan.school_id == PlanPeriod.school_id) & (Plan.id == PlanPeriod.plan_id))
        .outerjoin(Edition, Edition.id == Plan.edition_id)
        .where(within(scope, School.id))
        .order_by(School.name, School.id)
    )
    return [SchoolPlan(*row) for row in rows]


def schools_to_adopt(scope: TrustScope, wanted: Collection[uuid.UUID]) -> list[uuid.UUID]:
    """Those of the wanted schools that are in the trust now, in a fixed order."""
    require_bound(scope)
    return list(
        db.session.scalars(
            select(School.id).where(within(scope, School.id), School.id.in_(list(wanted))).order_by(School.id)
        )
    )


def adopt_for_school(
    scope: SchoolScope,
    *,
    edition_id: uuid.UUID | None,
    kind: AdoptionKind,
    academic_year: int,
    batch_id: uuid.UUID,
    made_by: uuid.UUID | None,
    deadline: str | None = None,
) -> PlanAdoption:
    """Adopts for one school of a roll-out, once. Raises PlanError where the school cannot, such as one without a plan."""
    return adopt(
        scope,
        edition_id=edition_id,
        kind=kind,
        academic_year=academic_year,
        made_by=made_by,
        batch_id=batch_id,
        deadline=deadline,
    )
