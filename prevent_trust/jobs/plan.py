"""Roll-outs of editions over a trust's schools, and packs for inspections."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app

from prevent_trust.database import db
from prevent_trust.jobs.registry import Progress, job
from prevent_trust.queues import REPORTS
from prevent_trust.tenancy import SchoolScope, TrustScope, bind_scope
from tenants.insights.inspection_pack import make_pack
from tenants.organisations.queries import names_of_organisations
from tenants.plan.actions import PlanError
from tenants.plan.adoption.actions import undo_adoption
from tenants.plan.adoption.queries import adoptions
from tenants.plan.adoption.rollout import adopt_for_school, schools_to_adopt
from tenants.plan.models import AdoptionKind
from tenants.plan.sharing.actions import forget_old_packs

LONDON = ZoneInfo("Europe/London")
KEPT_FOR = timedelta(days=30)


@job("adopt_for_trust", queue=REPORTS)
def adopt_for_trust(
    *,
    progress: Progress,
    trust_id: str,
    edition_id: str | None,
    kind: str,
    academic_year: int,
    school_ids: list[str],
    batch_id: str,
    made_by: str | None,
    deadline: str | None = None,
) -> dict[str, Any]:
    """One school after the other, each in its own scope and transaction.

    Killed anywhere, it goes on where it stopped: a school that has an adoption of this batch is passed by. A school that
    cannot adopt is named with the reason, and the others go on.
    """
    trust = TrustScope(uuid.UUID(trust_id))
    schools = schools_to_adopt(trust, [uuid.UUID(each) for each in school_ids])
    names = names_of_organisations(set(schools))
    refused: dict[str, str] = {}
    done = 0
    for number, school_id in enumerate(schools):
        progress(number, len(schools), names[school_id])
        bind_scope(SchoolScope(school_id))
        try:
            adopt_for_school(
                SchoolScope(school_id),
                edition_id=uuid.UUID(edition_id) if edition_id else None,
                kind=AdoptionKind(kind),
                academic_year=academic_year,
                batch_id=uuid.UUID(batch_id),
                made_by=uuid.UUID(made_by) if made_by else None,
                deadline=deadline,
            )
            db.session.commit()
            done += 1
        except PlanError as error:
            db.session.rollback()
            refused[names[school_id]] = str(error)
    bind_scope(trust)
    progress(len(schools), len(schools), "")
    return {"adopted": done, "refused": refused}


@job("undo_for_trust", queue=REPORTS)
def undo_for_trust(*, progress: Progress, trust_id: str, batch_id: str, made_by: str | None) -> dict[str, Any]:
    """Takes a roll-out back, one school after the other; a school that has worked since is named and left as it is."""
    trust = TrustScope(uuid.UUID(trust_id))
    todo = [each for each in adoptions(trust, batch_id=uuid.UUID(batch_id)) if each.undone_at is None]
    names = names_of_organisations({each.school_id for each in todo})
    refused: dict[str, str] = {}
    done = 0
    for number, each in enumerate(todo):
        progress(number, len(todo), names[each.school_id])
        scope = SchoolScope(each.school_id)
        bind_scope(scope)
        try:
            undo_adoption(scope, adoption_id=each.id, undone_by=uuid.UUID(made_by) if made_by else None)
            db.session.commit()
            done += 1
        except PlanError as error:
            db.session.rollback()
            refused[names[each.school_id]] = str(error)
    bind_scope(trust)
    progress(len(todo), len(todo), "")
    return {"undone": done, "refused": refused}


@job("make_inspection_pack", queue=REPORTS)
def make_inspection_pack(*, progress: Progress, school_id: str, pack_id: str) -> dict[str, Any]:
    scope = SchoolScope(uuid.UUID(school_id))
    storage = current_app.extensions["storage"]
    now = datetime.now(UTC)
    forget_old_packs(scope, storage=storage, before=now - KEPT_FOR)
    today = now.astimezone(LONDON).date()
    return make_pack(scope, uuid.UUID(pack_id), storage=storage, progress=progress, today=today)
