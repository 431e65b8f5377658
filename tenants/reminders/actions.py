"""What people do about reminders: chase by hand, change rules, stop them, let somebody stand in."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from prevent_trust.database import db, new_id
from prevent_trust.mail import queue_mail
from prevent_trust.mail_templates import render_mail
from prevent_trust.tenancy import SchoolScope, TrustScope, require_bound
from tenants.reminders.models import Delegation, Reminder, ReminderKind, ReminderRule, ReminderStop
from tenants.reminders.queries import Lead, people_who_can_stand_in
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


def change_rule(
    scope: SchoolScope | TrustScope, *, key: str, values: Mapping[str, Any], changed_by: uuid.UUID | None
) -> None:
    """Sets what the school or trust wants otherwise than what stands above it; nothing at all takes its change back."""
    require_bound(scope)
    reset_rule(scope, key=key)
    if values:
        db.session.add(ReminderRule(key=key, changed_by=changed_by, **_place(scope), **values))
        db.session.flush()


def reset_rule(scope: SchoolScope | TrustScope, *, key: str) -> None:
    require_bound(scope)
    db.session.execute(delete(ReminderRule).where(ReminderRule.key == key, *_is_of(scope, ReminderRule)))


def stop_reminders(scope: SchoolScope, *, person: uuid.UUID, rule: str) -> None:
    """The person gets no more of the rule's reminders about the school; "all" stands for every rule."""
    require_bound(scope)
    values = {"id": new_id(), "school_id": scope.school_id, "person": person, "rule": rule}
    db.session.execute(insert(ReminderStop).values(values).on_conflict_do_nothing())


def take_stop_back(scope: SchoolScope, *, person: uuid.UUID, rule: str) -> None:
    require_bound(scope)
    db.session.execute(
        delete(ReminderStop).where(
            ReminderStop.school_id == scope.school_id, ReminderStop.person == person, ReminderStop.rule == rule
        )
    )


class DelegationProblem(Exception):
    """What cannot be, in a sentence for the person who asked."""


def delegate(
    scope: SchoolScope | TrustScope,
    *,
    account_id: uuid.UUID,
    to_account_id: uuid.UUID,
    from_on: date,
    until_on: date,
    today: date,
) -> Delegation:
    """From one day to another, both included, somebody's reminders of the place go to another of its people.

    An earlier word about the place ends. Raises DelegationProblem.
    """
    require_bound(scope)
    if until_on < from_on:
        raise DelegationProblem("The last day must be the first day or later")
    if until_on < today:
        raise DelegationProblem("The last day must be today or in the future")
    if to_account_id not in {account.id for account in people_who_can_stand_in(scope, account_id, today=today)}:
        raise DelegationProblem("Choose somebody who has access here too")
    end_delegation(scope, account_id=account_id)
    made = Delegation(
        account_id=account_id, to_account_id=to_account_id, from_on=from_on, until_on=until_on, **_place(scope)
    )
    db.session.add(made)
    db.session.flush()
    return made


def end_delegation(scope: SchoolScope | TrustScope, *, account_id: uuid.UUID) -> None:
    """Whoever stood in does so no longer."""
    require_bound(scope)
    rows = db.session.scalars(
        select(Delegation).where(
            Delegation.account_id == account_id, Delegation.ended_at.is_(None), *_is_of(scope, Delegation)
        )
    )
    for row in rows:
        row.ended_at = datetime.now(UTC)
    db.session.flush()


def _place(scope: SchoolScope | TrustScope) -> dict[str, uuid.UUID]:
    return {"school_id": scope.school_id} if isinstance(scope, SchoolScope) else {"trust_id": scope.trust_id}


def _is_of(scope: SchoolScope | TrustScope, model: type[ReminderRule] | type[Delegation]) -> tuple[Any, ...]:
    if isinstance(scope, SchoolScope):
        return (model.school_id == scope.school_id,)
    return (model.trust_id == scope.trust_id,)
