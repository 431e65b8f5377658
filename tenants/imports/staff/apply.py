"""Makes what was compared so: one school, one transaction, a few statements, and what is needed to undo it."""

import uuid
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select, text

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.imports.staff.matching import compare_with_staff
from tenants.imports.staff.models import Outcome, RememberedAs, SchoolStep, StaffImportSchool
from tenants.imports.staff.people import keep_rejected, write_effects
from tenants.imports.staff.queries import said_of_bare_names
from tenants.imports.staff.remembered import remember_words
from tenants.imports.staff.staging import PEOPLE, forget_temporary_tables

NOT_DECIDED = "may be somebody who is there already, and nobody said who. Import the row again and choose"
SAID_LEFT_OUT = "was left out in the preview"

_LOCK = "select id from staff_member where school_id = :school for update"
_LOAD = """
insert into import_person
select id, school_id, school_word, lines, given_name, family_name, email, staff_code, trn, roles, roles_from,
  roles_until, roles_guessed, starts_on, leaves_on, lower(given_name || ' ' || family_name), lower(email),
  lower(staff_code), decided,
  decided_staff_id
from staff_import_row where run_id = :run and school_id = :school and outcome <> 'leaves'
"""
# Who was rejected in the preview is compared again, for whose a code or an address is has to be asked of everybody; taken
# they are not, and why is written down already.
_REJECTED_BEFORE = """
delete from import_outcome o using staff_import_row r
where r.id = o.id and r.run_id = :run and r.school_id = :school and r.outcome = 'rejected'
"""
# Only those leave who were shown: whoever was added since the preview is not in the file because nobody knew of them.
_LEAVERS = """
create temporary table import_leaver on commit drop as
select s.id, greatest(cast(:last_day as date), s.starts_on) as leaves_on from import_staff s
join staff_import_row r on r.staff_id = s.id and r.run_id = :run and r.school_id = :school and r.outcome = 'leaves'
where not s.has_left and not exists (select from import_match x where x.staff_id = s.id)
  and not exists (select from import_outcome o where s.id = any (o.candidates) and o.outcome = 'unclear')
"""
_CHANGE_MEMBERS = """
update staff_member m set given_name = o.given_name, family_name = o.family_name, email = coalesce(o.email, m.email),
  staff_code = coalesce(o.staff_code, m.staff_code), trn = coalesce(o.trn, m.trn),
  starts_on = coalesce(o.starts_on, m.starts_on), leaves_on = o.new_leaves_on
from import_outcome o where o.outcome = 'changes' and m.id = o.staff_id and m.school_id = :school
  and o.changes - array['roles_begun', 'roles_ended', 'roles_closed'] <> '{}'
"""
# A role that only began on the day, or after its end, was never held.
_NEVER_HELD = """
delete from staff_role_held h using import_outcome o
where o.outcome = 'changes' and h.staff_id = o.staff_id and h.school_id = :school
  and (h.role = any (o.ended) and h.until_on is null and h.from_on >= :as_at
    or h.role = any (o.closed) and (h.until_on is null or h.until_on >= :as_at)
      and h.from_on > o.roles_until[array_position(o.roles, h.role::text)])
"""
_END_ROLES = """
update staff_role_held h set until_on = case when h.role = any (o.closed)
    then o.roles_until[array_position(o.roles, h.role::text)] else cast(:last_day as date) end
from import_outcome o
where o.outcome = 'changes' and h.staff_id = o.staff_id and h.school_id = :school
  and (h.role = any (o.ended) and h.until_on is null
    or h.role = any (o.closed) and (h.until_on is null or h.until_on >= :as_at))
"""
# A post that began after the person did has a beginning of its own; else the role begins with the import.
_BEGIN_ROLES = """
insert into staff_role_held (school_id, staff_id, role, from_on, until_on)
select o.school_id, o.staff_id, post.role, case when post.since > o.old_starts_on then post.since else :as_at end,
  post.until
from import_outcome o cross join unnest(o.roles, o.roles_from, o.roles_until) as post(role, since, until)
where o.outcome = 'changes' and post.role = any (o.begun)
"""
_JOIN = """
insert into staff_member (id, school_id, given_name, family_name, email, staff_code, trn, starts_on, leaves_on)
select id, school_id, given_name, family_name, email, staff_code, trn, starts_on, leaves_on
from import_outcome where outcome = 'joins'
"""
_JOIN_ROLES = """
insert into staff_role_held (school_id, staff_id, role, from_on, until_on)
select o.school_id, o.id, post.role, post.since, post.until
from import_outcome o cross join unnest(o.roles, o.roles_from, o.roles_until) as post(role, since, until)
where o.outcome = 'joins'
"""
_LEAVE = """
update staff_member m set leaves_on = l.leaves_on from import_leaver l where m.id = l.id and m.school_id = :school
"""


