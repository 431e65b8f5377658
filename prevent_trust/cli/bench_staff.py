"""The staff import's own measurement: 100,000 people at 90 schools from one file, beside PostgreSQL's own COPY of them."""

import csv
import io
import json
import resource
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import xlsxwriter
from flask import Flask
from psycopg import Connection as PsycopgConnection
from sqlalchemy import Connection, Engine, text

from prevent_trust.cli.bench_plan import MeasurementFailed
from prevent_trust.config import postgresql_url
from prevent_trust.database import db
from prevent_trust.storage import FolderStorage
from prevent_trust.tenancy import TrustScope, bind_scope, stamp_each_transaction
from tenants.imports.models import ImportState
from tenants.imports.staff.models import SchoolStep
from tenants.imports.staff.reader import StaffMapping
from tenants.imports.staff.run import apply_one, choose_columns, finish_run, open_run, read_run, schools_to_apply

PEOPLE = 100_000
HEAD = ("URN", "Surname", "Forename", "Job Title", "Work Email", "Payroll Number", "TRN", "Start Date", "DOB")
TITLES = ("Class teacher", "Teaching assistant", "Caretaker", "DSL / Deputy Head", "Cover supervisor")
_MEMBERS = "id, school_id, given_name, family_name, email, staff_code, trn, starts_on, leaves_on"
_ROLES = "school_id, staff_id, role, from_on, until_on"
# The same columns, keys, indexes and checks as the tables of the product.
_CLONES = (
    "create table copied_member (like staff_member including all, foreign key (school_id) references school (id))",
    "create table copied_role (like staff_role_held including all, foreign key (school_id) references school (id),"
    " foreign key (school_id, staff_id) references copied_member (school_id, id))",
)


