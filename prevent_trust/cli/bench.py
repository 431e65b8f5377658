"""`bench`: speed and memory of the main pages and the register's import, on a database as large as England."""

import csv
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click
from flask import Flask
from flask.cli import ScriptInfo
from sqlalchemy import Engine, create_engine, event, make_url, text

from prevent_trust.cli.bench_data import LARGEST_TRUST, MEDIAN_TRUST, Sizes, counts, fill
from prevent_trust.cli.bench_disclosure import (
    HISTORIES,
    MOST_CELLS,
    disclosure_lines,
    measure_disclosure,
    measure_histories,
)
from prevent_trust.cli.bench_plan import MeasurementFailed, measure_adoption, measure_pack
from prevent_trust.cli.bench_reminders import measure_reminders
from prevent_trust.cli.bench_staff import lines_of, measure_staff_import
from prevent_trust.cli.database import upgrade
from prevent_trust.config import Environment, postgresql_url
from prevent_trust.database import db
from prevent_trust.database_roles import RoleUrls, create_roles_and_database, urls_for
from prevent_trust.embedded import EmbeddedError, Engines, start_engines
from prevent_trust.tenancy import PlatformScope, bind_scope, stamp_each_transaction
from tenants.imports.gias.apply import apply_gias
from tenants.imports.gias.reader import read_gias

ROUNDS = 40
LARGEST_TRUST_GROUP, WHOLE_OF_ENGLAND = "80000", 24_500
SETTINGS = {
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "8GB",
    "shared_buffers": "1GB", "work_mem": "64MB", "maintenance_work_mem": "512MB", "jit": "off", "max_connections": "60",
}  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """Server time of a page in milliseconds, its statements, and those statements alone, replayed on the driver."""

    page: str
    trust: int  # schools
    p50: float
    p95: float
    queries: int
    bare_p50: float

    @property
    def ratio(self) -> float:
        return self.p50 / self.bare_p50 if self.bare_p50 else 0.0


@click.command("bench")
@click.option("--scale", default=1.0, show_default=True, type=click.FloatRange(0.0001, 10), help="1 is England.")
@click.option("--rounds", default=ROUNDS, show_default=True, type=click.IntRange(3, 1000), help="Calls of each page.")
@click.option(
    "--only",
    type=click.Choice(["staff-import", "disclosure"]),
    help="Measure this alone; the staff import on an empty trust, disclosure control without a database.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def bench_command(scale: float, rounds: int, only: str | None, as_json: bool) -> None:
    """Fill a database of its own, measure, and delete it again."""
    say = (lambda words: click.echo(words, err=True)) if as_json else click.echo
    if only == "disclosure":
        _bench_disclosure(say, scale, as_json=as_json)
        return
    with tempfile.TemporaryDirectory(prefix="prevent-bench-", dir="/var/tmp") as folder:  # large
        Path(folder).chmod(0o711)
        try:
            result = _bench(Path(folder), Sizes.at(scale), rounds, say, only)
        except EmbeddedError as error:
            raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(result, indent=2, default=vars))
    elif only is None:
        _print(result)
    if not as_json:
        for line in lines_of(result["staff_import"]):
            click.echo(line)


def _bench_disclosure(say: Any, scale: float, *, as_json: bool) -> None:
    """Needs no database. A smaller scale leaves the larger tables out and takes fewer histories."""
    tables = measure_disclosure(say, round(scale * MOST_CELLS))
    say("Putting three terms together…")
    histories = measure_histories(max(1, round(scale * HISTORIES)))
    result = {"tables": tables, "histories": histories}
    for line in [json.dumps(result, indent=2)] if as_json else disclosure_lines(tables, histories):
        click.echo(line)


