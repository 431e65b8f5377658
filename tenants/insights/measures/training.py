"""Coverage of training: of those who need a course on a date, how many hold it; and the same people by name.

Who needs it: staff (`staffing.py`) who on that date hold one of the roles in the audience (an empty audience means
everybody). Who holds it: whoever completed it on or before the date, still valid on it. As known by the end of that date.

A course that was split from another is met too by a completion of that one from before the split. A course that the
catalogue does not ask of everybody (`is_asked`) counts only where the school's trust has set its own terms for it; a
trust's own course is never asked of everybody, and counts at no other trust's school.

Audience, validity and grace are the catalogue's, or those of the rule that the school's trust had set by the date. A joiner
who does not hold a course yet is not counted for it until the days of grace are over; for a post they are not ready.
"""

from datetime import date

from sqlalchemy import text

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, Scope, require_bound
from tenants.insights.measures.known import as_known, known
from tenants.insights.measures.staffing import STAFF_SQL
from tenants.insights.measures.types import Coverage, Forecast, Lapsing, PersonNeed

TRAINING_SQL = f"""
trained as materialized (
  select c.staff_id, f.course_id, max(c.completed_on) as completed_on
  from {known("training_completion")} c
  join (
    select id as completed_id, id as course_id, 'infinity'::date as before from course
    union all
    select o.id, k.id, k.split_on from course k join course o on o.key = k.split_from
  ) f on f.completed_id = c.course_id and c.completed_on < f.before
  where c.completed_on <= :as_at
  group by c.staff_id, f.course_id
),
trust_course_rule as materialized (
  select distinct on (r.trust_id, r.course_id) r.* from course_rule r
  where r.from_on <= :as_at
  order by r.trust_id, r.course_id, r.from_on desc
),
course_terms as materialized (
  select v.id as school_id, c.id, c.key, c.position, coalesce(r.grace_days, 0) as grace_days,
    r.standing is distinct from 'off' and (c.is_asked or r.standing = 'own') as is_asked,
    case when r.standing = 'own' then r.validity_months else c.validity_months end as validity_months,
    case when r.standing = 'own' then r.audience else c.audience end as audience
  from unnest(visible_schools()) as v (id)
  cross join course c
  left join trust_membership m on m.school_id = v.id and m.left_on is null
  left join trust_course_rule r on r.trust_id = m.trust_id and r.course_id = c.id
  where c.trust_id is null or c.trust_id = m.trust_id
),
course_here as materialized (
  select * from course_terms where is_asked
),
training_need as (
  select s.school_id, s.id as staff_id, c.key, c.position, t.completed_on,
    (t.completed_on + make_interval(months => c.validity_months))::date as held_until,
    t.completed_on is not null
      and (c.validity_months is null or t.completed_on + make_interval(months => c.validity_months) > :as_at) as holds
  from staff s
  join course_here c on c.school_id = s.school_id and (c.audience = '{{}}' or c.audience && s.roles)
  left join trained t on t.staff_id = s.id and t.course_id = c.id
  where t.completed_on is not null or c.grace_days = 0 or s.starts_on is null or s.starts_on + c.grace_days <= :as_at
),
training_coverage as materialized (
  select school_id, key, position, count(*) filter (where holds) as numerator, count(*) as denominator
  from training_need group by school_id, key, position
)
"""

_COVERAGE = text(
    f"with {STAFF_SQL}, {TRAINING_SQL}"
    " select school_id, key, numerator, denominator from training_coverage order by school_id, position, key"
)


def training_coverage(scope: Scope, *, as_at: date) -> list[Coverage]:
    """For each school of the scope and each course that somebody there needs: how many hold it, of how many."""
    require_bound(scope)
    return [Coverage(*row) for row in db.session.execute(_COVERAGE, as_known(as_at))]


_LAPSING = text(f"""
with {STAFF_SQL}, {TRAINING_SQL}
select school_id, key, count(*), min(held_until)
from training_need
where holds and held_until <= :until
group by school_id, key, position
order by school_id, position, key
""")


def training_lapsing(scope: Scope, *, as_at: date, until: date) -> list[Lapsing]:
    """For each school and course: how many of those who need it hold it on a date and lose it by a later one."""
    require_bound(scope)
    return [Lapsing(*row) for row in db.session.execute(_LAPSING, as_known(as_at) | {"until": until})]


_COVERAGE_AND_LAPSING = text(f"""
with {STAFF_SQL}, {TRAINING_SQL}
select school_id, key, count(*) filter (where holds), count(*),
  count(*) filter (where holds and held_until <= :until), min(held_until) filter (where holds and held_until <= :until)
from training_need
group by school_id, key, position
order by school_id, position, key
""")


def training_coverage_and_lapsing(scope: Scope, *, as_at: date, until: date) -> tuple[list[Coverage], list[Lapsing]]:
    """Both in one statement, for whoever asks for both of many schools at once."""
    require_bound(scope)
    rows = db.session.execute(_COVERAGE_AND_LAPSING, as_known(as_at) | {"until": until}).all()
    coverage = [Coverage(*row[:4]) for row in rows]
    return coverage, [Lapsing(row[0], row[1], row[4], row[5]) for row in rows if row[4]]


_NEEDS = text(f"""
with {STAFF_SQL}, {TRAINING_SQL}
select staff_id, key, holds, completed_on, held_until from training_need order by position, key
""")


def training_needs(scope: SchoolScope, *, as_at: date) -> list[PersonNeed]:
    """Each member of staff and each course that they need on the day."""
    require_bound(scope)
    return [PersonNeed(*row) for row in db.session.execute(_NEEDS, as_known(as_at))]


_FORECAST = text(f"""
with {STAFF_SQL}, {TRAINING_SQL}
select d.day, n.key, count(*) filter (where n.holds and (n.held_until is null or n.held_until > d.day)), count(*)
from training_need n
cross join (
  select (cast(:as_at as date) + make_interval(months => m.number))::date as day from generate_series(0, 12) as m (number)
) d
group by d.day, n.key, n.position
order by n.position, n.key, d.day
""")


def training_forecast(scope: Scope, *, as_at: date) -> list[Forecast]:
    """How many would hold each course in the months ahead if nobody did anything, all schools of the scope together.

    The day itself and the same day of each of the twelve months after it (the month's last where it has no such day). The
    people are those who need the course on the day: who will join, leave or come back is not foreseen. One query.
    """
    require_bound(scope)
    return [Forecast(*row) for row in db.session.execute(_FORECAST, as_known(as_at))]
