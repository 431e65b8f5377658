"""What makes an answer doubtful: rules with a name and an explanation, worked out for every action of a scope at once.

A flag accuses nobody. It says where somebody should look before an inspector does.
"""

import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from sqlalchemy import text

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, Scope, require_bound
from tenants.insights.measures.compliance import (
    OVERDUE_SQL,
    STATE_COLUMNS_SQL,
    WITH_EFFECTIVE_SQL,
    parameters,
    state_from,
)
from tenants.insights.measures.known import as_known
from tenants.insights.measures.types import ActionState

BULK_ACTIONS = 5
BULK_MINUTES = 10
BULK_DAYS_BEFORE_DUE = 3
UNOPENED = timedelta(weeks=13)  # about a term


class Flag(StrEnum):
    NO_EVIDENCE = "no_evidence"
    EXPIRED = "expired"
    IN_BULK = "in_bulk"
    OVERDUE_PART = "overdue_part"
    NO_OWNER = "no_owner"
    OWNER_LEFT = "owner_left"
    NOT_OPENED = "not_opened"  # of the school's plan as a whole


@dataclass(frozen=True)
class FlagRule:
    """How a flag is named and explained to the people who see it."""

    name: str
    explanation: str


FLAG_RULES = {
    Flag.NO_EVIDENCE: FlagRule(
        "Green without evidence", "Somebody declared that this is met, and nothing is there that shows it."
    ),
    Flag.EXPIRED: FlagRule(
        "Evidence has expired", "A piece of evidence for this ran out on the day that it was given."
    ),
    Flag.IN_BULK: FlagRule(
        "Done in bulk before a deadline",
        f"It was declared met together with at least {BULK_ACTIONS - 1} others within {BULK_MINUTES} minutes, no more than "
        f"{BULK_DAYS_BEFORE_DUE} days before it was due.",
    ),
    Flag.OVERDUE_PART: FlagRule(
        "Green with an overdue part", "It is declared met while another action of the same expectation is overdue."
    ),
    Flag.NO_OWNER: FlagRule("Nobody has it", "It is not met yet, and neither a person nor a role has taken it on."),
    Flag.OWNER_LEFT: FlagRule("Its owner has left", "The person who has it is no longer on the staff."),
    Flag.NOT_OPENED: FlagRule(
        "The plan was not opened for a term",
        f"For {UNOPENED.days // 7} weeks nobody who may change the plan has looked at it or changed anything.",
    ),
}

