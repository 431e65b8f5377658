"""That somebody who may change a plan looked at it: once a day for each person.

Looking is a GET, whose transaction changes nothing; this one line is written in a transaction of its own.
"""

import uuid
from datetime import date

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from prevent_trust.database import db, new_id
from prevent_trust.tenancy import SchoolScope
from tenants.plan.models import PlanOpening


def note_opening(*, school_id: uuid.UUID, account_id: uuid.UUID, day: date) -> None:
    """Notes it once; a second look on the same day only reads."""
    there = select(PlanOpening.id).where(
        PlanOpening.school_id == school_id, PlanOpening.account_id == account_id, PlanOpening.opened_on == day
    )
    if db.session.scalar(there) is not None:
        return
    with db.engine.begin() as connection:
        stamp = SchoolScope(school_id).stamp
        connection.execute(text("select set_config('prevent.scope', :stamp, true)"), {"stamp": stamp})
        connection.execute(
            insert(PlanOpening)
            .values(id=new_id(), school_id=school_id, account_id=account_id, opened_on=day)
            .on_conflict_do_nothing()
        )
