"""The weekly digests."""

import uuid
from datetime import datetime
from typing import Any

from flask import current_app

from prevent_trust.config import Settings
from prevent_trust.database import db
from prevent_trust.jobs.ledger import request_job
from prevent_trust.jobs.registry import Progress, job
from prevent_trust.queues import REPORTS
from prevent_trust.tenancy import PlatformScope, SchoolScope, bind_scope
from tenants.insights.due import due_by_school
from tenants.insights.subjects import titles_of_subjects
from tenants.organisations.models import School
from tenants.reminders.actions import remind
from tenants.reminders.models import ReminderKind
from tenants.reminders.queries import leads_of, reminded, schools_with_a_lead
from tenants.reminders.rules import LONDON, digest_week, reasons_for

SCHOOLS_BETWEEN_REPORTS = 20


def request_weekly_digests(now: datetime) -> uuid.UUID | None:
    """Asks for this week's digests, once; none before their time. Needs the platform's scope."""
    week = digest_week(now)
    if week is None:
        return None
    return request_job(
        "weekly_digests",
        scope=PlatformScope(),
        title=f"Weekly digests, {week}",
        arguments={"week": week},
        once_key=f"weekly_digests:{week}",
    )


@job("weekly_digests", queue=REPORTS)
def weekly_digests(*, progress: Progress, week: str) -> dict[str, Any]:
    """One school after the other, each in its own scope and transaction.

    Killed anywhere, it goes on where it stopped: a school whose digest is written is passed by.
    """
    today = datetime.now(LONDON).date()
    schools = schools_with_a_lead(today)
    titles = titles_of_subjects()
    written = 0
    for number, school_id in enumerate(schools, start=1):
        written += _digest_of(SchoolScope(school_id), week, titles)
        db.session.commit()
        if number % SCHOOLS_BETWEEN_REPORTS == 0 or number == len(schools):
            progress(number, len(schools), f"{written:,} digests written")
    bind_scope(PlatformScope())
    # Also when this run wrote nothing: one that was killed before it could ask may have.
    request_job("deliver_mail", scope=PlatformScope(), title="Send digests")
    return {"week": week, "schools": len(schools), "written": written}


def _digest_of(scope: SchoolScope, week: str, titles: dict[str, str]) -> int:
    settings: Settings = current_app.extensions["settings"]
    today = datetime.now(LONDON).date()
    bind_scope(scope)
    done = reminded(scope, kind=ReminderKind.WEEKLY_DIGEST, period=week)
    leads = [
        lead
        for lead in leads_of(scope, today=today).get(scope.school_id, [])
        if (scope.school_id, lead.account_id) not in done
    ]
    if not leads:
        return 0
    reasons = reasons_for(due_by_school(scope, as_at=today)[scope.school_id], titles, to_the_school=True)
    if not reasons:
        return 0
    name = db.session.get_one(School, scope.school_id).name
    return sum(
        remind(
            scope,
            school_id=scope.school_id,
            school_name=name,
            lead=lead,
            kind=ReminderKind.WEEKLY_DIGEST,
            period=week,
            reasons=reasons,
            base_url=settings.base_url,
        )
        for lead in leads
    )
