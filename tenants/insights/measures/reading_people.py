"""The people behind a school's coverage of a document, by name, as they were known on the day."""

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.insights.measures.known import as_known, known
from tenants.insights.measures.reading import READING_SQL
from tenants.insights.measures.staffing import STAFF_SQL
from tenants.reading.models import ConfirmationSource
from tenants.staff.models import StaffRole


@dataclass(frozen=True)
class Confirmed:
    """`carried_from` is the edition that a carried confirmation was given for, by its label, where it can be told."""

    id: uuid.UUID
    confirmed_on: date
    source: ConfirmationSource
    carried_from: str | None
    sign_off_id: uuid.UUID | None


@dataclass(frozen=True)
class PersonReading:
    """Somebody who must read a document on the day, or has confirmed it. Who is missing may have confirmed other parts."""

    staff_id: uuid.UUID
    name: str
    roles: tuple[StaffRole, ...]
    has_address: bool
    is_missing: bool
    confirmed: Confirmed | None


_PEOPLE = text(f"""
with {STAFF_SQL}, {READING_SQL}
select s.id, trim(m.given_name || ' ' || m.family_name), s.roles, coalesce(not n.holds, false),
  c.id, c.confirmed_on, c.source, e.label, c.sign_off_id, coalesce(m.email, '') <> ''
from staff s
join {known("staff_member")} m on m.id = s.id
join document d on d.key = :key
join edition_here h on h.school_id = s.school_id and h.document_id = d.id
left join reading_need n on n.staff_id = s.id and n.key = d.key
left join confirmed c on c.staff_id = s.id and c.document_edition_id = h.id
left join confirmed o on o.id = c.carried_from_id
left join document_edition e on e.id = o.document_edition_id
where n.staff_id is not null or c.id is not null
order by lower(m.family_name), lower(m.given_name), s.id
""")


def people_and_document(scope: SchoolScope, *, key: str, as_at: date) -> list[PersonReading]:
    """Everybody who must read the document on the day or has confirmed the edition in force on it, by name. One query.

    Names and roles are those known by the end of the day. Those who are away for long do not stand here.
    """
    require_bound(scope)
    return [
        PersonReading(
            staff_id=row[0],
            name=row[1],
            roles=tuple(role for role in StaffRole if role in row[2]),
            has_address=row[9],
            is_missing=row[3],
            confirmed=Confirmed(row[4], row[5], ConfirmationSource(row[6]), row[7], row[8]) if row[4] else None,
        )
        for row in db.session.execute(_PEOPLE, as_known(as_at) | {"key": key})
    ]
