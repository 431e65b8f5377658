"""Coverage of reading: of those who must read a document on a date, how many confirmed it; and the same people by name.

Which edition: the one in force at their school on the date (`tenants/reading/in_force.py`).
Who must: staff (`staffing.py`) who on that date hold one of the roles in the document's audience (an empty one means
everybody), and for whom that edition has something to read: a part for everybody, or for one of their roles. Whoever holds
no role reads all of every document, so that a missing role never takes somebody out of the count.
Who has: whoever confirmed, on or before the date, every part of that edition that is theirs to read on it. Whose roles have
come to read more than they confirmed is missing again. As known by the end of that date.
"""

from datetime import date

from sqlalchemy import text

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, Scope, require_bound
from tenants.insights.measures.known import as_known, known
from tenants.insights.measures.staffing import STAFF_SQL
from tenants.insights.measures.types import Coverage, PersonNeed
from tenants.reading.in_force import IN_FORCE_SQL

# What the holders of the same roles read of an edition is worked out once for all of them.
READING_SQL = f"""
{IN_FORCE_SQL.strip()},
reading_roles as (
  select distinct h.id as edition_id, h.document_id, s.roles
  from edition_here h join staff s on s.school_id = h.school_id
),
parts_to_read as materialized (
  select k.edition_id, k.roles, d.key, d.position, array_agg(p.id) as parts
  from reading_roles k
  join document d on d.id = k.document_id and (d.audience = '{{}}' or d.audience && k.roles or k.roles = '{{}}')
  join document_part p on p.document_edition_id = k.edition_id
    and (p.audience = '{{}}' or p.audience && k.roles or k.roles = '{{}}')
  group by k.edition_id, k.roles, d.key, d.position
),
confirmed as materialized (
  select r.id, r.staff_id, r.document_edition_id, r.confirmed_on, r.parts, r.source, r.carried_from_id,
    r.sign_off_id
  from {known("reading_confirmation")} r
  where r.confirmed_on <= :as_at
),
reading_need as (
  select s.school_id, s.id as staff_id, n.key, n.position, r.confirmed_on,
    r.id is not null and (r.parts is null or r.parts @> n.parts) as holds
  from staff s
  join edition_here h on h.school_id = s.school_id
  join parts_to_read n on n.edition_id = h.id and n.roles = s.roles
  left join confirmed r on r.staff_id = s.id and r.document_edition_id = h.id
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
select staff_id, key, holds, case when holds then confirmed_on end, null::date from reading_need order by position, key
""")


def reading_needs(scope: SchoolScope, *, as_at: date) -> list[PersonNeed]:
    """Each member of staff and each document that they must read on the day."""
    require_bound(scope)
    return [PersonNeed(*row) for row in db.session.execute(_NEEDS, as_known(as_at))]
