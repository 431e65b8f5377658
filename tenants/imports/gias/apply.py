"""Brings the register up to date from a download, in one transaction and a fixed number of statements.

Rows go into a temporary table by COPY and from there into the register; what is the same is not written, so that the
same file twice in a row changes nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, astuple, dataclass, field, fields
from datetime import date
from typing import Any

from psycopg import Connection as PsycopgConnection
from sqlalchemy import text

from prevent_trust.database import db
from prevent_trust.tenancy import PlatformScope, require_bound
from tenants.imports.gias.reader import (
    EstablishmentRow,
    GiasFile,
    GiasKind,
    GroupLinkRow,
    GroupRow,
    SuccessionRow,
)
from tenants.imports.gias.successions import apply_succession
from tenants.imports.tabular.table import Rejection

ROWS_BETWEEN_REPORTS = 1000
Report = Callable[[int], None]


@dataclass
class GiasResult:
    """What an import changed, in numbers of rows of the register."""

    kind: GiasKind
    rows: int = 0
    authorities_added: int = 0
    schools_added: int = 0
    schools_changed: int = 0
    schools_closed: int = 0
    trusts_added: int = 0
    trusts_changed: int = 0
    memberships_begun: int = 0
    memberships_ended: int = 0
    successions: int = 0
    left_aside: int = 0
    rejections: list[Rejection] = field(default_factory=list)

    @property
    def changed(self) -> int:
        return (
            self.authorities_added + self.schools_added + self.schools_changed + self.trusts_added
            + self.trusts_changed + self.memberships_begun + self.memberships_ended + self.successions
        )  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        numbers = {name: value for name, value in asdict(self).items() if name != "rejections"}
        return numbers | {"rejected": len(self.rejections), "changed": self.changed}


def apply_gias(file: GiasFile, *, today: date, report: Report = lambda done: None) -> GiasResult:
    """Applies the download and returns what changed. Needs the platform's scope and the worker's role; flushes."""
    require_bound(PlatformScope())
    result = GiasResult(kind=file.kind)
    match file.kind:
        case GiasKind.ESTABLISHMENTS | GiasKind.PUPIL_NUMBERS:
            _apply_establishments(file, result, today, report)
        case GiasKind.GROUPS:
            result.rows = _stage_groups((row for row in file.rows if isinstance(row, GroupRow)), report)
            _upsert_trusts(result)
        case GiasKind.GROUP_LINKS:
            _apply_links(file, result, today, report)
        case GiasKind.SUCCESSIONS:
            for row in file.rows:
                if isinstance(row, SuccessionRow):
                    result.rows += 1
                    _apply_one_succession(row, result)
    result.left_aside = file.left_aside
    result.rejections = [*file.rejections, *result.rejections]
    return result


def _apply_one_succession(row: SuccessionRow, result: GiasResult) -> None:
    problem = apply_succession(row)
    if problem is None:
        result.successions += 1
    elif problem:
        result.rejections.append(Rejection(row.line, "LinkURN", str(row.former_urn), problem))


def _copy(table: str, columns: list[str], rows: Iterator[tuple[Any, ...]], report: Report) -> int:
    """Streams rows into a table with PostgreSQL's COPY; returns how many."""
    connection = db.session.connection().connection.driver_connection
    assert isinstance(connection, PsycopgConnection)  # noqa: S101  # the one driver
    count = 0
    with connection.cursor() as cursor, cursor.copy(f"copy {table} ({', '.join(columns)}) from stdin") as copy:
        for count, row in enumerate(rows, start=1):  # the last is the count
            copy.write_row(row)
            if count % ROWS_BETWEEN_REPORTS == 0:
                report(count)
    report(count)
    return count


_STAGE_ESTABLISHMENTS = """
create temporary table staged_establishment (
  line int, urn int, la_code text, la_name text, name text, type_name text, type_group text, status text,
  opened_on date, closed_on date, phase text, low_age int, high_age int, pupils int, trust_uid text, town text,
  postcode text, district text, ukprn text
) on commit drop
"""

_ADD_AUTHORITIES = """
insert into local_authority (code, name)
select distinct on (la_code) la_code, la_name from staged_establishment where la_code is not null order by la_code, line
on conflict (code) do update set name = excluded.name where local_authority.name <> excluded.name
returning (xmax = 0)
"""

# What a download has a column for; the others keep what is known.
_SCHOOL_FIELDS = (
    "name", "type_name", "type_group", "status", "opened_on", "closed_on", "phase", "low_age", "high_age",
    "pupils", "town", "postcode", "district", "ukprn",
)  # fmt: skip
# An empty cell of these does not undo what is known: many downloads leave them out for closed schools.
_KEPT_WHEN_EMPTY = ("status", "opened_on", "closed_on", "pupils", "low_age", "high_age")


