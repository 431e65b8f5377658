"""All that the planner is to know of the schools of a scope: a fixed number of queries, however many schools there are.

A worker plans by local authority (`AuthorityScope`, honoured by the database for the worker's role alone): every school is
in one area, so nothing is planned twice or forgotten, and each statement does some 160 schools at once. School by
school the same statements would run 24,500 times; a trust's scope would leave out the schools that are in none. The locks stay:
a transaction sees its own area, every row carries its school, and a digest is put together in a scope of its own.
"""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ARRAY, Uuid, any_, cast, func, or_, select, text

from prevent_trust.database import db
from prevent_trust.tenancy import Scope, require_bound, within
from tenants.access.models import Account, Membership, Role
from tenants.insights.measures.dated import holders_of
from tenants.insights.subjects import titles_of_subjects
from tenants.organisations.models import School, SchoolStatus, TrustMembership
from tenants.reminders.dues import Wanted, dues_of
from tenants.reminders.models import Delegation, ReminderItem, ReminderRule, ReminderStart, ReminderStop
from tenants.reminders.planning import ESCALATED_AGAIN_AFTER, Addressee, Away, Due, SchoolFacts, Sent
from tenants.reminders.rule_book import DATED, LOOKS_AHEAD, Rule, To, built_in_rules, rules_with
from tenants.reminders.sending_days import SendingDays, longest_break, sending_days

DATED_REMEMBERED = timedelta(days=200)  # longer than any stage of a dated thing is open
STANDING_REMEMBERED = timedelta(days=56)  # a thing that was in order for eight weeks begins anew


def facts_of(scope: Scope, *, day: date, last_day: date, only: frozenset[str] | None = None) -> list[SchoolFacts]:
    """The open schools of the scope, for planning from a day to another, both included; with some of the rules `only`."""
    require_bound(scope)
    schools = _open_schools(scope)
    if not schools:
        return []
    rules = rules_by_school(scope, schools)
    if only is not None:
        rules = {school_id: tuple(rule for rule in each if rule.key in only) for school_id, each in rules.items()}
    days = sending_days(scope, schools, day=day)
    dues = dues_of(scope, _wanted(scope, rules, day, last_day, days))
    access = _access(scope, schools, day)
    staff = _staff(scope, dues, access, day)
    longest = max((rule.every_days for each in set(rules.values()) for rule in each if not rule.is_dated), default=0)
    sent, first_sent = _ledger(scope, day, timedelta(days=max(longest, ESCALATED_AGAIN_AFTER)))
    stops, away = _stops(scope), _away(scope, schools, access, day, last_day)
    begins = _begins(scope, rules)
    return [
        SchoolFacts(
            school_id=school_id,
            rules=rules[school_id],
            days=days[school_id],
            dues=[_as_account(due, access[school_id]) for due in dues.get(school_id, ())],
            roles=access[school_id].roles | staff[school_id].roles,
            staff=staff[school_id].people,
            sent=sent.get(school_id, ()),
            first_sent=first_sent.get(school_id, {}),
            stops=frozenset(stops.get(school_id, ())),
            begins=begins.get(school_id, {}),
            away=away.get(school_id, ()),
        )
        for school_id in schools
    ]


def _open_schools(scope: Scope) -> dict[uuid.UUID, uuid.UUID | None]:
    """Each open school of the scope, in a fixed order, with the trust that it is in today."""
    rows = db.session.execute(
        select(School.id, TrustMembership.trust_id)
        .outerjoin(TrustMembership, (TrustMembership.school_id == School.id) & TrustMembership.left_on.is_(None))
        .where(within(scope, School.id), School.status != SchoolStatus.CLOSED)
        .order_by(School.id)
    )
    return {row.id: row.trust_id for row in rows}


def rules_by_school(scope: Scope, schools: Mapping[uuid.UUID, uuid.UUID | None]) -> dict[uuid.UUID, tuple[Rule, ...]]:
    """The rules as they hold at each school: shipped, changed by its trust, then by itself."""
    require_bound(scope)
    of_trust: dict[uuid.UUID, list[ReminderRule]] = defaultdict(list)
    of_school: dict[uuid.UUID, list[ReminderRule]] = defaultdict(list)
    for change in db.session.scalars(select(ReminderRule).order_by(ReminderRule.key)):
        if change.trust_id is not None:
            of_trust[change.trust_id].append(change)
        elif change.school_id is not None:
            of_school[change.school_id].append(change)
    by_trust = {trust_id: rules_with(changes) for trust_id, changes in of_trust.items()}
    rules = {}
    for school_id, trust_id in schools.items():
        changes = of_trust.get(trust_id, []) if trust_id else []
        if school_id in of_school:
            rules[school_id] = rules_with([*changes, *of_school[school_id]])
        else:
            rules[school_id] = by_trust[trust_id] if trust_id and changes else built_in_rules()
    return rules


