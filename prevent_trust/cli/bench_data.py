"""Fills a database of any size with plausible records, by statements over whole sets."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text

LARGEST_TRUST, MEDIAN_TRUST = 90, 10  # schools
AUTHORITIES, REGISTER_ROWS = 153, 22_000


@dataclass(frozen=True)
class Sizes:
    """How many rows of each kind, as near as whole schools allow."""

    schools: int
    staff: int
    completions: int
    actions: int
    authorities: int
    register_rows: int

    @classmethod
    def at(cls, scale: float) -> "Sizes":
        """England at 1: its schools and authorities, and staff, completions and actions in round numbers."""
        return cls(
            schools=max(LARGEST_TRUST + MEDIAN_TRUST, round(24_500 * scale)),
            staff=round(1_000_000 * scale),
            completions=round(5_000_000 * scale),
            actions=round(1_000_000 * scale),
            authorities=min(AUTHORITIES, max(5, round(AUTHORITIES * scale))),
            register_rows=max(200, round(REGISTER_ROWS * scale)),
        )


_REGISTER = """
insert into local_authority (code, name) select (100 + n)::text, 'Authority ' || n from generate_series(1, :authorities) n;

insert into trust (group_uid, name, kind)
select (80000 + n)::text, 'Trust ' || n, 'multi_academy' from generate_series(0, :schools / 10) n;

insert into school (urn, name, authority_id, status, phase, type_name, pupils)
select 200000 + n, 'School ' || n, a.id, 'open', case when n % 6 = 0 then 'Secondary' else 'Primary' end,
  'Academy converter', 80 + (n * 37) % 1200
from generate_series(1, :schools) n join local_authority a on a.code = (101 + n % :authorities)::text;

-- The first ninety schools are one trust; then ten to each.
insert into trust_membership (school_id, trust_id, joined_on)
select s.id, t.id, date '2018-09-01'
from school s join trust t on t.group_uid = (80000 + case
  when s.urn <= 200000 + 90 then 0 else 1 + (s.urn - 200091) / 10 end)::text;
"""

# A school's staff lie together, as its import writes them, and so do its completions of one round of training.
_STAFF = """
insert into staff_member (school_id, given_name, family_name, email, staff_code, starts_on, leaves_on, recorded_from)
select s.id, 'Given' || n, 'Family' || n, 'person' || n || '@school' || s.urn || '.example', n::text,
  date '2015-09-01' + (n % 3500), case when n % 23 = 0 then date '2026-01-01' + n % 300 end,
  timestamptz '2015-09-01'
from generate_series(1, :staff) n join school s on s.urn = 200001 + n % :schools
order by s.urn, n;

insert into staff_role_held (school_id, staff_id, role, from_on, recorded_from)
select school_id, id, case staff_code::int / :schools
    when 0 then 'dsl' when 1 then 'headteacher' when 2 then 'prevent_lead' when 3 then 'computing_lead'
    else case when staff_code::int % 3 = 0 then 'support' else 'teaching' end end, starts_on, timestamptz '2015-09-01'
from staff_member;
"""

_COMPLETIONS = """
insert into training_completion (school_id, staff_id, course_id, completed_on, recorded_from)
select m.school_id, m.id, c.id, d.day, d.day
from staff_member m
cross join generate_series(1, greatest(1, :completions / (:staff * 3)) + 1) r
join course c on c.audience = '{}'
cross join lateral (
  select date '2023-09-01' + (m.staff_code::int * 7 + c.position * 131 + r * 311) % 1150 as day) d
where (m.staff_code::int + r + c.position) % 6 < 5
order by r, m.school_id
on conflict do nothing;
"""

_READING = """
insert into reading_confirmation (school_id, staff_id, document_edition_id, confirmed_on, recorded_from)
select m.school_id, m.id, e.id, date '2026-09-01' + m.staff_code::int % 60, date '2026-09-01' + m.staff_code::int % 60
from staff_member m cross join document_edition e
where m.staff_code::int % 5 < 4;
"""

_PLANS = """
create temporary table planned on commit drop as
select s.id as school_id, uuidv7() as plan_id, s.urn from school s
where s.urn <= 200000 + :actions / (
  select count(*) from edition_action a join edition e on e.id = a.edition_id and e.key = 'prevent-2026');

