"""Coverage of reading: of those who must read a document on a date, how many confirmed it; and the same people by name.

Who must: staff (`staffing.py`) who on that date hold one of the roles in the document's audience (an empty one means
everybody), and of whom the edition in force then has something to read: a part for everybody, or for one of their
roles. Whoever holds no role reads every part, so that a missing role never takes somebody out of the count.
Who has: whoever confirmed, on or before the date, the edition that is in force on it. As known by the end of that date.
"""

from datetime import date

from sqlalchemy import text

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, Scope, require_bound
from tenants.insights.measures.known import as_known, known
from tenants.insights.measures.staffing import STAFF_SQL
from tenants.insights.measures.types import Coverage, PersonNeed

READING_SQL = f"""
edition_in_force as (
  select distinct on (document_id) document_id, id, parts, part_audience
  from document_edition where in_force_from <= :as_at
  order by document_id, in_force_from desc
),
edition_readers as materialized (
  select e.document_id, e.id,
    e.parts = '{{}}' or exists (
      select from unnest(e.parts) as p(part) where coalesce(jsonb_array_length(e.part_audience -> p.part), 0) = 0
    ) as are_all,
    array(
      select jsonb_array_elements_text(e.part_audience -> p.part) from unnest(e.parts) as p(part)
    ) as roles
  from edition_in_force e
),
confirmed as materialized (
  select r.id, r.staff_id, r.document_edition_id, r.confirmed_on
  from {known("reading_confirmation")} r
  where r.confirmed_on <= :as_at
),
reading_need as (
  select s.school_id, s.id as staff_id, d.key, d.position, r.confirmed_on, r.id is not null as holds
  from staff s
  join document d on d.audience = '{{}}' or d.audience && s.roles
  join edition_readers e on e.document_id = d.id and (e.are_all or s.roles = '{{}}' or e.roles && s.roles)
  left join confirmed r on r.staff_id = s.id and r.document_edition_id = e.id
),
reading_coverage as materialized (
  select school_id, key, position, count(*) filter (where holds) as numerator, count(*) as denominator
  from reading_need group by school_id, key, position
)
"""

_COVERAGE = text(
    f"with {STAFF_SQL}, {READING_SQL}"
    " select school_id, key, numerator, denominator from reading_coverage order by school_id, position, key"
)


def reading_coverage(scope: Scope, *, as_at: date) -> list[Coverage]:
    """For each school of the scope and each document that somebody there must read: how many confirmed, of how many."""
    require_bound(scope)
    return [Coverage(*row) for row in db.session.execute(_COVERAGE, as_known(as_at))]


_NEEDS = text(f"""
with {STAFF_SQL}, {READING_SQL}
select staff_id, key, holds, confirmed_on, null::date from reading_need order by position, key
""")


def reading_needs(scope: SchoolScope, *, as_at: date) -> list[PersonNeed]:
    """Each member of staff and each document that they must read on the day."""
    require_bound(scope)
    return [PersonNeed(*row) for row in db.session.execute(_NEEDS, as_known(as_at))]
