"""Who works at a school on a date: the ground of every figure about people.

Staff whose first day has come and whose last has not passed, with the roles that they hold on that date. Who is away for
long (maternity, long sickness) is left out until the last day of the absence: they can neither be trained nor stand in for
a post. All of it as it was known by the end of that date (`known.py`).
"""

from tenants.insights.measures.known import known

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
away as materialized (
  select distinct a.staff_id from {known("staff_absence")} a
  where a.from_on <= :as_at and (a.until_on is null or a.until_on >= :as_at)
),
staff as materialized (
  select s.school_id, s.id, coalesce(h.roles, '{{}}') as roles, s.starts_on, coalesce(s.person_key, s.id) as person
  from {known("staff_member")} s
  left join held h on h.staff_id = s.id
  left join away on away.staff_id = s.id
  where away.staff_id is null
    and (s.starts_on is null or s.starts_on <= :as_at)
    and (s.leaves_on is null or s.leaves_on >= :as_at)
)
"""
