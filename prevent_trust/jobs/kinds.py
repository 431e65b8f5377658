"""Every kind of job: thin entry points over one domain call each."""

from typing import Any

from flask import current_app

from prevent_trust.config import Settings
from prevent_trust.jobs import (  # noqa: F401  # register theirs
    certificates,
    completions,
    demo,
    gias,
    plan,
    plan_document,
    releases,
    reminders,
    sources,
    staff,
)
from prevent_trust.jobs.registry import Progress, job
from prevent_trust.mail import deliver_mail
from prevent_trust.queues import MAIL
from tenants.reminders.ledger import settle


@job("deliver_mail", queue=MAIL)
def deliver(*, progress: Progress) -> dict[str, Any]:
    settings: Settings = current_app.extensions["settings"]
    sender = current_app.extensions["mail_sender"]
    return {"delivered": deliver_mail(sender=sender, mail_from=settings.mail_from, settled=settle, beat=progress)}
