"""Takes an applied import back at one school: everybody stands exactly as before, or nothing is touched."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Table, select, text

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.imports.staff.models import SchoolStep, StaffImportSchool
from tenants.imports.staff.people import HELD, STANDING
from tenants.staff.models import StaffMember, StaffRoleHeld

UNDONE_WITHIN = timedelta(days=14)
NAMES_SAID = 10

_LOCK = """
select m.id from staff_member m join staff_import_effect e on e.staff_id = m.id
where e.run_id = :run and e.school_id = :school and m.school_id = :school and e.kind <> 'linked' for update of m
"""
_CHANGED_SINCE = f"""
select coalesce(m.given_name || ' ' || m.family_name, (e.before -> 'member' ->> 'given_name') || ' '
  || (e.before -> 'member' ->> 'family_name'), 'somebody who was removed') as name
from staff_import_effect e left join staff_member m on m.id = e.staff_id and m.school_id = e.school_id {HELD}
where e.run_id = :run and e.school_id = :school and e.kind <> 'linked'
  and (m.id is null or e.after is distinct from {STANDING})
"""
_REMOVE_JOINERS = """
delete from staff_member m using staff_import_effect e
where e.run_id = :run and e.school_id = :school and e.kind = 'joined' and m.id = e.staff_id and m.school_id = :school
"""
_EARLIER = """
create temporary table import_earlier on commit drop as
select e.staff_id, e.before from staff_import_effect e
where e.run_id = :run and e.school_id = :school and e.kind in ('changed', 'left')
"""
_RESTORE_MEMBERS = """
update staff_member m set given_name = b.given_name, family_name = b.family_name, email = b.email,
  staff_code = b.staff_code, trn = b.trn, starts_on = b.starts_on, leaves_on = b.leaves_on, person_key = b.person_key
from import_earlier e cross join jsonb_populate_record(null::staff_member, e.before -> 'member') b
where m.id = e.staff_id and m.school_id = :school
"""
_ROLES = "jsonb_populate_recordset(null::staff_role_held, e.before -> 'roles') b"
_REMOVE_ROLES = f"""
delete from staff_role_held r using import_earlier e
where r.staff_id = e.staff_id and r.school_id = :school and not exists (select from {_ROLES} where b.id = r.id)
"""
_RESTORE_ROLES = f"""
update staff_role_held r set role = b.role, from_on = b.from_on, until_on = b.until_on
from import_earlier e cross join {_ROLES}
where r.id = b.id and r.school_id = :school and (r.role, r.from_on, r.until_on) is distinct from (b.role, b.from_on, b.until_on)
"""
_BRING_ROLES_BACK = f"""
insert into staff_role_held (id, school_id, staff_id, role, from_on, until_on, created_at)
select b.id, b.school_id, b.staff_id, b.role, b.from_on, b.until_on, b.created_at
from import_earlier e cross join {_ROLES}
where b.school_id = :school and not exists (select from staff_role_held r where r.id = b.id)
"""
_UNLINK = """
update staff_member m set person_key = cast(e.before ->> 'person_key' as uuid) from staff_import_effect e
where e.run_id = :run and e.school_id = :school and e.kind = 'linked' and m.id = e.staff_id and m.school_id = :school
  and m.person_key = cast(e.after as uuid)
"""


def undo_at_school(scope: SchoolScope, run_id: uuid.UUID, *, now: datetime) -> bool:
    """Undoes a run at one school. When somebody has changed its people since, it says whom and leaves all as it is.

    Returns whether it was undone, now or before. Flushes.
    """
    require_bound(scope)
    school = db.session.scalar(
        select(StaffImportSchool)
        .where(StaffImportSchool.run_id == run_id, StaffImportSchool.school_id == scope.school_id)
        .with_for_update()
    )
    if school is None or school.step is SchoolStep.WAITING:
        return False
    if school.step is SchoolStep.UNDONE:
        return True
    values = {"run": run_id, "school": scope.school_id}
    db.session.execute(text(_LOCK), values)
    school.problem = _too_late(school, now) or _changed_since(values)
    if school.problem:
        school.step = SchoolStep.KEPT
        db.session.flush()
        return False
    _restore(values)
    school.step, school.undone_at = SchoolStep.UNDONE, now
    db.session.flush()
    return True


def _restore(values: dict[str, Any]) -> None:
    db.session.execute(text("drop table if exists pg_temp.import_earlier"))
    for statement in (
        _EARLIER, _UNLINK, _REMOVE_JOINERS, _RESTORE_MEMBERS, _REMOVE_ROLES, _RESTORE_ROLES, _BRING_ROLES_BACK,
    ):  # fmt: skip
        db.session.execute(text(statement), values)


def _too_late(school: StaffImportSchool, now: datetime) -> str | None:
    if school.applied_at is not None and now - school.applied_at > UNDONE_WITHIN:
        return f"More than {UNDONE_WITHIN.days} days have passed."
    return None


def _changed_since(values: dict[str, Any]) -> str | None:
    """Whom somebody has changed since the import, or recorded something for who joined by it; none when nobody."""
    names = set(db.session.scalars(text(_CHANGED_SINCE), values))
    for table, column in _tables_of_staff():
        names |= set(
            db.session.scalars(
                text(f"""
                select m.given_name || ' ' || m.family_name from staff_import_effect e
                join staff_member m on m.id = e.staff_id and m.school_id = :school
                where e.run_id = :run and e.school_id = :school and e.kind = 'joined'
                  and exists (select from {table} x where x.{column} = m.id)
                """),
                values,
            )
        )
    if not names:
        return None
    said = ", ".join(sorted(names)[:NAMES_SAID])
    more = f" and {len(names) - NAMES_SAID} more" if len(names) > NAMES_SAID else ""
    return f"Changed since the import: {said}{more}."


def _tables_of_staff() -> list[tuple[str, str]]:
    """Every table whose rows hang on a member of staff, with the column, but for the roles that the import itself writes."""
    found = []
    for table in db.metadata.tables.values():
        for key in table.foreign_key_constraints:
            if _points_at_staff(key) and table.name != StaffRoleHeld.__tablename__:
                found += [(table.name, column.name) for column in key.columns if column.name != "school_id"]
    return sorted(found)


def _points_at_staff(key: ForeignKeyConstraint) -> bool:
    parent: Table = key.referred_table
    return parent.name == StaffMember.__tablename__
