"""Making and withdrawing links to a plan, noting that one was opened, asking for a pack. Each flushes; the caller commits."""

import uuid
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import event, select

from prevent_trust.database import db
from prevent_trust.storage import Storage
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.plan.actions import PlanError
from tenants.plan.queries import current_plan
from tenants.plan.sharing.models import InspectionPack, PackState, PlanShare, PlanShareOpening

LONGEST_DAYS = 90


def share_plan(
    scope: SchoolScope, *, reader: str, days: int, as_at: date | None, made_by: uuid.UUID | None
) -> PlanShare:
    """A link to read the plan for some days. Raises PlanError for a school without a plan or more than 90 days."""
    require_bound(scope)
    if current_plan(scope) is None:
        raise PlanError("The school has no plan to share yet.")
    if not 1 <= days <= LONGEST_DAYS:
        raise PlanError(f"Choose between 1 and {LONGEST_DAYS} days.")
    share = PlanShare(
        school_id=scope.school_id,
        reader=reader,
        as_at=as_at,
        expires_at=datetime.now(UTC) + timedelta(days=days),
        made_by=made_by,
    )
    db.session.add(share)
    db.session.flush()
    return share


def withdraw_share(scope: SchoolScope, *, share_id: uuid.UUID) -> bool:
    """Ends a link at once. False when there is none, or it was withdrawn before."""
    require_bound(scope)
    share = db.session.scalar(
        select(PlanShare).where(
            PlanShare.school_id == scope.school_id, PlanShare.id == share_id, PlanShare.withdrawn_at.is_(None)
        )
    )
    if share is None:
        return False
    share.withdrawn_at = datetime.now(UTC)
    db.session.flush()
    return True


def note_share_opened(scope: SchoolScope, *, share_id: uuid.UUID) -> None:
    require_bound(scope)
    db.session.add(PlanShareOpening(school_id=scope.school_id, share_id=share_id))
    db.session.flush()


def ask_for_pack(scope: SchoolScope, *, as_at: date, requested_by: uuid.UUID | None) -> InspectionPack:
    """The record of a pack that a job is to make."""
    require_bound(scope)
    pack = InspectionPack(school_id=scope.school_id, as_at=as_at, requested_by=requested_by)
    db.session.add(pack)
    db.session.flush()
    return pack


def forget_pack(scope: SchoolScope, *, pack_id: uuid.UUID, storage: Storage) -> bool:
    """Deletes the file of a pack once that is committed; what it held stays listed. False when it has no file."""
    require_bound(scope)
    pack = db.session.scalar(
        select(InspectionPack).where(
            InspectionPack.school_id == scope.school_id,
            InspectionPack.id == pack_id,
            InspectionPack.state == PackState.READY,
        )
    )
    if pack is None or pack.storage_key is None:
        return False
    key = pack.storage_key
    pack.state, pack.storage_key = PackState.FORGOTTEN, None
    db.session.flush()
    event.listen(db.session(), "after_commit", lambda session: storage.delete(key), once=True)
    return True


def forget_old_packs(scope: SchoolScope, *, before: datetime, storage: Storage) -> int:
    """Deletes the files of packs made before a moment. Returns how many."""
    require_bound(scope)
    old = db.session.scalars(
        select(InspectionPack.id).where(
            InspectionPack.school_id == scope.school_id,
            InspectionPack.state == PackState.READY,
            InspectionPack.created_at < before,
        )
    ).all()
    return sum(forget_pack(scope, pack_id=pack_id, storage=storage) for pack_id in old)