def _wanted(
    scope: Scope,
    rules: Mapping[uuid.UUID, Sequence[Rule]],
    day: date,
    last_day: date,
    days: Mapping[uuid.UUID, SendingDays],
) -> Wanted:
    active = {rule for school_rules in set(map(tuple, rules.values())) for rule in school_rules if rule.active}
    ahead = max((rule.days_before or 0 for rule in active if rule.is_dated), default=0)
    planned = [day + timedelta(days=number) for number in range((last_day - day).days + 1)]
    return Wanted(
        as_at=day,
        last_day=last_day,
        rules=frozenset(rule.key for rule in active),
        ahead=max(ahead, longest_break(days.values(), planned=planned)),
        titles=titles_of_subjects(scope),
        lapsing={
            school_id: rule.days_before or 0
            for school_id, school_rules in rules.items()
            for rule in school_rules
            if rule.key in LOOKS_AHEAD
        },
    )


@dataclass
class _Access:
    """Who may reach a school: by role, and all of them by account and by address."""

    roles: dict[str, list[Addressee]]
    by_account: dict[uuid.UUID, Addressee]
    by_email: dict[str, Addressee]
    leads: set[uuid.UUID]


def _access(scope: Scope, schools: Mapping[uuid.UUID, uuid.UUID | None], day: date) -> dict[uuid.UUID, _Access]:
    of_trust: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    found: dict[uuid.UUID, _Access] = {}
    for school_id, trust_id in schools.items():
        found[school_id] = _Access({}, {}, {}, set())
        if trust_id is not None:
            of_trust[trust_id].append(school_id)
    people = (
        select(Membership.school_id, Membership.trust_id, Membership.role, Account.id, Account.name, Account.email)
        .join(Account, Account.id == Membership.account_id)
        .where(Account.active, or_(Membership.ends_on.is_(None), Membership.ends_on >= day))
        .order_by(func.lower(Account.name), Account.id)
    )
    # Two statements, since one with an "or" reads every membership there is.
    of_schools = people.where(within(scope, Membership.school_id))
    of_trusts = people.where(Membership.trust_id == any_(cast(list(of_trust), ARRAY(Uuid))))
    rows = [*db.session.execute(of_schools), *db.session.execute(of_trusts)]
    for row in rows:
        person = Addressee(row.id, row.name, row.email)
        for school_id in [row.school_id] if row.school_id else of_trust.get(row.trust_id, ()):
            access = found.get(school_id)
            if access is None:
                continue  # a school that has closed
            access.by_account[row.id] = access.by_email[row.email.lower()] = person
            if row.role in {Role.PREVENT_LEAD, Role.TRUST_LEAD}:
                access.roles.setdefault(row.role.value, []).append(person)
            if row.role is Role.PREVENT_LEAD:
                access.leads.add(row.id)
    return found


def _as_account(due: Due, access: _Access) -> Due:
    """A personal thing with the account of its person, where they have one here: one person, not two."""
    if due.person is None or due.person.email.lower() not in access.by_email:
        return due
    account = access.by_email[due.person.email.lower()]
    return Due(**vars(due) | {"person": account})


@dataclass
class _Staff:
    roles: dict[str, list[Addressee]]
    people: dict[uuid.UUID, Addressee]


def _staff(
    scope: Scope, dues: Mapping[uuid.UUID, Sequence[Due]], access: Mapping[uuid.UUID, _Access], day: date
) -> dict[uuid.UUID, _Staff]:
    """Owners and holders of roles among the staff; those with an account here under it, so that nobody counts twice."""
    owners = {due.owner for each in dues.values() for due in each if due.owner is not None}
    roles = {To.DSL.value, To.HEADTEACHER.value, *(owner for owner in owners if isinstance(owner, str))}
    roles -= {To.PREVENT_LEAD.value}  # who leads is who may change the plan: an account
    people = {owner for owner in owners if isinstance(owner, uuid.UUID)}
    found = {school_id: _Staff({}, {}) for school_id in access}
    for row in holders_of(scope, as_at=day, roles=roles, people=people):
        if row.school_id not in found:
            continue
        of_account = access[row.school_id].by_email.get(row.email.lower())
        person = of_account or Addressee(row.staff_id, row.name, row.email)
        found[row.school_id].people[row.staff_id] = person
        for role in roles & set(row.roles):
            found[row.school_id].roles.setdefault(role, []).append(person)
    return found


