"""Who is reminded, and who was."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, TrustScope, require_bound, within
from tenants.access.models import Account, Membership, Role
from tenants.reminders.gather import facts_of
from tenants.reminders.models import (
    DID_NOT_ARRIVE,
    Delegation,
    ItemState,
    Reminder,
    ReminderItem,
    ReminderKind,
    ReminderRule,
    ReminderStop,
)
from tenants.reminders.planning import EVERY_RULE, Planned, plan_days
from tenants.reminders.rule_book import CONFIDENTIAL, Rule, rules_with


@dataclass(frozen=True)
class Lead:
    """Somebody who is a school's Prevent lead today and can sign in."""

    account_id: uuid.UUID
    name: str
    email: str


def leads_of(scope: SchoolScope | TrustScope, *, today: date) -> dict[uuid.UUID, list[Lead]]:
    """The Prevent leads of each school of the scope; schools without one are not in it."""
    require_bound(scope)
    rows = db.session.execute(
        select(Membership.school_id, Account.id, Account.name, Account.email)
        .join(Account, Account.id == Membership.account_id)
        .where(*_is_lead(today), within(scope, Membership.school_id))
        .order_by(Account.name, Account.id)
    )
    leads: dict[uuid.UUID, list[Lead]] = defaultdict(list)
    for school_id, account_id, name, email in rows:
        if school_id is not None:
            leads[school_id].append(Lead(account_id, name, email))
    return dict(leads)


def _is_lead(today: date) -> tuple[ColumnElement[bool], ...]:
    return (
        Membership.role == Role.PREVENT_LEAD,
        or_(Membership.ends_on.is_(None), Membership.ends_on >= today),
        Account.active.is_(True),
    )


def last_chased(scope: TrustScope) -> dict[uuid.UUID, datetime]:
    """When each school of the trust was last chased."""
    require_bound(scope)
    rows = db.session.execute(
        select(Reminder.school_id, func.max(Reminder.created_at))
        .where(within(scope, Reminder.school_id), Reminder.kind == ReminderKind.CHASE)
        .group_by(Reminder.school_id)
    )
    return {row[0]: row[1] for row in rows}


# Rules


@dataclass(frozen=True)
class RuleHere:
    """A rule as it holds at a school or for a trust's schools. `above` is what it would be without the own change."""

    rule: Rule
    above: Rule
    changed_here: bool
    changed_by_trust: bool


def rules_here(scope: SchoolScope | TrustScope) -> list[RuleHere]:
    """Every rule, in its order: what the product ships, changed by the trust, then by the school."""
    require_bound(scope)
    changes = db.session.scalars(
        select(ReminderRule).where(ReminderRule.trust_id == func.any(func.visible_trusts())).order_by(ReminderRule.key)
    ).all()
    own: Sequence[ReminderRule] = ()
    of_trust: Sequence[ReminderRule] = ()
    if isinstance(scope, SchoolScope):
        of_trust = changes
        own = db.session.scalars(select(ReminderRule).where(ReminderRule.school_id == scope.school_id)).all()
    else:
        own = changes
    own_keys, trust_keys = {change.key for change in own}, {change.key for change in of_trust}
    return [
        RuleHere(rule, above, rule.key in own_keys, rule.key in trust_keys)
        for rule, above in zip(rules_with([*of_trust, *own]), rules_with(of_trust), strict=True)
    ]


def schools_with_own_rules(scope: TrustScope) -> dict[uuid.UUID, int]:
    """How many rules each school of the trust has changed for itself."""
    require_bound(scope)
    rows = db.session.execute(
        select(ReminderRule.school_id, func.count())
        .where(within(scope, ReminderRule.school_id))
        .group_by(ReminderRule.school_id)
    )
    return {school_id: count for school_id, count in rows if school_id is not None}


# What would be sent


def preview(scope: SchoolScope | TrustScope, *, today: date, days: int = 7) -> list[Planned]:
    """What would be sent on each of the next days, from tomorrow, if nothing changed until then. Writes nothing."""
    require_bound(scope)
    coming = [today + timedelta(days=number) for number in range(1, days + 1)]
    schools = facts_of(scope, day=today, last_day=coming[-1])
    return sorted(
        (line for facts in schools for line in plan_days(coming, facts)),
        key=lambda line: (line.day, line.to.name, line.school_id, line.position, line.words),
    )


# What was sent


@dataclass(frozen=True)
class SentFilter:
    """Which lines: of a rule, in a state. What follows from the referral log is left out unless the reader may read it."""

    rule: str = ""
    state: ItemState | None = None
    with_referrals: bool = False