def _bench(folder: Path, sizes: Sizes, rounds: int, say: Any, only: str | None) -> dict[str, Any]:
    with start_engines(folder, settings=SETTINGS) as engines:
        urls = urls_for(engines.superuser_url, "prevent_bench")
        create_roles_and_database(engines.superuser_url, urls)
        upgrade(urls.owner)
        superuser = create_engine(make_url(postgresql_url(engines.superuser_url)).set(database="prevent_bench"))
        begun = time.monotonic()
        share = sizes.schools / WHOLE_OF_ENGLAND
        say("Filling the database:")
        with superuser.connect() as connection:
            fill(connection, sizes, say, register_only=only is not None)
            if only is not None:
                return {"staff_import": _measure_staff(urls.worker, superuser, folder, share)}
            rows = counts(connection)
        seconds = time.monotonic() - begun
        say("Measuring pages…")
        pages = _pages_in_their_own_process(urls, engines, folder, superuser.url.render_as_string(), rounds)
        say("Measuring reminders…")  # before the register brings more schools
        try:
            reminders = measure_reminders(superuser, urls.worker)
        except MeasurementFailed as failed:
            raise click.ClickException(str(failed)) from failed
        say("Measuring the register’s import…")
        gias = _measure_gias(urls.worker, folder, sizes.register_rows)
        say("Measuring the staff import…")
        staff = _measure_staff(urls.worker, superuser, folder, share)
        say("Measuring adoption and the inspection pack…")
        try:
            adoption = measure_adoption(urls.worker, LARGEST_TRUST_GROUP)
            pack = measure_pack(urls.worker, LARGEST_TRUST_GROUP, folder / "files", share)
        except MeasurementFailed as failed:
            raise click.ClickException(str(failed)) from failed
        superuser.dispose()
    return {
        "rows": rows,
        "fill_seconds": round(seconds, 1),
        "pages": pages,
        "gias": gias,
        "staff_import": staff,
        "adoption": adoption,
        "pack": pack,
        "reminders": reminders,
    }


def _measure_staff(worker_url: str, superuser: Engine, folder: Path, share: float) -> dict[str, Any]:
    try:
        return measure_staff_import(worker_url, superuser, LARGEST_TRUST_GROUP, folder / "staff", share)
    except MeasurementFailed as failed:
        raise click.ClickException(str(failed)) from failed


def _pages_in_their_own_process(
    urls: RoleUrls, engines: Engines, folder: Path, superuser_url: str, rounds: int
) -> list[Measured]:
    """Commands work as the worker's role; here it is given the address of the web's, as which pages are served."""
    environment = os.environ | {
        "ENVIRONMENT": Environment.TEST.value,
        "BASE_URL": "http://localhost",
        "SECRET_KEY": uuid.uuid4().hex + uuid.uuid4().hex,
        "PASSWORD_SALT": uuid.uuid4().hex + uuid.uuid4().hex,
        "DATABASE_URL": urls.web,
        "WORKER_DATABASE_URL": urls.web,
        "AUTHORITY_DATABASE_URL": urls.authority,
        "REDIS_URL": engines.redis_url,
        "STORAGE_URL": (folder / "files").as_uri(),
        "MAIL_URL": "outbox:",
    }
    code = "from prevent_trust.factory import main; main()"
    command = [sys.executable, "-c", code, "bench-pages", "--rounds", str(rounds), superuser_url]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603  # ourselves
    if done.returncode:
        raise click.ClickException("The pages could not be measured; the reason stands above.")
    return [Measured(**row) for row in json.loads(done.stdout)]


@click.command("bench-pages", hidden=True)
@click.argument("superuser_url")
@click.option("--rounds", default=ROUNDS, type=int)
@click.pass_obj
def bench_pages_command(script: ScriptInfo, superuser_url: str, rounds: int) -> None:
    """Measure each main page on a filled database and print JSON."""
    superuser = create_engine(superuser_url)
    app = script.load_app()
    with app.app_context():
        engine = db.engine
    measured = []
    for size, group in ((MEDIAN_TRUST, "80001"), (LARGEST_TRUST, LARGEST_TRUST_GROUP)):
        with superuser.begin() as connection:
            trust_id, schools = _trust(connection, group)
            cookie = _account(connection, trust_id, schools)
        client = app.test_client()
        with client.session_transaction() as session:
            session.update(_user_id=cookie, _fresh=True, fs_paa=time.time())
        for name, addresses in _addresses(trust_id, schools).items():
            measured.append(_measure(engine, client, name, size, addresses, rounds))
    superuser.dispose()
    click.echo(json.dumps([vars(row) for row in measured]))


