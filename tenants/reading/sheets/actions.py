"""Making slips, ending them, and opening one with its PIN. Each flushes; the caller commits."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache

from sqlalchemy import func, select, update

from prevent_trust.database import db, new_id
from prevent_trust.passwords import hashed, is_hashed
from prevent_trust.tenancy import SchoolScope, bind_scope, require_bound
from tenants.reading.campaigns import CampaignError, begin_campaign
from tenants.reading.models import ReadingCampaign
from tenants.reading.queries import DocumentInForce
from tenants.reading.sheets.models import MOST_TRIES, ReadingSlip
from tenants.reading.sheets.secrets import code_hash, new_code, new_pin, pin_digits
from tenants.staff.models import StaffMember

MOST_AT_ONCE = 40  # each PIN takes a quarter of a second to hash


@dataclass(frozen=True)
class Slip:
    """What is printed for one person. Nothing else holds the code and the PIN."""

    staff_id: uuid.UUID
    name: str
    code: str
    pin: str


def make_slips(
    scope: SchoolScope,
    *,
    document: DocumentInForce,
    people: Sequence[StaffMember],
    due_on: date,
    today: date,
    made_by: uuid.UUID | None,
) -> list[Slip]:
    """A slip for each of the people, which ends the one that they had before. They expire with the running campaign.

    A later day moves the campaign's. Two at once: the second waits for the first, and its slips count. Raises
    CampaignError for a day that cannot be, for nobody, and for more people than are made at once.
    """
    require_bound(scope)
    if not people:
        raise CampaignError("Choose at least one person")
    if len(people) > MOST_AT_ONCE:
        raise CampaignError(f"Choose at most {MOST_AT_ONCE} people, print, and then choose the others")
    campaign_id = begin_campaign(scope, edition_id=document.edition_id, due_on=due_on, today=today, made_by=made_by)
    _end(scope, ReadingSlip.campaign_id == campaign_id, ReadingSlip.staff_id.in_([person.id for person in people]))
    slips = [Slip(person.id, person.full_name, new_code(), new_pin()) for person in people]
    db.session.add_all(
        ReadingSlip(
            id=new_id(),
            school_id=scope.school_id,
            campaign_id=campaign_id,
            staff_id=slip.staff_id,
            address_sha256=code_hash(slip.code),
            pin_hash=hashed(slip.pin),
            made_by=made_by,
        )
        for slip in slips
    )
    db.session.flush()
    return slips


def withdraw_slips(scope: SchoolScope, *, edition_id: uuid.UUID) -> int:
    """Ends the slips of the running campaign at once; links that were mailed go on. Returns how many there were."""
    require_bound(scope)
    running = select(ReadingCampaign.id).where(
        ReadingCampaign.school_id == scope.school_id, ReadingCampaign.document_edition_id == edition_id
    )
    return _end(scope, ReadingSlip.campaign_id.in_(running))


def _end(scope: SchoolScope, *which: object) -> int:
    ended = db.session.scalars(
        update(ReadingSlip)
        .where(ReadingSlip.school_id == scope.school_id, ReadingSlip.ended_at.is_(None), *which)  # type: ignore[arg-type]  # conditions
        .values(ended_at=datetime.now(UTC))
        .returning(ReadingSlip.id)
    ).all()
    return len(ended)


@dataclass(frozen=True)
class OpenSlip:
    """A slip that its PIN opened."""

    school_id: uuid.UUID
    slip_id: uuid.UUID


def open_slip(code: str, pin: str) -> OpenSlip | None:
    """The slip of that address, when the PIN is its own. None, after the same work, whatever else is the case.

    Each PIN is counted before it is looked at, in one statement: however many are given at once, five wrong ones are the
    most that a slip hears before it opens nothing any more. Binds the slip's school.
    """
    sha256 = code_hash(code)
    # Without a tenant: row-level security shows the one slip whose hash the transaction names.
    db.session.execute(select(func.set_config("prevent.slip", sha256, True)))
    found = db.session.execute(
        select(ReadingSlip.id, ReadingSlip.school_id).where(ReadingSlip.address_sha256 == sha256)
    ).one_or_none()
    kept = None
    if found is not None:
        bind_scope(SchoolScope(found.school_id))
        kept = _count_a_try(SchoolScope(found.school_id), found.id)
    is_right = is_hashed(pin_digits(pin), kept or _nobodys_pin())
    if found is None or kept is None or not is_right:
        return None
    db.session.execute(
        update(ReadingSlip).where(ReadingSlip.school_id == found.school_id, ReadingSlip.id == found.id).values(tries=0)
    )
    return OpenSlip(found.school_id, found.id)


def _count_a_try(scope: SchoolScope, slip_id: uuid.UUID) -> str | None:
    """The hash to compare with; none when the slip has ended or has heard its five. Its row stays locked until the end."""
    require_bound(scope)
    return db.session.scalar(
        update(ReadingSlip)
        .where(
            ReadingSlip.school_id == scope.school_id,
            ReadingSlip.id == slip_id,
            ReadingSlip.ended_at.is_(None),
            ReadingSlip.tries < MOST_TRIES,
        )
        .values(tries=ReadingSlip.tries + 1)
        .returning(ReadingSlip.pin_hash)
    )


@lru_cache(maxsize=1)
def _nobodys_pin() -> str:
    """What is compared with where there is no slip, so that the answer takes as long."""
    return hashed("nobody's")
