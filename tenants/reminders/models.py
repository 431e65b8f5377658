"""What was sent to whom and why (the ledger), and what trusts, schools and people change about it.

`reminder` has the mails that a trust's lead sends by hand. `reminder_item` has everything that the rules sent: one row for
each thing, person and stage, which is why nothing is said twice; the mail that carried it hangs on it.
"""

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from prevent_trust.database import Record, check, closed_set
from prevent_trust.mail import OutgoingMail


class ReminderKind(StrEnum):
    CHASE = "chase"  # sent by the trust's safeguarding lead


class Reminder(Record):
    __tablename__ = "reminder"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    kind: Mapped[ReminderKind] = mapped_column(closed_set(ReminderKind, "kind"))
    period: Mapped[str]  # the day, e.g. 2026-11-23
    reasons: Mapped[list[dict[str, Any]]]
    mail_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("outgoing_mail.id"))
    sent_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    mail: Mapped[OutgoingMail] = relationship()

    __table_args__ = (
        UniqueConstraint("school_id", "account_id", "kind", "period"),
        Index("ix_reminder_mail_id", "mail_id"),
    )


class ReminderStart(Record):
    """Since when this installation has a rule that begins some days after it came: the day of its upgrade."""

    __tablename__ = "reminder_start"

    rule: Mapped[str]
    held_from: Mapped[date]

    __table_args__ = (UniqueConstraint("rule"),)


class ItemState(StrEnum):
    PLANNED = "planned"  # no mail is written yet
    WAITING = "waiting"
    SENT = "sent"
    KEPT = "kept"  # MAIL_URL=outbox: nothing is sent
    UNCERTAIN = "uncertain"  # handed over, and nobody knows whether it went
    REFUSED = "refused"
    BOUNCED = "bounced"


ITEM_STATE_NAMES = {
    ItemState.PLANNED: "Being written",
    ItemState.WAITING: "Waiting to be sent",
    ItemState.SENT: "Sent",
    ItemState.KEPT: "Kept, nothing is sent here",
    ItemState.UNCERTAIN: "Uncertain whether it went",
    ItemState.REFUSED: "Refused",
    ItemState.BOUNCED: "Came back",
}
DID_NOT_ARRIVE = (ItemState.REFUSED, ItemState.BOUNCED)


class ReminderItem(Record):
    """One thing that somebody is reminded of at one stage.

    `person` is the account or the member of staff whose business it is; `recipient` is made from the address that the mail
    goes to, so that one mailbox gets one digest. `state` repeats that of the mail, which holds words of other schools too
    and is therefore not for the school to read.
    """

    __tablename__ = "reminder_item"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    person: Mapped[uuid.UUID]
    rule: Mapped[str]
    thing: Mapped[str]
    stage: Mapped[str]
    day: Mapped[date]
    recipient: Mapped[uuid.UUID]
    to_address: Mapped[str]
    to_name: Mapped[str]
    instead_of: Mapped[str | None]  # the name of the person who is away
    because: Mapped[str]  # as what it is sent to them, e.g. "Prevent lead"
    escalated: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    words: Mapped[str]
    page: Mapped[str]
    state: Mapped[ItemState] = mapped_column(
        closed_set(ItemState, "state"), default=ItemState.PLANNED, server_default="planned"
    )
    problem: Mapped[str | None]
    mail_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("outgoing_mail.id"))

    __table_args__ = (
        UniqueConstraint("school_id", "person", "rule", "thing", "stage"),
        Index("ix_reminder_item_school_id_day", "school_id", "day"),
        Index("ix_reminder_item_recipient", "recipient", postgresql_where=text("mail_id is null")),
        Index("ix_reminder_item_mail_id", "mail_id", postgresql_where=text("mail_id is not null")),
    )


class ReminderRule(Record):
    """What a trust or a school changes about a rule (`rules.yaml`). A column that is null leaves what stands above it."""

    __tablename__ = "reminder_rule"

    key: Mapped[str]
    school_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("school.id"))
    trust_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trust.id"))
    active: Mapped[bool | None]
    days_before: Mapped[int | None]
    days_after: Mapped[int | None]
    every_days: Mapped[int | None]
    recipients: Mapped[list[str] | None]
    escalate_to: Mapped[str | None]  # a role, or "nobody"
    escalate_after: Mapped[int | None]
    at_most: Mapped[int | None]
    changed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    __table_args__ = (
        check("num_nonnulls(school_id, trust_id) = 1", "one_tenant"),
        check(
            "coalesce(days_before, 0) between 0 and 180 and coalesce(days_after, 0) between 0 and 180"
            " and coalesce(every_days, 0) between 0 and 180 and coalesce(escalate_after, 1) between 1 and 180"
            " and coalesce(at_most, 1) between 1 and 7",
            "in_range",
        ),
        UniqueConstraint("key", "school_id", "trust_id", postgresql_nulls_not_distinct=True),
        Index("ix_reminder_rule_school_id", "school_id"),
        Index("ix_reminder_rule_trust_id", "trust_id"),
    )


class ReminderStop(Record):
    """That somebody wants no more of a rule's reminders about a school; "all" stands for every rule."""

    __tablename__ = "reminder_stop"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    person: Mapped[uuid.UUID]
    rule: Mapped[str]

    __table_args__ = (UniqueConstraint("school_id", "person", "rule"),)


class Delegation(Record):
    """That somebody's reminders about a school, or about a trust's schools, go to another while they are away."""

    __tablename__ = "delegation"

    school_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("school.id"))
    trust_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trust.id"))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    to_account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    from_on: Mapped[date]
    until_on: Mapped[date]  # the last day
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        check("num_nonnulls(school_id, trust_id) = 1", "one_tenant"),
        check("until_on >= from_on", "until_after_from"),
        check("account_id <> to_account_id", "to_somebody_else"),
        Index("ix_delegation_school_id", "school_id"),
        Index("ix_delegation_trust_id", "trust_id"),
    )