def _trust(connection: Any, group: str) -> tuple[uuid.UUID, list[uuid.UUID]]:
    trust_id = connection.scalar(text("select id from trust where group_uid = :group"), {"group": group})
    schools = connection.scalars(
        text("select school_id from trust_membership where trust_id = :trust order by school_id"), {"trust": trust_id}
    ).all()
    return trust_id, list(schools)


def _account(connection: Any, trust_id: uuid.UUID, schools: Sequence[uuid.UUID]) -> str:
    """Somebody who leads the trust and each of its schools."""
    uniquifier = uuid.uuid4().hex
    account = connection.scalar(
        text("insert into account (email, name, fs_uniquifier) values (:email, 'Bench', :unique) returning id"),
        {"email": f"{uniquifier}@bench.example", "unique": uniquifier},
    )
    connection.execute(
        text("insert into membership (account_id, role, trust_id) values (:account, 'trust_lead', :trust)"),
        {"account": account, "trust": trust_id},
    )
    connection.execute(
        text("insert into membership (account_id, role, school_id) select :account, 'prevent_lead', unnest(:schools)"),
        {"account": account, "schools": list(schools)},
    )
    return uniquifier


def _addresses(trust_id: uuid.UUID, schools: Sequence[uuid.UUID]) -> dict[str, list[str]]:
    def at_schools(page: str) -> list[str]:
        return [f"/schools/{school}{page}" for school in schools]

    return {
        "School overview": at_schools(""),
        "Action plan": at_schools("/plan"),
        "Staff and training": at_schools("/staff"),
        "Reading": at_schools("/reading"),
        "Referrals": at_schools("/referrals"),
        "Contacts": at_schools("/contacts"),
        "Trust overview": [f"/trusts/{trust_id}"],
        "Trust comparison": [f"/trusts/{trust_id}/compare"],
        "Trust comparison, a year ago": [f"/trusts/{trust_id}/compare?as_at=2025-12-01"],
        "Trust checks": [f"/trusts/{trust_id}/checks"],
        "Trust editions": [f"/trusts/{trust_id}/editions"],
        "Trust chase": [f"/trusts/{trust_id}/chase"],
    }


