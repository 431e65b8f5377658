"""`import gias|plan|staff`: what the pages import, from files on the machine."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from flask.cli import with_appcontext
from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.tenancy import PlatformScope, SchoolScope, TrustScope, bind_scope
from tenants.imports.gias.apply import apply_gias
from tenants.imports.gias.reader import read_gias
from tenants.imports.plan_document.problems import PlanDocumentError
from tenants.imports.plan_document.run import import_plan_file
from tenants.imports.staff.command import import_staff_file
from tenants.imports.tabular.table import TableError
from tenants.organisations.models import FormerUrn, School, Trust
from tenants.plan.actions import PlanError

SHOWN_REJECTIONS = 20

dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would change and change nothing.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
file_argument = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
school_option = click.option("--school", "urn", required=True, type=click.IntRange(100000, 999999), metavar="URN")


@click.group("import")
def import_commands() -> None:
    """Take in the register, a school's plan or its staff."""


@import_commands.command("gias")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@dry_run_option
@json_option
@with_appcontext
def import_gias_command(files: tuple[Path, ...], dry_run: bool, as_json: bool) -> None:
    """Bring the register up to date from downloads of Get Information About Schools.

    Give establishments before groups, and groups before their links; all of one call is applied, or nothing.
    """
    today = datetime.now(ZoneInfo("Europe/London")).date()
    results = []
    bind_scope(PlatformScope())
    for path in files:
        with path.open("rb") as stream:
            try:
                result = apply_gias(read_gias(stream, file_name=path.name), today=today)
            except TableError as error:
                raise click.ClickException(f"{path}: {error}") from error
        rejections = [vars(rejection) for rejection in result.rejections]
        results.append({"file": str(path), **result.as_json(), "rejections": rejections})
    _finish(dry_run)
    _print(results, as_json=as_json, dry_run=dry_run)


@import_commands.command("plan")
@file_argument
@school_option
@dry_run_option
@json_option
@with_appcontext
def import_plan_command(file: Path, urn: int, dry_run: bool, as_json: bool) -> None:
    """Make a school's plan from its Word document. The plan it has is archived with its history."""
    scope = _school(urn)

    def work() -> dict[str, Any]:
        with file.open("rb") as stream:
            return import_plan_file(scope, stream, file.name, dry_run=dry_run, made_by=None)

    _import_one(file, work, as_json=as_json, dry_run=dry_run)


@import_commands.command("staff")
@file_argument
@click.option(
    "--school", "urn", type=click.IntRange(100000, 999999), metavar="URN", help="The school whose staff it lists."
)
@click.option("--trust", "group_uid", metavar="UID", help="The trust whose schools’ staff it lists, by its group UID.")
@click.option("--complete", is_flag=True, help="Staff who are not in the file have left.")
@dry_run_option
@json_option
@with_appcontext
def import_staff_command(
    file: Path, urn: int | None, group_uid: str | None, complete: bool, dry_run: bool, as_json: bool
) -> None:
    """Bring the staff of a school, or of a whole trust, up to date from a CSV or Excel file."""
    if (urn is None) == (group_uid is None):
        raise click.UsageError("Give either --school or --trust.")
    scope = _school(urn) if urn is not None else _trust(str(group_uid))
    today = datetime.now(ZoneInfo("Europe/London")).date()

    def work() -> dict[str, Any]:
        with file.open("rb") as stream:
            return import_staff_file(scope, stream, file.name, complete=complete, as_at=today, dry_run=dry_run)

    _import_one(file, work, as_json=as_json, dry_run=dry_run)


def _import_one(file: Path, work: Callable[[], dict[str, Any]], *, as_json: bool, dry_run: bool) -> None:
    try:
        result = work()
    except (TableError, PlanDocumentError, PlanError) as error:
        raise click.ClickException(f"{file}: {error}") from error
    _finish(dry_run)
    _print([{"file": str(file), **result}], as_json=as_json, dry_run=dry_run)


def _school(urn: int) -> SchoolScope:
    """The school with that URN, now or formerly."""
    bind_scope(PlatformScope())
    school_id = db.session.scalar(
        select(School.id).where(School.urn == urn).union(select(FormerUrn.school_id).where(FormerUrn.urn == urn))
    )
    if school_id is None:
        raise click.ClickException(f"No school has the URN {urn}. Import the register first.")
    scope = SchoolScope(school_id)
    bind_scope(scope)
    return scope


def _trust(group_uid: str) -> TrustScope:
    bind_scope(PlatformScope())
    trust_id = db.session.scalar(select(Trust.id).where(Trust.group_uid == group_uid))
    if trust_id is None:
        raise click.ClickException(f"No trust has the group UID {group_uid}. Import the register first.")
    scope = TrustScope(trust_id)
    bind_scope(scope)
    return scope


def _finish(dry_run: bool) -> None:
    if dry_run:
        db.session.rollback()
    else:
        db.session.commit()


def _print(results: list[dict[str, Any]], *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        click.echo(json.dumps({"dry_run": dry_run, "files": results}, default=str, ensure_ascii=False, indent=2))
        return
    for result in results:
        click.echo(f"{result['file']}{' (nothing was changed)' if dry_run else ''}")
        for name, value in result.items():
            if isinstance(value, bool) or name == "file":
                continue
            if isinstance(value, int | str):
                click.echo(f"  {name.replace('_', ' ')}: {value}")
            elif isinstance(value, list):
                _print_list(name, value)


def _print_list(name: str, items: list[Any]) -> None:
    click.echo(f"  {name.replace('_', ' ')}: {len(items)}")
    for item in items[:SHOWN_REJECTIONS]:
        words = ", ".join(f"{key} {value}" for key, value in item.items() if value) if isinstance(item, dict) else item
        click.echo(f"    {words}")
    if len(items) > SHOWN_REJECTIONS:
        click.echo(f"    … and {len(items) - SHOWN_REJECTIONS} more; --json prints all")
