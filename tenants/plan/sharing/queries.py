"""Links to a plan with when they were opened, and packs."""

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.access.models import Account
from tenants.plan.sharing.models import InspectionPack, PackState, PlanShare, PlanShareOpening


@dataclass(frozen=True)
class ShareLine:
    """A link in the list: who made it, and when it was opened, the latest first."""

    share: PlanShare
    made_by: str | None
    opened: tuple[datetime, ...]

    @property
    def is_open(self) -> bool:
        return is_open(self.share)


def is_open(share: PlanShare) -> bool:
    """Whether the link still shows the plan."""
    return share.withdrawn_at is None and share.expires_at > datetime.now(UTC)


def shares_of(scope: SchoolScope) -> list[ShareLine]:
    """The school's links, the latest first. Two queries."""
    require_bound(scope)
    opened: dict[uuid.UUID, list[datetime]] = defaultdict(list)
    for share_id, moment in db.session.execute(
        select(PlanShareOpening.share_id, PlanShareOpening.created_at)
        .where(PlanShareOpening.school_id == scope.school_id)
        .order_by(PlanShareOpening.created_at.desc())
    ):
        opened[share_id].append(moment)
    rows = db.session.execute(
        select(PlanShare, Account.name)
        .outerjoin(Account, Account.id == PlanShare.made_by)
        .where(PlanShare.school_id == scope.school_id)
        .order_by(PlanShare.created_at.desc(), PlanShare.id.desc())
    )
    return [ShareLine(share, name, tuple(opened[share.id])) for share, name in rows]


def share_by_id(scope: SchoolScope, share_id: uuid.UUID) -> PlanShare | None:
    require_bound(scope)
    return db.session.scalar(select(PlanShare).where(PlanShare.school_id == scope.school_id, PlanShare.id == share_id))


def packs_of(scope: SchoolScope) -> list[InspectionPack]:
    """The school's packs, the latest first; those whose file is forgotten as well."""
    require_bound(scope)
    return list(
        db.session.scalars(
            select(InspectionPack)
            .where(InspectionPack.school_id == scope.school_id)
            .order_by(InspectionPack.created_at.desc(), InspectionPack.id.desc())
        )
    )


def pack_by_id(scope: SchoolScope, pack_id: uuid.UUID) -> InspectionPack | None:
    require_bound(scope)
    return db.session.scalar(
        select(InspectionPack).where(InspectionPack.school_id == scope.school_id, InspectionPack.id == pack_id)
    )


def is_ready(pack: InspectionPack) -> bool:
    return pack.state is PackState.READY and pack.storage_key is not None