def _apply_establishments(file: GiasFile, result: GiasResult, today: date, report: Report) -> None:
    db.session.execute(text(_STAGE_ESTABLISHMENTS))
    columns = [column.name for column in fields(EstablishmentRow)]
    rows = (astuple(row) for row in file.rows if isinstance(row, EstablishmentRow))
    result.rows = _copy("staged_establishment", columns, rows, report)
    _reject_doubles(result)
    taken = ("pupils",) if file.kind is GiasKind.PUPIL_NUMBERS else _SCHOOL_FIELDS
    known = [name for name in taken if name in file.fields]
    if file.kind is GiasKind.ESTABLISHMENTS:
        result.authorities_added = sum(db.session.scalars(text(_ADD_AUTHORITIES)))
        result.schools_added = _add_schools(known)
    changed = _change_schools(known, with_authority=file.kind is GiasKind.ESTABLISHMENTS)
    result.schools_changed, result.schools_closed = changed
    if "trust_uid" in file.fields:
        _apply_trust_column(result, today)


def _reject_doubles(result: GiasResult) -> None:
    doubles = db.session.execute(
        text("""
        delete from staged_establishment later using staged_establishment first
        where first.urn = later.urn and first.line < later.line returning later.line, later.urn
        """)
    )
    for line, urn in doubles:
        result.rejections.append(
            Rejection(line, "URN", str(urn), "stands in an earlier row of the same file, which was taken")
        )


def _add_schools(known: list[str]) -> int:
    names = ", ".join(known)
    values = ", ".join("coalesce(e.status, 'open')" if name == "status" else _value(name) for name in known)
    added = db.session.execute(
        text(f"""
        insert into school (urn, authority_id, {names})
        select e.urn, a.id, {values} from staged_establishment e
        join local_authority a on a.code = e.la_code
        where not exists (select from school s where s.urn = e.urn)
          and not exists (select from former_urn f where f.urn = e.urn)
        returning id
        """)
    )
    return len(added.all())


def _value(name: str) -> str:
    is_text = name in {"type_name", "type_group", "phase", "town", "postcode", "district", "ukprn"}
    return f"nullif(e.{name}, '')" if is_text else f"e.{name}"


def _change_schools(known: list[str], *, with_authority: bool) -> tuple[int, int]:
    """Writes what differs; returns how many schools changed and how many of these closed."""
    new = {name: f"coalesce(e.{name}, s.{name})" if name in _KEPT_WHEN_EMPTY else _value(name) for name in known}
    join = "join local_authority a on a.code = e.la_code" if with_authority else ""
    if with_authority:
        new["authority_id"] = "a.id"
    was, to = ", ".join(f"s.{name}" for name in new), ", ".join(new.values())
    changed = db.session.execute(
        text(f"""
        with changes as (
          select s.id, s.status as old_status, {", ".join(f"{value} as {name}" for name, value in new.items())}
          from staged_establishment e join school s on s.urn = e.urn {join}
          where ({was}) is distinct from ({to})
        )
        update school set {", ".join(f"{name} = changes.{name}" for name in new)}
        from changes where school.id = changes.id
        returning school.status = 'closed' and changes.old_status <> 'closed'
        """)
    )
    flags = [row[0] for row in changed]
    return len(flags), sum(flags)


def _apply_trust_column(result: GiasResult, today: date) -> None:
    """The all-establishment download says in which trust each school is today, by the group's UID."""
    unknown = db.session.execute(
        text("""
        select e.line, e.trust_uid from staged_establishment e
        where e.trust_uid <> '' and not exists (select from trust t where t.group_uid = e.trust_uid) order by e.line
        """)
    )
    for line, uid in unknown:
        reason = "is a group that is not in the register yet: import the groups download, then this one again"
        result.rejections.append(Rejection(line, "Trusts (code)", uid, reason))
    db.session.execute(
        text("""
        create temporary table staged_link (line int, urn int, group_uid text, joined_on date) on commit drop
        """)
    )
    db.session.execute(
        text("""
        insert into staged_link select e.line, e.urn, e.trust_uid, null from staged_establishment e
        join trust t on t.group_uid = e.trust_uid
        """)
    )
    ended = db.session.execute(
        text("""
        update trust_membership m set left_on = greatest(:today, m.joined_on) from staged_establishment e
        join school s on s.urn = e.urn
        where m.school_id = s.id and m.left_on is null and e.trust_uid = '' returning m.id
        """),
        {"today": today},
    )
    result.memberships_ended += len(ended.all())
    _join_trusts(result, today)


