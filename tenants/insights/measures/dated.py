"""What has a day, one by one: actions to be done or looked at again, returned ones, evidence that runs out, people's training.

The same grounds as the counts of the other measures (`compliance.py`, `training.py`, `reading.py`), with the day on which each
falls due, for all the schools of a scope at once.
"""

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text

from prevent_trust.database import db
from prevent_trust.tenancy import Scope, require_bound
from tenants.insights.measures.compliance import LEFT_TO_DO_SQL, WITH_EFFECTIVE_SQL, parameters
from tenants.insights.measures.known import as_known
from tenants.insights.measures.reading import READING_SQL
from tenants.insights.measures.staffing import STAFF_SQL
from tenants.insights.measures.training import TRAINING_SQL

_VISIBLE = "case when {0}.school_id = any ((select visible_schools())::uuid[]) then true end"


@dataclass(frozen=True)
class DatedAction:
    """An action of a current plan. `due_on` where it is left to do, `review_on` where it was met and is looked at again."""

    school_id: uuid.UUID
    action_id: uuid.UUID
    wording: str
    owner_role: str | None
    owner_id: uuid.UUID | None
    due_on: date | None
    review_on: date | None
    returned_on: date | None  # by the trust's check, and not submitted since


# After WITH_EFFECTIVE_SQL: the actions that have a day by `:until`.
DATED_SQL = f"""
latest as materialized (
  select distinct on (v.action_id) v.action_id, v.step, (v.created_at at time zone 'Europe/London')::date as day
  from verification_event v where {_VISIBLE.format("v")}
  order by v.action_id, v.created_at desc, v.id desc
),
dated as materialized (
  select e.school_id, e.action_id, e.answer_id, e.owner_role, e.owner_id, e.position,
    case when {LEFT_TO_DO_SQL} and e.due_on <= :until then e.due_on end as due_on,
    case when not is_derived and status in ('met', 'not_applicable') and e.review_on <= :until then e.review_on end
      as review_on,
    case when l.step = 'returned' then l.day end as returned_on
  from effective e left join latest l on l.action_id = e.action_id
)
"""
DATED_WORDED_SQL = """
select d.school_id, d.action_id, coalesce(w.local_wording, a.own_wording, x.wording, '') as wording,
  d.owner_role, d.owner_id, d.due_on, d.review_on, d.returned_on, d.position
from dated d
join actions a on a.id = d.action_id
left join answers w on w.id = d.answer_id
left join edition_action x on x.id = a.edition_action_id
where num_nonnulls(d.due_on, d.review_on, d.returned_on) > 0
"""
_ACTIONS = text(f"{WITH_EFFECTIVE_SQL}, {DATED_SQL} {DATED_WORDED_SQL} order by d.school_id, d.position, d.action_id")


def dated_actions(scope: Scope, *, as_at: date, until: date) -> list[DatedAction]:
    """Actions that are due, or to be looked at again, by a day (also those whose day has passed), or that were returned."""
    require_bound(scope)
    rows = db.session.execute(_ACTIONS, parameters(as_at) | {"until": until})
    return [DatedAction(*row[:8]) for row in rows]


@dataclass(frozen=True)
class ExpiringEvidence:
    """A piece that serves an action; `expires_on` is the last day on which it does."""

    school_id: uuid.UUID
    evidence_id: uuid.UUID
    title: str
    expires_on: date


_EVIDENCE = text(f"""
with latest as materialized (
  select distinct on (r.evidence_id) r.school_id, r.evidence_id, r.expires_on
  from evidence_revision r where {_VISIBLE.format("r")}
  order by r.evidence_id, r.number desc
),
used as materialized (
  select distinct u.evidence_id from evidence_use u where {_VISIBLE.format("u")} and u.used_until is null
)
select l.school_id, l.evidence_id, e.title, l.expires_on
from latest l join used u on u.evidence_id = l.evidence_id
join evidence e on e.school_id = l.school_id and e.id = l.evidence_id
where l.expires_on <= :until
order by l.school_id, l.expires_on, l.evidence_id
""")


def expiring_evidence(scope: Scope, *, until: date) -> list[ExpiringEvidence]:
    """Evidence in use whose newest revision runs out by a day, or has."""
    require_bound(scope)
    return [ExpiringEvidence(*row) for row in db.session.execute(_EVIDENCE, {"until": until})]


@dataclass(frozen=True)
class OwnNeed:
    """What somebody on the staff with an address is missing, or loses soon. `until`: when what they hold lapses."""

    school_id: uuid.UUID
    staff_id: uuid.UUID
    name: str
    email: str
    kind: str  # training or reading
    key: str
    until: date | None


_OWN = text(f"""
with {STAFF_SQL}, {TRAINING_SQL}, {READING_SQL},
address as materialized (
  select m.school_id, m.id, trim(m.given_name || ' ' || m.family_name) as name, m.email
  from staff_member m where {_VISIBLE.format("m")} and m.email <> ''
),
need as (
  select school_id, staff_id, 'training' as kind, key, position, case when holds then held_until end as until
  from training_need where not holds or held_until <= :until
  union all
  select school_id, staff_id, 'reading', key, position, null::date from reading_need where not holds
)
select n.school_id, n.staff_id, a.name, a.email, n.kind, n.key, n.until
from need n join address a on a.id = n.staff_id
order by n.school_id, n.staff_id, n.kind, n.position, n.key
""")


def own_needs(scope: Scope, *, as_at: date, until: date) -> list[OwnNeed]:
    """Each person's own gaps, and what lapses by a day; only of those with an address."""
    require_bound(scope)
    return [OwnNeed(*row) for row in db.session.execute(_OWN, as_known(as_at) | {"until": until})]


@dataclass(frozen=True)
class HeldBy:
    """Somebody on the staff with an address, and the roles that they hold on the day."""

    school_id: uuid.UUID
    staff_id: uuid.UUID
    name: str
    email: str
    roles: tuple[str, ...]


_HOLDERS = text(f"""
with {STAFF_SQL},
address as materialized (
  select m.id, trim(m.given_name || ' ' || m.family_name) as name, m.email
  from staff_member m where {_VISIBLE.format("m")} and m.email <> ''
)
select s.school_id, s.id, a.name, a.email, s.roles
from staff s join address a on a.id = s.id
where s.roles && cast(:roles as text[]) or s.id = any (cast(:people as uuid[]))
order by s.school_id, a.name, s.id
""")


def holders_of(scope: Scope, *, as_at: date, roles: set[str], people: set[uuid.UUID]) -> list[HeldBy]:
    """Who on the staff holds one of the roles, or is one of the people; whoever is away for long is left out."""
    require_bound(scope)
    rows = db.session.execute(_HOLDERS, as_known(as_at) | {"roles": sorted(roles), "people": sorted(people)})
    return [HeldBy(row[0], row[1], row[2], row[3], tuple(row[4])) for row in rows]