_DECLARED_MET = "effective_status = 'met' and not is_derived"
_RULES_SQL = {
    Flag.NO_EVIDENCE: f"{_DECLARED_MET} and coalesce(s.pieces, 0) = 0",
    Flag.EXPIRED: "effective_status not in ('not_applicable', 'not_answered') and s.expired > 0",
    Flag.IN_BULK: f"{_DECLARED_MET} and b.together >= {BULK_ACTIONS}",
    Flag.OVERDUE_PART: f"{_DECLARED_MET}"
    " and e.expectation_id in (select expectation_id from late where school_id = e.school_id)",
    Flag.NO_OWNER: "effective_status in ('not_met', 'partly_met') and not is_derived"
    " and owner_id is null and owner_role is null",
    Flag.OWNER_LEFT: "effective_status <> 'not_applicable' and owner_id is not null"
    " and not exists (select 1 from staff where staff.id = e.owner_id)",
}
_VISIBLE = "case when {0}.school_id = any ((select visible_schools())::uuid[]) then true end"
_WITH_FLAGS_SQL = f"""
{WITH_EFFECTIVE_SQL},
latest as materialized (
  select distinct on (r.evidence_id) r.evidence_id, r.expires_on
  from evidence_revision r where {_VISIBLE.format("r")} and r.created_at < :known_by
  order by r.evidence_id, r.number desc
),
shown as materialized (
  select u.action_id, count(*) as pieces, count(*) filter (where l.expires_on < :as_at) as expired
  from evidence_use u join latest l on l.evidence_id = u.evidence_id
  where {_VISIBLE.format("u")} and u.used_from < :known_by and (u.used_until is null or u.used_until >= :known_by)
  group by u.action_id
),
steps as materialized (
  select w.action_id, w.school_id, w.status, w.changed_by, w.recorded_from, w.due_on,
    lag(w.status) over (partition by w.action_id order by w.recorded_from, w.id) as before
  from plan_answer w where {_VISIBLE.format("w")} and w.recorded_from < :known_by
),
became_met as materialized (
  select distinct on (action_id) action_id, school_id, changed_by, recorded_from,
    due_on - (recorded_from at time zone 'Europe/London')::date as days_left
  from steps where status = 'met' and before is distinct from 'met' and changed_by is not null
  order by action_id, recorded_from desc
),
bulk as materialized (
  select action_id, count(*) over (
    partition by school_id, changed_by order by recorded_from
    range between interval '{BULK_MINUTES} minutes' preceding and interval '{BULK_MINUTES} minutes' following) as together
  from became_met where days_left between 0 and {BULK_DAYS_BEFORE_DUE}
),
late as materialized (select distinct school_id, expectation_id from effective where {OVERDUE_SQL}),
flagged as (
  select e.school_id, e.action_id, e.position, f.flag
  from effective e
  left join shown s on s.action_id = e.action_id
  left join bulk b on b.action_id = e.action_id
  cross join lateral (values {", ".join(f"('{flag}', {rule})" for flag, rule in _RULES_SQL.items())}) as f (flag, holds)
  where f.holds
)
"""
_FLAGS = text(f"""
{_WITH_FLAGS_SQL}
select school_id, action_id, flag from flagged order by school_id, position
""")
_STATES = text(f"""
{_WITH_FLAGS_SQL}
select {STATE_COLUMNS_SQL}, f.flags
from effective e
left join (select action_id, array_agg(flag) as flags from flagged group by action_id) f on f.action_id = e.action_id
order by e.position
""")
_UNOPENED = text("""
select v.id
from unnest(visible_schools()) as v (id)
where exists (
    select 1 from plan_period p
    where p.school_id = v.id and p.current_from < cast(:since as date)
      and (p.current_until is null or p.current_until > :known_by))
  and not exists (
    select 1 from plan_opening o where o.school_id = v.id and o.opened_on between :since and :as_at)
  and not exists (
    select 1 from plan_answer w
    where w.school_id = v.id and w.changed_by is not null and w.recorded_from >= cast(:since as date)
      and w.recorded_from < :known_by)
""")


@dataclass(frozen=True)
class Flagged:
    """A flag of an action, or with no action of a school's plan as a whole."""

    school_id: uuid.UUID
    action_id: uuid.UUID | None
    flag: Flag


def flags(scope: Scope, *, as_at: date) -> list[Flagged]:
    """Every flag in the scope on a day, by school and in the plan's order. Two queries, however many schools."""
    require_bound(scope)
    found = [Flagged(row[0], row[1], Flag(row[2])) for row in db.session.execute(_FLAGS, parameters(as_at))]
    unopened = plans_not_opened(scope, as_at=as_at)
    return [*found, *(Flagged(school_id, None, Flag.NOT_OPENED) for school_id in unopened)]


def states_with_flags(scope: SchoolScope, *, as_at: date) -> list[tuple[ActionState, list[Flag]]]:
    """Every action of the school's plan as at the end of the day with its flags, in the plan's order, from one statement."""
    require_bound(scope)
    return [
        (state_from(row), [Flag(flag) for flag in row.flags or ()])
        for row in db.session.execute(_STATES, parameters(as_at))
    ]


def plans_not_opened(scope: Scope, *, as_at: date) -> list[uuid.UUID]:
    """The schools of the scope whose plan nobody has opened or changed for a term."""
    require_bound(scope)
    return list(db.session.scalars(_UNOPENED, as_known(as_at) | {"since": as_at - UNOPENED}))
