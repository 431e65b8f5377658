"""Coverage of training and reading: of those who need it on a date, how many have it.

Who needs it: staff whose first day has come and whose last has not passed, and who on that date hold one of the roles
in the audience (an empty audience means everybody). Who has it: a completion on or before the date that is still valid
on it; a confirmation, on or before the date, of the document's edition that is in force on it. All of it as it was known by
the end of that date (`known.py`).
"""

from datetime import date

from sqlalchemy import text

from prevent_trust.database import db
from prevent_trust.tenancy import Scope, require_bound
from tenants.insights.measures.known import as_known, known
from tenants.insights.measures.types import Coverage, Lapsing

# Each table is read once, by school, and joined afterwards: a join into a table would ask for the visible schools
# again at every row. Row-level security gives the planner the condition that the indexes serve; the scope that each
# measure adds to it stands in a CASE, which the planner does not take for a second sieve. Counted twice it would expect
# one row where there are thousands, and join them one by one: 600 ms instead of 25 for ninety schools.
STAFF_SQL = f"""
held as materialized (
  select r.staff_id, array_agg(r.role::text) as roles
  from {known("staff_role_held")} r
  where (r.from_on is null or r.from_on <= :as_at) and (r.until_on is null or r.until_on >= :as_at)
  group by r.staff_id
),
staff as materialized (
  select s.school_id, s.id, coalesce(h.roles, '{{}}') as roles
  from {known("staff_member")} s
  left join held h on h.staff_id = s.id
  where (s.starts_on is null or s.starts_on <= :as_at)
    and (s.leaves_on is null or s.leaves_on >= :as_at)
)
"""

TRAINING_SQL = f"""
trained as materialized (
  select c.staff_id, c.course_id, max(c.completed_on) as completed_on
  from {known("training_completion")} c
  where c.completed_on <= :as_at
  group by c.staff_id, c.course_id
),
training_coverage as materialized (
  select s.school_id, c.key, c.position,
    count(*) filter (
      where t.completed_on is not null
        and (c.validity_months is null or t.completed_on + make_interval(months => c.validity_months) > :as_at)
    ) as numerator,
    count(*) as denominator
  from staff s
  join course c on c.audience = '{{}}' or c.audience && s.roles
  left join trained t on t.staff_id = s.id and t.course_id = c.id
  group by s.school_id, c.key, c.position
)
"""

READING_SQL = f"""
edition_in_force as (
  select distinct on (document_id) document_id, id
  from document_edition where in_force_from <= :as_at
  order by document_id, in_force_from desc
),
confirmed as materialized (
  select r.id, r.staff_id, r.document_edition_id, r.confirmed_on
  from {known("reading_confirmation")} r
  where r.confirmed_on <= :as_at
),
reading_coverage as materialized (
  select s.school_id, d.key, d.position,
    count(r.id) as numerator,
    count(*) as denominator
  from staff s
  join document d on d.audience = '{{}}' or d.audience && s.roles
  join edition_in_force e on e.document_id = d.id
  left join confirmed r on r.staff_id = s.id and r.document_edition_id = e.id
  group by s.school_id, d.key, d.position
)
"""

_TRAINING = text(
    f"with {STAFF_SQL}, {TRAINING_SQL}"
    " select school_id, key, numerator, denominator from training_coverage order by school_id, position, key"
)
_READING = text(
    f"with {STAFF_SQL}, {READING_SQL}"
    " select school_id, key, numerator, denominator from reading_coverage order by school_id, position, key"
)


def training_coverage(scope: Scope, *, as_at: date) -> list[Coverage]:
    """For each school of the scope and each course that somebody there needs: how many hold it, of how many."""
    require_bound(scope)
    return [Coverage(*row) for row in db.session.execute(_TRAINING, as_known(as_at))]


def reading_coverage(scope: Scope, *, as_at: date) -> list[Coverage]:
    """For each school of the scope and each document that somebody there must read: how many confirmed, of how many."""
    require_bound(scope)
    return [Coverage(*row) for row in db.session.execute(_READING, as_known(as_at))]


_LAPSING = text(f"""
with {STAFF_SQL}, {TRAINING_SQL}
select s.school_id, c.key, count(*), min((t.completed_on + make_interval(months => c.validity_months))::date)
from staff s
join course c on c.audience = '{{}}' or c.audience && s.roles
join trained t on t.staff_id = s.id and t.course_id = c.id
where t.completed_on + make_interval(months => c.validity_months) > :as_at
  and t.completed_on + make_interval(months => c.validity_months) <= :until
group by s.school_id, c.key, c.position
order by s.school_id, c.position, c.key
""")


def training_lapsing(scope: Scope, *, as_at: date, until: date) -> list[Lapsing]:
    """For each school and course: how many of those who need it hold it on a date and lose it by a later one."""
    require_bound(scope)
    return [Lapsing(*row) for row in db.session.execute(_LAPSING, as_known(as_at) | {"until": until})]
