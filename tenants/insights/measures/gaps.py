"""Who stands behind the coverage figures: each person who needs a course or document, and whether they have it.

The same rows as in `people.py`, not counted; their counts are the coverage.
"""

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.insights.measures.known import as_known
from tenants.insights.measures.people import READING_SQL, STAFF_SQL, TRAINING_SQL


@dataclass(frozen=True)
class PersonNeed:
    """A course or document that somebody needs. `until` is when what they hold lapses, where it does."""

    staff_id: uuid.UUID
    key: str
    holds: bool
    done_on: date | None
    until: date | None


_TRAINING = text(f"""
with {STAFF_SQL}, {TRAINING_SQL}
select s.id, c.key,
  coalesce(c.validity_months is null or t.completed_on + make_interval(months => c.validity_months) > :as_at, false)
    and t.completed_on is not null,
  t.completed_on, (t.completed_on + make_interval(months => c.validity_months))::date
from staff s
join course c on c.audience = '{{}}' or c.audience && s.roles
left join trained t on t.staff_id = s.id and t.course_id = c.id
order by c.position, c.key
""")
_READING = text(f"""
with {STAFF_SQL}, {READING_SQL}
select s.id, d.key, r.id is not null, r.confirmed_on, null::date
from staff s
join document d on d.audience = '{{}}' or d.audience && s.roles
join edition_in_force e on e.document_id = d.id
left join confirmed r on r.staff_id = s.id and r.document_edition_id = e.id
order by d.position, d.key
""")


def training_needs(scope: SchoolScope, *, as_at: date) -> list[PersonNeed]:
    """Each member of staff and each course that they need on the day."""
    require_bound(scope)
    return [PersonNeed(*row) for row in db.session.execute(_TRAINING, as_known(as_at))]


def reading_needs(scope: SchoolScope, *, as_at: date) -> list[PersonNeed]:
    """Each member of staff and each document that they must read on the day."""
    require_bound(scope)
    return [PersonNeed(*row) for row in db.session.execute(_READING, as_known(as_at))]