def _stage_groups(rows: Iterator[GroupRow], report: Report) -> int:
    db.session.execute(
        text("""
        create temporary table staged_group (line int, group_uid text, group_id text, name text, kind text,
          companies_house_number text, opened_on date, closed_on date) on commit drop
        """)
    )
    columns = ["line", "group_uid", "group_id", "name", "kind", "companies_house_number", "opened_on", "closed_on"]
    return _copy("staged_group", columns, (astuple(row) for row in rows), report)


def _upsert_trusts(result: GiasResult) -> None:
    written = db.session.execute(
        text("""
        insert into trust as t (group_uid, group_id, name, kind, companies_house_number, opened_on, closed_on)
        select distinct on (group_uid) group_uid, nullif(group_id, ''), name, kind, nullif(companies_house_number, ''),
          opened_on, closed_on
        from staged_group order by group_uid, line desc
        on conflict (group_uid) do update set
          name = excluded.name, kind = excluded.kind, group_id = coalesce(excluded.group_id, t.group_id),
          companies_house_number = coalesce(excluded.companies_house_number, t.companies_house_number),
          opened_on = coalesce(excluded.opened_on, t.opened_on), closed_on = coalesce(excluded.closed_on, t.closed_on)
        where (t.name, t.kind) is distinct from (excluded.name, excluded.kind)
          or excluded.group_id is distinct from t.group_id and excluded.group_id is not null
          or excluded.companies_house_number is distinct from t.companies_house_number
             and excluded.companies_house_number is not null
          or excluded.opened_on is distinct from t.opened_on and excluded.opened_on is not null
          or excluded.closed_on is distinct from t.closed_on and excluded.closed_on is not null
        returning (xmax = 0)
        """)
    )
    flags = [row[0] for row in written]
    result.trusts_added += sum(flags)
    result.trusts_changed += len(flags) - sum(flags)


def _apply_links(file: GiasFile, result: GiasResult, today: date, report: Report) -> None:
    links = [row for row in file.rows if isinstance(row, GroupLinkRow)]
    _stage_groups((row.group for row in links), lambda done: None)
    _upsert_trusts(result)
    db.session.execute(
        text("create temporary table staged_link (line int, urn int, group_uid text, joined_on date) on commit drop")
    )
    rows = ((row.line, row.urn, row.group.uid, row.joined_on) for row in links)
    result.rows = _copy("staged_link", ["line", "urn", "group_uid", "joined_on"], rows, report)
    missing = db.session.execute(
        text("""
        select l.line, l.urn from staged_link l where not exists (select from school s where s.urn = l.urn)
          and not exists (select from former_urn f where f.urn = l.urn) order by l.line
        """)
    )
    for line, urn in missing:
        reason = "is not in the register yet: import the establishments first, then this file again"
        result.rejections.append(Rejection(line, "URN", str(urn), reason))
    _join_trusts(result, today)


def _join_trusts(result: GiasResult, today: date) -> None:
    """Makes the staged links the schools' memberships.

    A link to the trust that a school is in brings its joining date; one that is younger than the membership, or has no
    date, replaces it; an older one becomes history up to the day on which the school joined its present trust.
    """
    db.session.execute(
        text("""
        create temporary table staged_membership on commit drop as
        select distinct on (s.id) s.id as school_id, t.id as trust_id, l.joined_on
        from staged_link l join school s on s.urn = l.urn join trust t on t.group_uid = l.group_uid
        where t.closed_on is null order by s.id, l.joined_on desc nulls last, l.line desc
        """)
    )
    db.session.execute(
        text("""
        update trust_membership m set joined_on = n.joined_on from staged_membership n
        where m.school_id = n.school_id and m.trust_id = n.trust_id and m.left_on is null
          and n.joined_on is not null and m.joined_on is distinct from n.joined_on
        """)
    )
    ended = db.session.execute(
        text("""
        update trust_membership m
        set left_on = greatest(coalesce(n.joined_on, :today), m.joined_on) from staged_membership n
        where m.school_id = n.school_id and m.trust_id <> n.trust_id and m.left_on is null
          and (n.joined_on is null or m.joined_on is null or n.joined_on >= m.joined_on) returning m.id
        """),
        {"today": today},
    )
    result.memberships_ended += len(ended.all())
    begun = db.session.execute(
        text("""
        insert into trust_membership (school_id, trust_id, joined_on, left_on)
        select n.school_id, n.trust_id, n.joined_on, m.joined_on from staged_membership n
        left join trust_membership m on m.school_id = n.school_id and m.left_on is null
        where (m.id is null or m.trust_id <> n.trust_id)
          and not exists (select from trust_membership h where h.school_id = n.school_id and h.trust_id = n.trust_id
            and h.joined_on is not distinct from n.joined_on)
        returning id
        """)
    )
    result.memberships_begun += len(begun.all())