def apply_at_school(scope: SchoolScope, run_id: uuid.UUID, *, complete: bool, as_at: date) -> dict[str, int] | None:
    """Applies a run's rows at one school, once: a school that is done already is left alone. Flushes.

    The comparison is made again against the staff as they are now, under a lock, so that what changed since the preview
    is respected. Returns how many people had each outcome; None when there was nothing left to do.
    """
    require_bound(scope)
    school = db.session.scalar(
        select(StaffImportSchool)
        .where(StaffImportSchool.run_id == run_id, StaffImportSchool.school_id == scope.school_id)
        .with_for_update()
    )
    if school is None or school.step is not SchoolStep.WAITING:
        return None
    remember_words(scope, RememberedAs.PERSON, said_of_bare_names(run_id, scope.school_id))
    values: dict[str, Any] = {
        "run": run_id,
        "school": scope.school_id,
        "as_at": as_at,
        "last_day": as_at - timedelta(days=1),
    }
    forget_temporary_tables()
    for statement in (_LOCK, PEOPLE, _LOAD):
        db.session.execute(text(statement), values)
    compare_with_staff([scope.school_id], as_at=as_at)
    db.session.execute(text(_REJECTED_BEFORE), values)
    db.session.execute(text(_LEAVERS if complete else f"{_LEAVERS} and false"), values)
    counts = counts_of_outcomes()
    if counts[Outcome.CHANGES] or counts[Outcome.LEAVES] or counts[Outcome.JOINS]:
        write_effects(values, before=True)
        _write(counts, values)
        write_effects(values, before=False)
    keep_rejected(run_id, {Outcome.UNCLEAR: NOT_DECIDED, Outcome.LEFT_OUT: SAID_LEFT_OUT})
    db.session.execute(text("delete from staff_import_row where run_id = :run and school_id = :school"), values)
    school.step, school.counts, school.applied_at = SchoolStep.APPLIED, counts, db.session.scalar(text("select now()"))
    db.session.flush()
    return counts


def _write(counts: dict[str, int], values: dict[str, Any]) -> None:
    statements: list[str] = []
    if counts[Outcome.CHANGES]:
        statements += [_CHANGE_MEMBERS, _NEVER_HELD, _END_ROLES, _BEGIN_ROLES]
    if counts[Outcome.LEAVES]:
        statements.append(_LEAVE)
    if counts[Outcome.JOINS]:
        statements += [_JOIN, _JOIN_ROLES]
    for statement in statements:
        db.session.execute(text(statement), values)


def counts_of_outcomes() -> dict[str, int]:
    """How many people of the comparison had each outcome, and how many leave."""
    rows = db.session.execute(text("select outcome, count(*) from import_outcome group by outcome"))
    counts = dict.fromkeys((outcome.value for outcome in Outcome), 0) | {row[0]: row[1] for row in rows}
    counts[Outcome.LEAVES] = db.session.scalar(text("select count(*) from import_leaver")) or 0
    return counts
