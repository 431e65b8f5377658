"""The people of a trust: somebody who works at several of its schools is one person, and one at each school."""

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text

from prevent_trust.database import db
from prevent_trust.tenancy import TrustScope, require_bound
from tenants.insights.measures.known import as_known
from tenants.insights.measures.staffing import STAFF_SQL


@dataclass(frozen=True)
class SchoolPeople:
    """How many people work at a school, and how many of them at another of the trust's too."""

    school_id: uuid.UUID
    people: int
    elsewhere_too: int


@dataclass(frozen=True)
class SharedPerson:
    """Somebody at several schools, with the roles at each. `name` is the one at the first of them."""

    person: uuid.UUID
    name: str
    places: list[tuple[uuid.UUID, uuid.UUID, list[str]]]  # school, member of staff, roles


@dataclass(frozen=True)
class TrustPeople:
    """`people` counts each person once; the schools' numbers add up to more by those who work at several."""

    people: int
    schools: list[SchoolPeople]
    shared: list[SharedPerson]


_SCHOOLS = text(f"""
with {STAFF_SQL}, spread as (select person, count(distinct school_id) as places from staff group by person)
select staff.school_id, count(distinct person), count(distinct person) filter (where places > 1),
  (select count(*) from spread)
from staff join spread using (person) group by staff.school_id
""")
_SHARED = text(f"""
with {STAFF_SQL}, spread as (
  select person from staff group by person having count(distinct school_id) > 1
)
select staff.person, staff.school_id, staff.id, staff.roles, m.given_name || ' ' || m.family_name
from staff join spread using (person) join staff_member m on m.id = staff.id
order by lower(m.family_name), lower(m.given_name), staff.person, staff.school_id
""")


def people_of_trust(scope: TrustScope, *, as_at: date) -> TrustPeople:
    """Who works at the trust's schools on the day, without those who are away for long. Two queries."""
    require_bound(scope)
    rows = db.session.execute(_SCHOOLS, as_known(as_at)).all()
    places: dict[uuid.UUID, list[tuple[uuid.UUID, uuid.UUID, list[str]]]] = defaultdict(list)
    names: dict[uuid.UUID, str] = {}
    for person, school_id, staff_id, roles, name in db.session.execute(_SHARED, as_known(as_at)):
        places[person].append((school_id, staff_id, list(roles)))
        names.setdefault(person, name)
    return TrustPeople(
        people=rows[0][3] if rows else 0,
        schools=[SchoolPeople(*row[:3]) for row in rows],
        shared=[SharedPerson(person, name, places[person]) for person, name in names.items()],
    )