def sent_items(scope: SchoolScope, wanted: SentFilter, *, page: int, per_page: int) -> tuple[list[ReminderItem], int]:
    """The lines of the ledger, the latest first, and how many there are in all."""
    query = _sent(scope, wanted)
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    return list(db.session.scalars(query.limit(per_page).offset((page - 1) * per_page))), total


def all_sent_items(scope: SchoolScope, wanted: SentFilter) -> Iterable[ReminderItem]:
    return db.session.scalars(_sent(scope, wanted))


def _sent(scope: SchoolScope, wanted: SentFilter) -> Select[ReminderItem]:
    query = select(ReminderItem).where(within(scope, ReminderItem.school_id))
    if wanted.rule:
        query = query.where(ReminderItem.rule == wanted.rule)
    if wanted.state:
        query = query.where(ReminderItem.state == wanted.state)
    if not wanted.with_referrals:
        query = query.where(ReminderItem.rule.not_in(CONFIDENTIAL))
    return query.order_by(ReminderItem.day.desc(), ReminderItem.to_name, ReminderItem.rule, ReminderItem.id)


@dataclass(frozen=True)
class NotReached:
    """Somebody whose latest mail did not arrive."""

    school_id: uuid.UUID
    name: str
    address: str
    day: date
    problem: str


def not_reached(scope: SchoolScope | TrustScope) -> list[NotReached]:
    """Whom mail about the schools of the scope does not reach, by name."""
    require_bound(scope)
    latest = (
        select(ReminderItem)
        .where(within(scope, ReminderItem.school_id), ReminderItem.mail_id.is_not(None))
        .ext(distinct_on(ReminderItem.school_id, ReminderItem.to_address))
        .order_by(
            ReminderItem.school_id, ReminderItem.to_address, ReminderItem.day.desc(), ReminderItem.created_at.desc()
        )
        .subquery()
    )
    rows = db.session.execute(
        select(latest).where(latest.c.state.in_(DID_NOT_ARRIVE)).order_by(latest.c.to_name, latest.c.to_address)
    )
    return [NotReached(row.school_id, row.to_name, row.to_address, row.day, row.problem or "") for row in rows]


# Stops and standing in


def stopped(scope: SchoolScope, *, person: uuid.UUID) -> set[str]:
    """Which rules the person has stopped at the school; "all" stands for every rule."""
    require_bound(scope)
    return set(
        db.session.scalars(
            select(ReminderStop.rule).where(ReminderStop.school_id == scope.school_id, ReminderStop.person == person)
        )
    )


def stops_here(scope: SchoolScope) -> int:
    """How many people have stopped something."""
    require_bound(scope)
    found = select(func.count(ReminderStop.person.distinct())).where(within(scope, ReminderStop.school_id))
    return int(db.session.scalar(found) or 0)


def is_stopped(rules: set[str], rule: str) -> bool:
    return rule in rules or EVERY_RULE in rules


def people_who_can_stand_in(scope: SchoolScope | TrustScope, account_id: uuid.UUID, *, today: date) -> list[Account]:
    """Others who may reach the place today, by name. At a school the people of its trust are among them."""
    require_bound(scope)
    here = Membership.trust_id == func.any(func.visible_trusts())
    if isinstance(scope, SchoolScope):
        here = or_(here, Membership.school_id == scope.school_id)
    people = (
        select(Membership.account_id)
        .where(here, or_(Membership.ends_on.is_(None), Membership.ends_on >= today))
        .distinct()
    )
    return list(
        db.session.scalars(
            select(Account)
            .where(Account.id.in_(people), Account.active, Account.id != account_id)
            .order_by(func.lower(Account.name), Account.id)
        )
    )


@dataclass(frozen=True)
class StandIn:
    """Who stands in for somebody, and for how long."""

    name: str
    from_on: date
    until_on: date


def stand_in_of(scope: SchoolScope | TrustScope, *, account_id: uuid.UUID, today: date) -> StandIn | None:
    """What somebody said about the place, as long as it has not ended."""
    require_bound(scope)
    place = (
        Delegation.school_id == scope.school_id
        if isinstance(scope, SchoolScope)
        else Delegation.trust_id == scope.trust_id
    )
    row = db.session.execute(
        select(Account.name, Delegation.from_on, Delegation.until_on)
        .join(Account, Account.id == Delegation.to_account_id)
        .where(place, Delegation.account_id == account_id, Delegation.ended_at.is_(None), Delegation.until_on >= today)
        .order_by(Delegation.created_at.desc())
        .limit(1)
    ).one_or_none()
    return StandIn(*row) if row else None
