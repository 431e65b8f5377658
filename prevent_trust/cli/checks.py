"""`check`: whether everything that the service needs is there."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import click
from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import current_app
from flask.cli import with_appcontext
from redis.exceptions import RedisError
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from prevent_trust.config import ROOT, Settings
from prevent_trust.jobs.schedule import last_heartbeat
from prevent_trust.jobs.workers import engine_room
from prevent_trust.queues import redis_from_url
from prevent_trust.virus_scan import ScannerUnavailable

SCHEDULE_SILENT_AFTER = timedelta(minutes=3)  # RQ's scheduler beats every minute


class NotRight(Exception):
    """A thing that the service needs is missing; the message says what and what to do."""


@click.command("check")
@with_appcontext
def check_command() -> None:
    """Check settings, database, Redis, storage, mail, workers and schedule. Exits with 1 when one is not right."""
    failed = 0
    for name, problem in run_checks(current_app.extensions["settings"]):
        failed += problem is not None
        click.echo(f"{'ok     ' if problem is None else 'PROBLEM'} {name}{f': {problem}' if problem else ''}")
    if failed:
        raise click.exceptions.Exit(1)


def run_checks(settings: Settings) -> Iterator[tuple[str, str | None]]:
    """Each check's name, and what is wrong or none. The settings have been read when this can be called."""
    yield "settings", None
    checks: list[tuple[str, Callable[[Settings], None]]] = [
        ("database", _check_database),
        ("Redis", _check_redis),
        ("storage", _check_storage),
        ("virus scanner", _check_scanner),
        ("mail", _check_mail),
        ("workers", _check_workers),
        ("schedule", _check_schedule),
        ("assets", _check_assets),
    ]
    for name, look in checks:
        try:
            look(settings)
        except NotRight as problem:
            yield name, str(problem)
        else:
            yield name, None


def _check_database(settings: Settings) -> None:
    newest = ScriptDirectory.from_config(Config(str(ROOT / "alembic.ini"))).get_current_head()
    addresses = {
        "DATABASE_URL": (settings.database_url, "prevent_web"),
        "WORKER_DATABASE_URL": (settings.worker_database_url, "prevent_worker"),
        "AUTHORITY_DATABASE_URL": (settings.authority_database_url, "prevent_authority"),
    }
    for name, (url, role) in addresses.items():
        engine = create_engine(url, connect_args={"connect_timeout": 5})
        try:
            with engine.connect() as connection:
                row = connection.execute(
                    text(
                        "select current_user::text, rolsuper or rolbypassrls from pg_roles where rolname = current_user"
                    )
                ).one()
                if row[0] != role:
                    raise NotRight(f"{name} signs in as {row[0]}; it must be {role}")
                if row[1]:
                    raise NotRight(f"{name}'s role passes by row-level security; it must not")
                if role == "prevent_worker":
                    _check_version(connection, newest)
        except SQLAlchemyError as error:
            raise NotRight(
                f"{name} cannot be reached: {str(error.__cause__ or error).strip().splitlines()[0]}"
            ) from error
        finally:
            engine.dispose()


def _check_version(connection: Connection, newest: str | None) -> None:
    has_tables = connection.scalar(text("select to_regclass('alembic_version') is not null"))
    version = connection.scalar(text("select version_num from alembic_version")) if has_tables else None
    if version != newest:
        raise NotRight(f"is at version {version or 'none'}, the code at {newest}. Run `prevent-trust db upgrade`")


def _check_redis(settings: Settings) -> None:
    try:
        redis_from_url(settings.redis_url).ping()
    except RedisError as error:
        raise NotRight(f"REDIS_URL cannot be reached: {error}") from error


def _check_scanner(settings: Settings) -> None:
    try:
        current_app.extensions["virus_scanner"].check()
    except ScannerUnavailable as error:
        raise NotRight(f"{error}. Uploads are refused until it answers; see VIRUS_SCAN_URL") from error


def _check_storage(settings: Settings) -> None:
    try:
        current_app.extensions["storage"].check()
    except Exception as error:  # whatever the store's library raises, the operator must read it
        raise NotRight(f"STORAGE_URL takes no files: {error}") from error


def _check_mail(settings: Settings) -> None:
    try:
        current_app.extensions["mail_sender"].check()
    except Exception as error:  # as above
        raise NotRight(f"MAIL_URL: {error}") from error


def _check_workers(settings: Settings) -> None:
    room = engine_room(settings.redis_url, now=datetime.now(UTC))
    if not room.reachable:
        raise NotRight("not known, since Redis cannot be reached")
    if not any(not worker.silent for worker in room.workers):
        raise NotRight("none is running. Start `prevent-trust worker`")


def _check_schedule(settings: Settings) -> None:
    try:
        beat = last_heartbeat(redis_from_url(settings.redis_url))
    except RedisError as error:
        raise NotRight("not known, since Redis cannot be reached") from error
    if beat is None or datetime.now(UTC) - beat > SCHEDULE_SILENT_AFTER:
        raise NotRight("not running. Start `prevent-trust cron`")


def _check_assets(settings: Settings) -> None:
    if not (ROOT / "prevent_trust" / "static" / "manifest.json").exists():
        raise NotRight("not built. Run `make assets`")
