"""The people behind a school's coverage of training, by name, as they were known on the day."""

import uuid
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import text

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.insights.measures.known import as_known, known
from tenants.insights.measures.staffing import STAFF_SQL
from tenants.insights.measures.training import TRAINING_SQL
from tenants.staff.models import StaffRole


@dataclass(frozen=True)
class PersonCourse:
    """Somebody and a course that they need on the day. `until` is when what they hold, or held, lapses, where it does."""

    staff_id: uuid.UUID
    name: str
    roles: tuple[StaffRole, ...]
    course: str
    holds: bool
    done_on: date | None
    until: date | None

    def lapses_by(self, day: date) -> bool:
        """Whether it is held now and no longer on that day if nothing is done."""
        return self.holds and self.until is not None and self.until <= day


@dataclass(frozen=True)
class Tally:
    """How many of those who need a course hold it, and how many of these lapse within the days asked for."""

    holds: int
    needs: int
    lapses: int

    @property
    def missing(self) -> int:
        return self.needs - self.holds


_PEOPLE = text(f"""
with {STAFF_SQL}, {TRAINING_SQL}
select n.staff_id, trim(m.given_name || ' ' || m.family_name), s.roles, n.key, n.holds, n.completed_on, n.held_until
from training_need n
join staff s on s.id = n.staff_id
join {known("staff_member")} m on m.id = n.staff_id
order by lower(m.family_name), lower(m.given_name), n.staff_id, n.position, n.key
""")


def people_and_courses(scope: SchoolScope, *, as_at: date) -> list[PersonCourse]:
    """Everybody who needs a course on the day, by name, with each such course in the catalogue's order. One query.

    Names and roles are those known by the end of the day. Joiners within their days of grace are not asked yet and do not
    stand here, nor do those who are away for long.
    """
    require_bound(scope)
    return [
        PersonCourse(row[0], row[1], tuple(role for role in StaffRole if role in row[2]), *row[3:])
        for row in db.session.execute(_PEOPLE, as_known(as_at))
    ]


def tally(rows: list[PersonCourse], *, as_at: date, within: timedelta) -> Tally:
    """Counts rows of people; `within` is how far ahead of the day to look for what lapses."""
    return Tally(
        holds=sum(row.holds for row in rows),
        needs=len(rows),
        lapses=sum(row.lapses_by(as_at + within) for row in rows),
    )
