"""What a school must keep in order beside plan, training and reading: roles filled, follow-ups, contacts."""

import uuid
from datetime import date

from sqlalchemy import text

from prevent_trust.database import db
from prevent_trust.tenancy import Scope, require_bound
from tenants.insights.measures.known import as_known, known
from tenants.insights.measures.staffing import STAFF_SQL
from tenants.insights.measures.types import Upkeep

_OPEN_SQL = f"""
closed as materialized (
  select c.referral_id from {known("referral_stage")} c
  where c.stage = 'closed' and c.reached_on <= :as_at
),
follow_ups as (
  select r.school_id, count(*) as overdue
  from {known("referral")} r
  where r.follow_up_due_on < :as_at and r.made_on <= :as_at
    and r.id not in (select referral_id from closed)
  group by r.school_id
),
contacts as (
  select school_id, count(*) as own,
    count(*) filter (where verified_on is null or verified_on <= cast(:as_at as date) - interval '12 months') as unchecked
  from {known("contact")} c where removed_at is null
  group by school_id
)
"""
_UPKEEP = text(f"""
with {STAFF_SQL},
posts as (
  select school_id, bool_or('prevent_lead' = any (roles)) as has_lead, bool_or('dsl' = any (roles)) as has_dsl,
    count(*) as people
  from staff group by school_id
),
{_OPEN_SQL}
select s.id, coalesce(p.has_lead, false), coalesce(p.has_dsl, false), coalesce(p.people, 0),
  coalesce(f.overdue, 0), coalesce(c.own, 0), coalesce(c.unchecked, 0)
from unnest(visible_schools()) as s (id)
left join posts p on p.school_id = s.id
left join follow_ups f on f.school_id = s.id
left join contacts c on c.school_id = s.id
""")
_OPEN = text(f"""
with {_OPEN_SQL}
select s.id, coalesce(f.overdue, 0), coalesce(c.unchecked, 0)
from unnest(visible_schools()) as s (id)
left join follow_ups f on f.school_id = s.id
left join contacts c on c.school_id = s.id
where f.overdue > 0 or c.unchecked > 0
""")


def upkeep(scope: Scope, *, as_at: date) -> list[Upkeep]:
    """One row for each school of the scope."""
    require_bound(scope)
    return [Upkeep(*row) for row in db.session.execute(_UPKEEP, as_known(as_at))]


def open_upkeep(scope: Scope, *, as_at: date) -> list[tuple[uuid.UUID, int, int]]:
    """Each school with referrals to follow up, or contacts that nobody has checked: the numbers of `upkeep`, without posts."""
    require_bound(scope)
    return [(row[0], row[1], row[2]) for row in db.session.execute(_OPEN, as_known(as_at))]