def _ledger(
    scope: Scope, day: date, period: timedelta
) -> tuple[dict[uuid.UUID, list[Sent]], dict[uuid.UUID, dict[tuple[str, str], date]]]:
    """What was sent, as far as it can still matter, and since when each standing thing has been told."""
    dated = sorted(DATED)
    item = ReminderItem
    sent: dict[uuid.UUID, list[Sent]] = defaultdict(list)
    rows = db.session.execute(
        select(item.school_id, item.person, item.rule, item.thing, item.stage, item.day).where(
            within(scope, item.school_id),
            or_(item.day >= day - period, item.rule.in_(dated) & (item.day >= day - DATED_REMEMBERED)),
        )
    )
    for row in rows:
        sent[row.school_id].append(Sent(row.person, row.rule, row.thing, row.stage, row.day))
    first: dict[uuid.UUID, dict[tuple[str, str], date]] = defaultdict(dict)
    told = db.session.execute(
        select(item.school_id, item.rule, item.thing, func.min(item.day))
        .where(
            within(scope, item.school_id),
            item.day >= day - STANDING_REMEMBERED,
            item.rule.not_in(dated),
            item.escalated.is_(False),
        )
        .group_by(item.school_id, item.rule, item.thing)
    )
    for school_id, rule, thing, since in told:
        first[school_id][rule, thing] = since
    return sent, first


_STARTED = text("""
select v.id, (least(
    (select min(p.current_from) from plan_period p where p.school_id = v.id),
    (select min(m.created_at) from membership m where m.school_id = v.id)
  ) at time zone 'Europe/London')::date as started_on
from unnest(visible_schools()) as v (id)
""")


def _begins(scope: Scope, rules: Mapping[uuid.UUID, Sequence[Rule]]) -> dict[uuid.UUID, dict[str, date]]:
    """By school, the first day of each rule that begins later. A school starts with its first plan or its first account.

    At one that has not started, nothing begins: what a school has never used says nothing of the school.
    """
    waiting = {rule for each in set(map(tuple, rules.values())) for rule in each if rule.active and rule.begins_after}
    if not waiting:
        return {}
    came = {each.rule: each.held_from for each in db.session.scalars(select(ReminderStart))}
    return {
        row.id: {
            rule.key: max(row.started_on, came.get(rule.key, row.started_on)) + timedelta(days=rule.begins_after)
            if row.started_on
            else date.max
            for rule in waiting
        }
        for row in db.session.execute(_STARTED)
    }


def _stops(scope: Scope) -> dict[uuid.UUID, set[tuple[uuid.UUID, str]]]:
    stops: dict[uuid.UUID, set[tuple[uuid.UUID, str]]] = defaultdict(set)
    for row in db.session.scalars(select(ReminderStop).where(within(scope, ReminderStop.school_id))):
        stops[row.school_id].add((row.person, row.rule))
    return stops


def _away(
    scope: Scope,
    schools: Mapping[uuid.UUID, uuid.UUID | None],
    access: Mapping[uuid.UUID, _Access],
    day: date,
    last_day: date,
) -> dict[uuid.UUID, list[Away]]:
    """Who is away from a school, and who of those that may reach that school stands in. An own school's word goes first."""
    rows = db.session.scalars(
        select(Delegation)
        .where(
            or_(within(scope, Delegation.school_id), Delegation.trust_id == func.any(func.visible_trusts())),
            Delegation.ended_at.is_(None),
            Delegation.until_on >= day,
            Delegation.from_on <= last_day,
        )
        .order_by(Delegation.school_id.is_(None), Delegation.created_at.desc(), Delegation.id)
    ).all()
    away: dict[uuid.UUID, list[Away]] = defaultdict(list)
    for row in rows:
        for school_id, trust_id in schools.items():
            if row.school_id != school_id and (row.trust_id is None or row.trust_id != trust_id):
                continue
            to = access[school_id].by_account.get(row.to_account_id)
            if to is not None:
                leads = row.to_account_id in access[school_id].leads
                away[school_id].append(Away(row.account_id, to, row.from_on, row.until_on, leads))
    return away
