"""Who was given a slip, and what it opens."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.reading.campaigns import OpenedLink, opened
from tenants.reading.models import ReadingCampaign
from tenants.reading.sheets.models import MOST_TRIES, ReadingSlip


@dataclass(frozen=True)
class GivenSlip:
    """When somebody's slip was printed, and whether too many wrong PINs have locked it."""

    at: datetime
    is_locked: bool


def slips_given(scope: SchoolScope, edition_id: uuid.UUID) -> dict[uuid.UUID, GivenSlip]:
    """The slips of the running campaign about an edition that have not been ended, by member of staff."""
    require_bound(scope)
    rows = db.session.execute(
        select(ReadingSlip.staff_id, ReadingSlip.created_at, ReadingSlip.tries)
        .join(
            ReadingCampaign,
            (ReadingCampaign.school_id == ReadingSlip.school_id) & (ReadingCampaign.id == ReadingSlip.campaign_id),
        )
        .where(
            ReadingSlip.school_id == scope.school_id,
            ReadingSlip.ended_at.is_(None),
            ReadingCampaign.document_edition_id == edition_id,
            ReadingCampaign.withdrawn_at.is_(None),
        )
    )
    return {row.staff_id: GivenSlip(row.created_at, row.tries >= MOST_TRIES) for row in rows}


def opened_by_slip(scope: SchoolScope, slip_id: uuid.UUID, *, today: date) -> OpenedLink | None:
    """What the slip leads to; none once it was ended."""
    require_bound(scope)
    slip = db.session.execute(
        select(ReadingSlip.campaign_id, ReadingSlip.staff_id).where(
            ReadingSlip.school_id == scope.school_id, ReadingSlip.id == slip_id, ReadingSlip.ended_at.is_(None)
        )
    ).one_or_none()
    return opened(scope, campaign_id=slip.campaign_id, staff_id=slip.staff_id, today=today) if slip else None
