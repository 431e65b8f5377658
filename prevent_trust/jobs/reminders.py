"""The reminders of a day, and what became of mails that were sent."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from flask import current_app
from sqlalchemy import select

from prevent_trust.config import Settings
from prevent_trust.database import db
from prevent_trust.jobs.ledger import request_job
from prevent_trust.jobs.registry import Progress, job
from prevent_trust.mail import record_bounce
from prevent_trust.queues import MAIL, REPORTS
from prevent_trust.signed_links import READING_LINK, STOP_LINK, signed_ids
from prevent_trust.tenancy import AuthorityScope, PlatformScope, RecipientScope, bind_scope
from tenants.organisations.models import LocalAuthority
from tenants.reminders.ledger import plan_lines, recipients_without_mail, settle, write_digest
from tenants.reminders.rules import LONDON, day_of_reminders

DIGESTS_BETWEEN_REPORTS = 50


def request_reminders(now: datetime) -> uuid.UUID | None:
    """Asks for the day's reminders, once; none before seven in the morning. Needs the platform's scope."""
    day = day_of_reminders(now)
    if day is None:
        return None
    return request_job(
        "send_reminders",
        scope=PlatformScope(),
        title=f"Reminders of {day}",
        arguments={"day": day.isoformat()},
        once_key=f"send_reminders:{day}",
    )


@job("send_reminders", queue=REPORTS)
def send_reminders(*, progress: Progress, day: str) -> dict[str, Any]:
    """Plans by area, then writes a digest for each mailbox; each area and each mailbox in a scope and transaction of its own.

    Killed anywhere, it goes on where it stopped. A job that was asked for on a day and comes to be done later does the
    reminders of the day on which it is done: what was missed is caught up by one digest, not by one for each day.
    """
    today = max(date.fromisoformat(day), england_today())
    scopes = [AuthorityScope(key) for key in _authorities()]
    lines = 0
    for number, scope in enumerate(scopes, start=1):
        bind_scope(scope)
        lines += plan_lines(scope, day=today)
        db.session.commit()
        progress(number, len(scopes), f"{lines:,} lines planned")
    digests = _write_digests(scopes, today, progress)
    bind_scope(PlatformScope())
    # Also when this run wrote nothing: one that was killed before it could ask may have.
    request_job("deliver_mail", scope=PlatformScope(), title="Send reminders")
    return {"day": today.isoformat(), "lines": lines, "digests": digests}


def _authorities() -> Sequence[uuid.UUID]:
    return db.session.scalars(select(LocalAuthority.id).order_by(LocalAuthority.code)).all()


def _write_digests(scopes: Sequence[AuthorityScope], today: date, progress: Progress) -> int:
    settings: Settings = current_app.extensions["settings"]
    written = 0
    for scope in scopes:
        bind_scope(scope)
        recipients = recipients_without_mail(scope)
        db.session.commit()
        for recipient in recipients:
            mailbox = RecipientScope(recipient)
            bind_scope(mailbox)
            written += write_digest(
                mailbox, day=today, base_url=settings.base_url, stop_link=stop_link, reading_link=reading_link
            )
            db.session.commit()
            if written % DIGESTS_BETWEEN_REPORTS == 1:
                progress(len(scopes), len(scopes), f"{written:,} digests written")
    return written


def stop_link(people: Sequence[tuple[uuid.UUID, uuid.UUID]], rule: str) -> str:
    """Where somebody stops a rule's reminders: the pairs of school and person are signed, so only they can be named."""
    settings: Settings = current_app.extensions["settings"]
    token = signed_ids(STOP_LINK, *(key for pair in people for key in pair))
    return f"{settings.base_url}/reminders/stop/{token}/{rule}"


def reading_link(school_id: uuid.UUID, link_id: uuid.UUID) -> str:
    """Where somebody reads and confirms, by the link of a campaign."""
    settings: Settings = current_app.extensions["settings"]
    return f"{settings.base_url}/read/{signed_ids(READING_LINK, school_id, link_id)}"


def england_today() -> date:
    return datetime.now(LONDON).date()


@job("record_bounce", queue=MAIL)
def record_bounced(*, progress: Progress, mail_id: str, problem: str, lasting: bool) -> dict[str, Any]:
    """Notes that a mail came back, also on the lines that it carried."""
    known = record_bounce(uuid.UUID(mail_id), problem=problem, lasting=lasting, settled=settle)
    return {"known": known}