insert into plan (id, school_id, edition_id, academic_year, created_at)
select p.plan_id, p.school_id, e.id, 2025, timestamptz '2025-09-01' from planned p, edition e where e.key = 'prevent-2026';

insert into plan_period (school_id, plan_id, current_from)
select school_id, plan_id, timestamptz '2025-09-01' from planned;

insert into plan_action (school_id, plan_id, edition_action_id, expectation_id, theme, position, measure,
  target_percent, recurs_months, created_at)
select p.school_id, p.plan_id, a.id, a.expectation_id, s.theme, a.position, a.measure, a.target_percent, a.recurs_months,
  timestamptz '2025-09-01'
from planned p cross join edition_action a
join edition_expectation e on e.id = a.expectation_id
join edition_duty d on d.id = e.duty_id
join edition_section s on s.id = d.section_id
where s.edition_id = (select id from edition where key = 'prevent-2026');

-- Two answers to each: the first one ended, the second in force.
insert into plan_answer (school_id, action_id, status, recorded_from, recorded_until, due_on)
select school_id, id, 'not_answered', timestamptz '2025-09-01',
  timestamptz '2025-09-01' + make_interval(days => 1 + position * 3), null from plan_action;

insert into plan_answer (school_id, action_id, status, recorded_from, due_on)
select school_id, id,
  (array['met', 'met', 'met', 'partly_met', 'not_met', 'not_answered'])[1 + (position * 7 + ascii(id::text)) % 6],
  timestamptz '2025-09-01' + make_interval(days => 1 + position * 3),
  date '2026-06-01' + (position * 29) % 400
from plan_action;
"""

_REFERRALS = """
insert into referral (school_id, reference, made_on, concern_type_id, route, recorded_from)
select s.id, 'R' || n, date '2024-09-01' + (n * 13 + s.urn) % 800, c.id, 'mash', date '2024-09-01' + (n * 13 + s.urn) % 800
from school s cross join generate_series(1, 2) n
cross join (select id from concern_type order by release_year desc, position limit 1) c
where s.urn % 3 = 0;

insert into contact (school_id, kind, name, telephone, verified_on, recorded_from)
select id, 'school', 'Prevent lead', '01632 960000', date '2026-09-01', date '2026-09-01' from school;
"""

_STEPS = {
    "register": _REGISTER,
    "staff": _STAFF,
    "completions": _COMPLETIONS,
    "reading": _READING,
    "plans": _PLANS,
    "referrals and contacts": _REFERRALS,
}


def fill(connection: Connection, sizes: Sizes, say: Callable[[str], None], *, register_only: bool = False) -> None:
    """Fills empty tables, as a role that row-level security does not bind; one transaction for each step."""
    for name, statements in _STEPS.items():
        if register_only and name != "register":
            continue
        say(f"  {name}…")
        with connection.begin():
            for statement in _split(statements):
                connection.execute(text(statement), _parameters(statement, sizes))
    connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("vacuum analyze"))
    connection.rollback()


def _split(statements: str) -> Iterator[str]:
    yield from (statement for part in statements.split(";\n") if (statement := part.strip()))


def _parameters(statement: str, sizes: Sizes) -> dict[str, int]:
    return {name: value for name, value in vars(sizes).items() if f":{name}" in statement}


def counts(connection: Connection) -> dict[str, int]:
    """How many rows there are of what the sizes name."""
    tables = {
        "schools": "school",
        "staff": "staff_member",
        "completions": "training_completion",
        "actions": "plan_action",
    }
    with connection.begin():
        return {
            name: int(connection.scalar(text(f"select count(*) from {table}")) or 0) for name, table in tables.items()
        }