def _measure(engine: Engine, client: Any, name: str, size: int, addresses: list[str], rounds: int) -> Measured:
    client.get(addresses[0])  # warm: templates compiled, connections open
    times, statements = [], []
    for number in range(rounds):
        address = addresses[number % len(addresses)]
        with _statements(engine) as caught:
            begun = time.perf_counter()
            answer = client.get(address)
            times.append(1000 * (time.perf_counter() - begun))
        if answer.status_code != 200:
            raise click.ClickException(f"{address} answered {answer.status_code}")
        statements.append(caught)
    times.sort()
    return Measured(
        page=name,
        trust=size,
        p50=round(statistics.median(times), 1),
        p95=round(times[min(len(times) - 1, int(len(times) * 0.95))], 1),
        queries=max(len(each) for each in statements),
        bare_p50=round(statistics.median(_replay(engine, each) for each in statements[: max(3, rounds // 4)]), 1),
    )


@contextmanager
def _statements(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """What the page sends to the database, in order."""
    caught: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        caught.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield caught
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _replay(engine: Engine, statements: list[tuple[str, Any]]) -> float:
    """Milliseconds that the same statements take on the driver alone, in one transaction, every row fetched."""
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        begun = time.perf_counter()
        for statement, parameters in statements:
            cursor.execute(statement, parameters)
            if cursor.description:
                cursor.fetchall()
        taken = 1000 * (time.perf_counter() - begun)
        connection.rollback()
    finally:
        connection.close()
    return taken


def _measure_gias(worker_url: str, folder: Path, rows: int) -> dict[str, float]:
    """A file of so many new schools, applied twice in a process of its own: seconds, and the most memory it had."""
    file = folder / "establishments.csv"
    _write_establishments(file, rows)
    code = f"from prevent_trust.cli.bench import import_register; import_register({worker_url!r}, {str(file)!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603  # ourselves
    if done.returncode:
        raise click.ClickException(done.stderr)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _write_establishments(file: Path, rows: int) -> None:
    with file.open("w", newline="", encoding="cp1252") as stream:
        writer = csv.writer(stream)
        writer.writerow(
            [
                "URN", "LA (code)", "LA (name)", "EstablishmentName", "TypeOfEstablishment (name)",
                "EstablishmentStatus (code)", "EstablishmentStatus (name)", "OpenDate", "CloseDate",
                "PhaseOfEducation (name)", "NumberOfPupils", "Town", "Postcode",
            ]
        )  # fmt: skip
        for number in range(rows):
            writer.writerow(
                [
                    500_000 + number, 101 + number % 150, f"Authority {number % 150}", f"New School {number}",
                    "Community school", 1, "Open", "01-09-1990", "", "Primary", 100 + number % 400, "Town", "AB1 2CD",
                ]
            )  # fmt: skip


def import_register(worker_url: str, path: str) -> None:
    """Applies the file twice and prints seconds and megabytes as JSON; called in a process of its own."""
    app = Flask("prevent_trust.bench")
    app.config["SQLALCHEMY_DATABASE_URI"] = postgresql_url(worker_url)
    db.init_app(app)
    stamp_each_transaction()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = []
    with app.app_context():
        for _ in range(2):
            bind_scope(PlatformScope())
            begun = time.monotonic()
            with Path(path).open("rb") as stream:
                result = apply_gias(read_gias(stream, file_name=path), today=_today())
            db.session.commit()
            seconds.append(time.monotonic() - begun)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(  # read by the process that asked
        json.dumps(
            {
                "rows": result.rows,
                "first_seconds": round(seconds[0], 2),
                "again_seconds": round(seconds[1], 2),
                "most_megabytes": round(most / 1024),
                "megabytes_over_start": round((most - before) / 1024),
            }
        )
    )


def _today() -> date:
    return datetime.now(UTC).date()


def _print(result: dict[str, Any]) -> None:
    rows = ", ".join(f"{count:,} {name}" for name, count in result["rows"].items())
    click.echo(f"\n{rows}; filled in {result['fill_seconds']} s\n")
    click.echo(f"{'Page':<32}{'schools':>8}{'p50 ms':>9}{'p95 ms':>9}{'queries':>9}{'SQL p50':>9}{'ratio':>7}")
    for row in result["pages"]:
        click.echo(
            f"{row.page:<32}{row.trust:>8}{row.p50:>9}{row.p95:>9}{row.queries:>9}{row.bare_p50:>9}{row.ratio:>7.1f}"
        )
    gias = result["gias"]
    click.echo(
        f"\nRegister import of {gias['rows']:,} rows: {gias['first_seconds']} s, again {gias['again_seconds']} s; "
        f"at most {gias['most_megabytes']} MB, {gias['megabytes_over_start']} MB over its start"
    )
    adoption, pack = result["adoption"], result["pack"]
    click.echo(
        f"An edition adopted by {adoption['schools']} schools: {adoption['seconds']} s; at most"
        f" {adoption['most_megabytes']} MB, {adoption['megabytes_over_start']} MB over its start"
    )
    click.echo(
        f"An inspection pack of {pack['files']} files and {pack['megabytes']} MB: {pack['seconds']} s; at most"
        f" {pack['most_megabytes']} MB, {pack['megabytes_over_start']} MB over its start"
    )
    _print_reminders(result["reminders"])


def _print_reminders(result: dict[str, Any]) -> None:
    for name, words in (("shipped", "as shipped"), ("people", "with mail to all staff of trusts")):
        row = result[name]
        click.echo(
            f"A Monday’s reminders {words}: {row['lines']:,} lines planned in {row['seconds']} s, again in"
            f" {row['again_seconds']} s; at most {row['most_megabytes']} MB, {row['megabytes_over_start']} MB over its start"
        )
    row = result["digests"]
    click.echo(
        f"{row['written']:,} digests written in {row['write_seconds']} s, {row['sent']:,} sent by SMTP in"
        f" {row['send_seconds']} s ({row['sent'] / max(row['send_seconds'], 0.1):.0f} a second)"
    )
