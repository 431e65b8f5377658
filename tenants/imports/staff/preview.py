"""A stored file read into rows that the preview shows and that are applied later; nothing of the staff is changed."""

import uuid
from datetime import date
from typing import Any

from sqlalchemy import delete, text

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, TrustScope, require_bound
from tenants.imports.models import ImportRejection, ImportRun
from tenants.imports.staff.matching import compare_with_staff
from tenants.imports.staff.models import Outcome, StaffImportRow, StaffImportSchool
from tenants.imports.staff.people import keep_rejected
from tenants.imports.staff.places import places_of_scope
from tenants.imports.staff.reader import StaffMapping, read_lines
from tenants.imports.staff.staging import Report, copy_lines, forget_temporary_tables, put_people_together
from tenants.imports.tabular.table import Table
from tenants.organisations.queries import schools_of_trust

_COLUMNS = """id, run_id, school_id, trust_id, lines, school_word, given_name, family_name, email, staff_code, trn, roles,
  roles_from, roles_until, roles_guessed, starts_on, leaves_on, outcome"""
_PEOPLE = f"""
insert into staff_import_row ({_COLUMNS}, staff_id, candidates, changes)
select id, :run, school_id, null, lines, school_word, given_name, family_name, email, staff_code, trn, roles, roles_from,
  roles_until, roles_guessed, starts_on, leaves_on, outcome, staff_id, candidates, changes
from import_outcome
"""
_UNPLACED = f"""
insert into staff_import_row ({_COLUMNS})
select id, :run, null, :trust, lines, school_word, given_name, family_name, email, staff_code, trn, roles, roles_from,
  roles_until, roles_guessed, starts_on, leaves_on, 'unplaced'
from import_person where school_id is null
"""
_ELSEWHERE = """
update import_line l set problem = 'is ' || s.name || ', which is not in the trust', problem_column = 'School',
  problem_value = l.school_word
from school s where l.school_id is null and l.problem is null and s.urn::text = l.school_word
"""
_PROBLEMS = """
insert into import_rejection (run_id, school_id, trust_id, line, "column", value, reason)
select :run, school_id, case when school_id is null then cast(:trust as uuid) end, line, problem_column,
  coalesce(problem_value, ''), problem
from import_line where problem is not null
"""
_SCHOOLS = """
insert into staff_import_school (run_id, school_id)
select cast(:run as uuid), school_id from import_outcome group by school_id
"""
# Nobody leaves a school while a row cannot be taken that may be theirs.
_LEAVERS = f"""
insert into staff_import_row ({_COLUMNS}, staff_id)
select uuidv7(), :run, s.school_id, null, '{{}}', null, s.given_name, s.family_name, s.email, s.staff_code, s.trn, '{{}}',
  '{{}}', '{{}}', false, s.starts_on, s.leaves_on, 'leaves', s.id
from import_staff s
where not s.has_left and not exists (select from import_match x where x.staff_id = s.id)
  and s.school_id in (
    select school_id from import_outcome
    except select school_id from import_line where problem is not null and school_id is not null
    except select school_id from import_outcome where outcome = 'rejected')
  and not exists (select from import_line where school_id is null)
  and not exists (select from import_outcome o where o.outcome = 'unclear' and s.id = any (o.candidates))
"""


def read_into_rows(
    scope: SchoolScope | TrustScope,
    run: ImportRun,
    table: Table,
    *,
    mapping: StaffMapping,
    complete: bool,
    as_at: date,
    report: Report = lambda done: None,
) -> dict[str, int]:
    """Reads the table and compares it with the staff of the day, over what an earlier reading of the run left.

    Returns how many people had each outcome, and how many lines there were. Memory does not grow with the file.
    """
    require_bound(scope)
    values: dict[str, Any] = {"run": run.id, "trust": run.trust_id}
    for model in (StaffImportRow, StaffImportSchool, ImportRejection):
        db.session.execute(delete(model).where(model.run_id == run.id))
    forget_temporary_tables()
    places = places_of_scope(scope)
    lines = copy_lines(read_lines(table, mapping), places, report)
    db.session.execute(text(_ELSEWHERE))
    put_people_together()
    compare_with_staff(_schools(scope), as_at=as_at)
    for statement in (_PEOPLE, _UNPLACED, _PROBLEMS, _SCHOOLS):
        db.session.execute(text(statement), values)
    keep_rejected(run.id, {})
    if complete:
        db.session.execute(text(_LEAVERS), values)
    return counts_of_rows(run.id) | {"lines": lines}


def _schools(scope: SchoolScope | TrustScope) -> list[uuid.UUID]:
    if isinstance(scope, SchoolScope):
        return [scope.school_id]
    return [school.id for school in schools_of_trust(scope.trust_id)]


def counts_of_rows(run_id: uuid.UUID) -> dict[str, int]:
    """How many people of the preview have each outcome, how many lines are rejected, and at how many schools."""
    rows = db.session.execute(
        text("select outcome, count(*) from staff_import_row where run_id = :run group by outcome"), {"run": run_id}
    )
    counts = dict.fromkeys((outcome.value for outcome in Outcome), 0) | {row[0]: row[1] for row in rows}
    for name, table in (("rejected", "import_rejection"), ("schools", "staff_import_school")):
        statement = text(f"select count(*) from {table} where run_id = :run")
        counts[name] = db.session.scalar(statement, {"run": run_id}) or 0
    return counts
