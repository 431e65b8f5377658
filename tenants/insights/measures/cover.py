"""Which posts are filled at each school, and by whom: nobody, people whose training has run out, or people who are ready.

The rules are data (`tenants/staff/cover_rules.yaml`); a trust's rule takes the place of the built-in one of the same key at
its schools of today, from its day until the trust's next rule of that key. One that names phases asks for the post at
schools of these phases alone. Who holds a post: staff on the date (`staffing.py`), so nobody who is away for long. Who is
ready holds each course that the post asks for, also one that the role is not asked for otherwise, for as long as it counts.
"""

import uuid
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import text

from prevent_trust.database import db
from prevent_trust.tenancy import Scope, require_bound
from tenants.insights.measures.known import as_known
from tenants.insights.measures.staffing import STAFF_SQL
from tenants.insights.measures.training import TRAINING_SQL
from tenants.staff.models import StaffRole


class CoverState(StrEnum):
    """The worst that is true of a post, worst first."""

    VACANT = "vacant"
    UNTRAINED = "untrained"
    LAPSING = "lapsing"
    FILLED = "filled"


COVER_STATE_NAMES = {
    CoverState.VACANT: "Vacant",
    CoverState.UNTRAINED: "Training missing or expired",
    CoverState.LAPSING: "Training about to lapse",
    CoverState.FILLED: "Filled",
}


@dataclass(frozen=True)
class Cover:
    """A post at one school. `ready` are the holders with all the training that the post asks for, of `holders`."""

    school_id: uuid.UUID
    rule: str
    role: StaffRole
    reason: str
    at_least: int
    holders: int
    ready: int
    lapses_on: date | None  # when the training of so many runs out that too few are ready

    @property
    def state(self) -> CoverState:
        if self.holders < self.at_least:
            return CoverState.VACANT
        if self.ready < self.at_least:
            return CoverState.UNTRAINED
        return CoverState.LAPSING if self.lapses_on else CoverState.FILLED


# The few people who hold a post are taken out first, and of what is trained what is theirs: in a form that asks a set in
# memory for each row, also where the planner knows nothing of the tables yet. It once joined all that is trained with each
# member of staff: minutes for sixteen schools.
COVER_SQL = """
rule as materialized (
  select distinct on (v.id, r.key) v.id as school_id, r.key, r.role::text as role, r.reason, r.courses, r.position,
    r.warning_days, case when r.phases = '{}' or s.phase = any (r.phases) then r.at_least else 0 end as at_least
  from unnest(visible_schools()) as v (id)
  join school s on s.id = v.id
  left join trust_membership m on m.school_id = v.id and m.left_on is null
  join cover_rule r on (r.trust_id is null or r.trust_id = m.trust_id) and (r.from_on is null or r.from_on <= :as_at)
  order by v.id, r.key, r.trust_id nulls last, r.from_on desc nulls last
),
held_post as materialized (
  select r.school_id, r.key, r.courses, s.id as staff_id
  from rule r join staff s on s.school_id = r.school_id and r.role = any (s.roles)
  where r.at_least > 0
),
trained_for_post as materialized (
  select t.* from trained t where case when t.staff_id in (select staff_id from held_post) then true end
),
post_course as materialized (
  select p.school_id, p.key as post, p.staff_id,
    (t.completed_on + make_interval(months => c.validity_months))::date as held_until,
    t.completed_on is not null
      and (c.validity_months is null or t.completed_on + make_interval(months => c.validity_months) > :as_at) as holds
  from held_post p
  join course_terms c on c.school_id = p.school_id and c.key = any (p.courses)
  left join trained_for_post t on t.staff_id = p.staff_id and t.course_id = c.id
),
holder as (
  select p.school_id, p.key, p.staff_id,
    count(n.post) filter (where n.holds) = cardinality(p.courses) as is_ready,
    min(n.held_until) filter (where n.holds) as ready_until
  from held_post p
  left join post_course n on n.school_id = p.school_id and n.post = p.key and n.staff_id = p.staff_id
  group by p.school_id, p.key, p.courses, p.staff_id
),
ranked as (
  select *, row_number() over (partition by school_id, key order by is_ready desc, ready_until desc nulls first) as place
  from holder
),
cover as (
  select r.school_id, r.key, r.role, r.reason, r.at_least, r.position,
    count(h.staff_id) as holders,
    count(h.staff_id) filter (where h.is_ready) as ready,
    min(h.ready_until) filter (
      where h.is_ready and h.place = r.at_least and h.ready_until <= cast(:as_at as date) + r.warning_days
    ) as lapses_on
  from rule r
  left join ranked h on h.school_id = r.school_id and h.key = r.key
  where r.at_least > 0
  group by r.school_id, r.key, r.role, r.reason, r.at_least, r.position
)
"""
_COVER = text(f"""
with {STAFF_SQL}, {TRAINING_SQL}, {COVER_SQL}
select school_id, key, role, reason, at_least, holders, ready, lapses_on from cover order by school_id, position, key
""")


def post_cover(scope: Scope, *, as_at: date) -> list[Cover]:
    """Each post that a rule names, for each school of the scope, also where there is no staff at all. One query."""
    require_bound(scope)
    return [Cover(row[0], row[1], StaffRole(row[2]), *row[3:]) for row in db.session.execute(_COVER, as_known(as_at))]
