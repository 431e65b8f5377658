"""Writing reminders: the ledger's row and its mail together, once for each person and period."""

import uuid
from collections.abc import Sequence

from sqlalchemy.dialects.postgresql import insert

from prevent_trust.database import db, new_id
from prevent_trust.mail import queue_mail
from prevent_trust.mail_templates import render_mail
from prevent_trust.tenancy import SchoolScope, TrustScope, require_bound
from tenants.reminders.models import Reminder, ReminderKind
from tenants.reminders.queries import Lead
from tenants.reminders.rules import Reason


def remind(
    scope: SchoolScope | TrustScope,
    *,
    school_id: uuid.UUID,
    school_name: str,
    lead: Lead,
    kind: ReminderKind,
    period: str,
    reasons: Sequence[Reason],
    base_url: str,
    sent_by: uuid.UUID | None = None,
    sender_name: str = "",
    message: str = "",
) -> bool:
    """Writes the reminder and its mail, unless the ledger has one for this school, person, kind and period.

    Both are in the transaction under way and become real together. When two workers write the same reminder at once,
    the second waits for the first, finds it there and takes its own mail back. Returns whether one was written.
    """
    require_bound(scope)
    page = f"{base_url}/schools/{school_id}"
    content = render_mail(
        kind.value,
        name=lead.name,
        school=school_name,
        reasons=[(reason.words, f"{page}{reason.page}") for reason in reasons],
        overview=page,
        sender=sender_name,
        message=message,
    )
    with db.session.begin_nested() as savepoint:
        mail = queue_mail(
            scope=SchoolScope(school_id).stamp,
            kind=kind.value,
            to_address=lead.email,
            to_name=lead.name,
            subject=content.subject,
            plain=content.plain,
            html=content.html,
        )
        written = db.session.scalar(
            insert(Reminder)
            .values(
                id=new_id(),
                school_id=school_id,
                account_id=lead.account_id,
                kind=kind,
                period=period,
                reasons=[reason.as_json() for reason in reasons],
                mail_id=mail.id,
                sent_by=sent_by,
            )
            .on_conflict_do_nothing()
            .returning(Reminder.id)
        )
        if written is None:
            savepoint.rollback()
    return written is not None