def measure_staff_import(
    worker_url: str, superuser: Engine, trust_group: str, folder: Path, scale: float
) -> dict[str, Any]:
    """The import from CSV, the same again, and from Excel, each in a process of its own; and COPY of the same rows."""
    folder.mkdir(exist_ok=True)
    people = max(200, round(PEOPLE * min(scale, 1.0)))
    with superuser.connect() as connection:
        urns = _urns(connection, trust_group)
    files = {"csv": folder / "staff.csv", "xlsx": folder / "staff.xlsx"}
    with files["csv"].open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([HEAD, *_people(people, urns)])
    with xlsxwriter.Workbook(files["xlsx"], {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate([HEAD, *_people(people, urns)]):
            sheet.write_row(number, 0, row)
    first = _in_its_own_process(worker_url, trust_group, files["csv"], folder)
    copied = _copy(superuser, trust_group, files["csv"])
    again = _in_its_own_process(worker_url, trust_group, files["csv"], folder)
    excel = _in_its_own_process(worker_url, trust_group, files["xlsx"], folder)
    return {"people": people, "schools": len(urns), "first": first, "again": again, "excel": excel, **copied}


def _urns(connection: Connection, trust_group: str) -> list[int]:
    rows = connection.scalars(
        text("""select s.urn from school s join trust_membership m on m.school_id = s.id join trust t on t.id = m.trust_id
          where t.group_uid = :group order by s.urn"""),
        {"group": trust_group},
    )
    return list(rows)


def _people(count: int, urns: list[int]) -> Iterator[tuple[object, ...]]:
    for number in range(count):
        yield (
            urns[number % len(urns)], f"Surname{number}", f"Forename{number % 500}", TITLES[number % len(TITLES)],
            f"p{number}@school{number % len(urns)}.sch.uk", f"P{number}", 1_000_000 + number if number % 3 == 0 else "",
            f"{1 + number % 28:02}/{1 + number % 12:02}/{2000 + number % 25}", "01/01/1980",
        )  # fmt: skip


def _in_its_own_process(worker_url: str, trust_group: str, file: Path, folder: Path) -> dict[str, Any]:
    arguments = (worker_url, trust_group, str(file), str(folder / "stored"))
    code = f"from prevent_trust.cli.bench_staff import measure; measure(*{arguments!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603  # ourselves
    if done.returncode:
        raise MeasurementFailed(done.stderr)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def measure(worker_url: str, trust_group: str, path: str, folder: str) -> None:
    """Does all steps of one file, each as its job does it, and prints seconds and megabytes as JSON."""
    app = Flask("prevent_trust.bench")
    app.config["SQLALCHEMY_DATABASE_URI"] = postgresql_url(worker_url)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"connect_args": {"prepare_threshold": 0}}
    db.init_app(app)
    stamp_each_transaction()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with app.app_context():
        trust = db.session.scalar(text("select id from trust where group_uid = :group"), {"group": trust_group})
        db.session.rollback()
        result = _all_steps(TrustScope(cast("uuid.UUID", trust)), Path(path), FolderStorage(Path(folder)))
    # A helper process that reads a workbook counts too.
    most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    memory = {"most_megabytes": round(most / 1024), "megabytes_over_start": round((most - before) / 1024)}
    print(json.dumps(result | memory))  # read by the process that asked


def _all_steps(scope: TrustScope, file: Path, storage: FolderStorage) -> dict[str, Any]:
    bind_scope(scope)
    begun = time.monotonic()
    with file.open("rb") as stream:
        run, _ = open_run(scope, stream=stream, file_name=file.name, storage=storage, requested_by=None)
    mapping, today = StaffMapping.from_json(run.mapping), _today()
    choose_columns(scope, run, mapping=mapping, complete=False, source_name=None, today=today)
    run_id = run.id
    read_run(scope, run_id, storage=storage, progress=lambda *told: None)
    run.state = ImportState.APPLYING
    db.session.commit()
    read = time.monotonic()
    for school_id in schools_to_apply(scope, run_id, SchoolStep.WAITING):
        apply_one(school_id, run_id, complete=False, as_at=today)
        db.session.commit()
    bind_scope(scope)
    result = finish_run(scope, run_id, storage=storage)
    db.session.commit()
    ended = time.monotonic()
    return {
        "joined": result["joins"],
        "changed": result["changes"],
        "same": result["same"],
        "read_seconds": round(read - begun, 1),
        "apply_seconds": round(ended - read, 1),
        "seconds": round(ended - begun, 1),
        "rows_per_second": round((result["joins"] + result["changes"] + result["same"]) / (ended - begun)),
    }


def _copy(superuser: Engine, trust_group: str, file: Path) -> dict[str, float]:
    """Seconds that COPY alone takes: of the file into a table of text, and of what became of it into the product's tables."""
    of_trust = f"""school_id in (select m.school_id from trust_membership m join trust t on t.id = m.trust_id
      where t.group_uid = '{int(trust_group)}')"""
    raw = superuser.raw_connection()
    try:
        connection = cast("PsycopgConnection[Any]", raw.driver_connection)
        with connection.cursor() as cursor:
            for statement in _CLONES:
                cursor.execute(statement)
            cursor.execute(f"create table copied_file ({', '.join(f'c{n} text' for n in range(len(HEAD)))})")
            members, roles = io.BytesIO(), io.BytesIO()
            for table, columns, kept, key in (
                ("staff_member", _MEMBERS, members, "id"),
                ("staff_role_held", _ROLES, roles, "staff_id"),
            ):
                imported = f"{key} in (select id from staff_member where staff_code like 'P%')"
                with cursor.copy(
                    f"copy (select {columns} from {table} where {of_trust} and {imported}) to stdout"
                ) as copy:
                    for chunk in copy:
                        kept.write(chunk)
            text_seconds = _timed(cursor, "copy copied_file from stdin (format csv, header)", file.read_bytes())
            seconds = _timed(cursor, f"copy copied_member ({_MEMBERS}) from stdin", members.getvalue())
            seconds += _timed(cursor, f"copy copied_role ({_ROLES}) from stdin", roles.getvalue())
        connection.rollback()
    finally:
        raw.close()
    return {"copy_text_seconds": round(text_seconds, 2), "copy_seconds": round(seconds, 2)}


def _timed(cursor: Any, statement: str, content: bytes) -> float:
    begun = time.monotonic()
    with cursor.copy(statement) as copy:
        copy.write(content)
    return time.monotonic() - begun


def _today() -> date:
    return datetime.now(UTC).date()


def lines_of(result: dict[str, Any]) -> Iterator[str]:
    """The measurement in words."""
    yield f"\nStaff of {result['schools']} schools from one file of {result['people']:,} rows:"
    for name in ("first", "again", "excel"):
        each = result[name]
        yield (
            f"  {name:<6} {each['seconds']} s (read and compared {each['read_seconds']}, applied {each['apply_seconds']}),"
            f" {each['rows_per_second']:,} rows/s; at most {each['most_megabytes']} MB"
        )
    yield (
        f"  COPY alone: the file into text {result['copy_text_seconds']} s, the rows into tables with the same keys"
        f" {result['copy_seconds']} s; the first import is {result['first']['seconds'] / result['copy_seconds']:.1f} times that"
    )
