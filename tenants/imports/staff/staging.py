"""Lines of a file into a temporary table by COPY, and from there into people: the lines of one person are one row.

Temporary tables end with their transaction. PostgreSQL copies into no table with row-level security, and what is only
on its way needs none: what stays of it is written to `staff_import_row` afterwards, where the policies look at it.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from psycopg import Connection as PsycopgConnection
from sqlalchemy import text

from prevent_trust.database import db
from tenants.imports.staff.places import Places
from tenants.imports.staff.reader import StaffLine

LINES_BETWEEN_REPORTS = 5_000
Report = Callable[[int], None]

_LINES = """
create temporary table import_line (
  line int, school_id uuid, school_word text, given_name text, family_name text, email text, staff_code text, trn text,
  roles text[], roles_guessed boolean, starts_on date, leaves_on date, problem text, problem_column text,
  problem_value text
) on commit drop
"""
# `name`, `address` and `code` are for comparing. A person's id is also that of the member of staff that they may become.
_PERSON_COLUMNS = """
  id uuid, school_id uuid, school_word text, lines int[], given_name text, family_name text, email text,
  staff_code text, trn text, roles text[], roles_from date[], roles_until date[], roles_guessed boolean,
  starts_on date, leaves_on date, name text, address text, code text, decided text, decided_staff_id uuid
"""
PEOPLE = f"create temporary table import_person ({_PERSON_COLUMNS}) on commit drop"
TEMPORARY = (
    "import_line", "import_keyed", "import_person", "import_staff", "import_match", "import_person_left",
    "import_staff_left", "import_address", "import_outcome", "import_leaver",
)  # fmt: skip


def forget_temporary_tables() -> None:
    """For a transaction that imports more than once."""
    db.session.execute(text(f"drop table if exists {', '.join(f'pg_temp.{table}' for table in TEMPORARY)}"))


def copy_lines(lines: Iterable[StaffLine], places: Places, report: Report) -> int:
    """Streams lines into `import_line`, each with its school; returns how many."""
    db.session.execute(text(_LINES))
    connection = db.session.connection().connection.driver_connection
    assert isinstance(connection, PsycopgConnection)  # noqa: S101  # the one driver
    count = 0
    with connection.cursor() as cursor, cursor.copy("copy import_line from stdin") as copy:
        for count, row in enumerate(_placed(lines, places), start=1):  # the last is the count
            copy.write_row(row)
            if count % LINES_BETWEEN_REPORTS == 0:
                report(count)
    db.session.execute(text("analyze import_line (school_id, staff_code, trn, email)"))
    return count


def _placed(lines: Iterable[StaffLine], places: Places) -> Iterator[tuple[Any, ...]]:
    answers: dict[str | None, tuple[uuid.UUID | None, str | None]] = {}
    for line in lines:
        answer = answers.get(line.school_word)
        if answer is None:
            answer = answers[line.school_word] = places.school_of(line.school_word)
        school_id, reason = answer
        problem, column, value = line.problem, line.problem_column, line.problem_value
        if problem is None and reason is not None:
            problem, column, value = reason, "School", line.school_word or ""
        yield (
            line.line, school_id, line.school_word, line.given_name, line.family_name, line.email, line.staff_code,
            line.trn, list(line.roles), line.roles_guessed, line.starts_on, line.leaves_on, problem, column, value,
        )  # fmt: skip


# One person at a school: the same teacher reference number; else the same staff code; else the same e-mail address and
# name; else, with nothing else to tell them apart, the same name. A line with a code takes the first number that
# a line with that code has, and one without either takes the person of its address and name when that is one person.
_KEYED = """
create temporary table import_keyed on commit drop as
with plain as (
  select l.*, lower(given_name || ' ' || family_name) as name, lower(email) as address, lower(staff_code) as code
  from import_line l where problem is null
), numbered as (
  select *, coalesce(trn, case when code is not null
    then first_value(trn) over (partition by school_id, school_word_key, code order by trn is null, line) end) as number
  from (select *, case when school_id is null then school_word end as school_word_key from plain) p
), identified as (
  select *, coalesce('t' || number, 'c' || code) as sure from numbered
), met as (
  select *, min(sure) over same as first_sure, max(sure) over same as last_sure from identified
  window same as (partition by school_id, school_word_key, name, address)
)
select *, coalesce(sure, case when address is not null and first_sure = last_sure then first_sure end,
  'n' || coalesce(address, '') || '|' || name) as key
from met
"""
_CONTRADICTIONS = """
with wrong as (
  select line from (
    select line, trn, first_value(trn) over (partition by school_id, code order by line) as first_trn
    from import_keyed where code is not null and trn is not null and school_id is not null
  ) c where trn <> first_trn
), taken as (delete from import_keyed k using wrong where k.line = wrong.line returning k.line, k.trn)
update import_line l set problem = 'is another than in an earlier row with the same staff code',
  problem_column = 'Teacher reference number', problem_value = taken.trn
from taken where l.line = taken.line
"""
_SINGLES = """
insert into import_person
select uuidv7(), school_id, school_word, array[line], given_name, family_name, email, staff_code, trn, roles,
  array_fill(starts_on, array[cardinality(roles)]), array_fill(leaves_on, array[cardinality(roles)]), roles_guessed,
  starts_on, leaves_on, name, address, lower(staff_code)
from (select *, count(*) over (partition by school_id, school_word_key, key) as together from import_keyed) k
where together = 1
"""
# Somebody with one post that has not ended has not left, and holds a role until the last post with it ends.
_TOGETHER = """
insert into import_person
with several as (
  select * from (select *, count(*) over (partition by school_id, school_word_key, key) as together from import_keyed) k
  where together > 1
), person as (
  select school_id, school_word_key, key, min(school_word) as school_word, array_agg(line order by line) as lines,
    (array_agg(given_name order by line))[1] as given_name, (array_agg(family_name order by line))[1] as family_name,
    (array_agg(email order by line) filter (where email is not null))[1] as email,
    (array_agg(staff_code order by line) filter (where staff_code is not null))[1] as staff_code, max(trn) as trn,
    bool_and(roles_guessed) as roles_guessed, min(starts_on) as starts_on,
    case when bool_and(leaves_on is not null) then max(leaves_on) end as leaves_on
  from several group by school_id, school_word_key, key
), post as (
  select school_id, school_word_key, key, role, min(starts_on) as since,
    case when bool_and(leaves_on is not null) then max(leaves_on) end as until
  from several cross join unnest(roles) role group by school_id, school_word_key, key, role
), posts as (
  select school_id, school_word_key, key, array_agg(role order by role) as roles,
    array_agg(since order by role) as roles_from, array_agg(until order by role) as roles_until
  from post group by school_id, school_word_key, key
)
select uuidv7(), p.school_id, p.school_word, p.lines, p.given_name, p.family_name, p.email, p.staff_code, p.trn,
  s.roles, s.roles_from, s.roles_until, p.roles_guessed, p.starts_on, p.leaves_on,
  lower(p.given_name || ' ' || p.family_name), lower(p.email), lower(p.staff_code)
from person p join posts s on s.key = p.key and s.school_id is not distinct from p.school_id
  and s.school_word_key is not distinct from p.school_word_key
"""


def put_people_together() -> None:
    """Makes `import_person` of `import_line`; lines that contradict earlier ones get their problem."""
    for statement in (_KEYED, _CONTRADICTIONS, PEOPLE, _SINGLES, _TOGETHER):
        db.session.execute(text(statement))
    db.session.execute(text("analyze import_person (id, school_id, code, trn, name, address)"))
