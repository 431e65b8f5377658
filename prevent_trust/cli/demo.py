"""`demo`: the whole product on one machine, from nothing: servers, database, invented data, web, workers, schedule."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from zoneinfo import ZoneInfo

import click
from cryptography.fernet import Fernet
from flask import current_app
from flask.cli import with_appcontext
from flask_security.utils import hash_password

from prevent_trust.cli.database import upgrade
from prevent_trust.config import ROOT, Environment, Settings
from prevent_trust.database import db
from prevent_trust.database_roles import create_roles_and_database, urls_for
from prevent_trust.embedded import EmbeddedError, Engines, data_directory, start_engines
from prevent_trust.jobs.ledger import request_job
from prevent_trust.jobs.releases import release_rules
from prevent_trust.jobs.reminders import request_reminders
from prevent_trust.tenancy import PlatformScope, bind_scope
from tenants.demo.fill import fill, is_filled
from tenants.demo.people import DEMO_ACCOUNTS
from tenants.demo.releases import make_first_release, terms_to_release

DATABASE = "prevent_demo"
SECONDS_TO_STOP = 15
OUR_FILES = {
    "in-use",
    "postgres",
    "postgres.log",
    "redis",
    "programs",
    "pg-socket",
    "redis-socket",
    "files",
    "secrets.json",
}

directory_option = click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("var/demo"),
    show_default=True,
    help="Where the demo's data lies.",
)


@click.command("demo")
@directory_option
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
def demo_command(directory: Path, port: int, host: str) -> None:
    """Run everything on invented data until Ctrl-C."""
    _require_free(host, port)
    with _stopped_by_signals() as stop:
        click.echo("Starting PostgreSQL and Redis…")
        try:
            engines = start_engines(directory)
        except EmbeddedError as error:
            raise click.ClickException(str(error)) from error
        with engines:
            environment = _prepare(engines, port)
            if not stop.requested:
                _run(_Demo(environment, host, port, engines.directory), stop)
    click.echo("Stopped. The data is kept; `make demo` finds it again, `make demo-reset` empties it.")


@click.command("demo-reset")
@directory_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def demo_reset_command(directory: Path, yes: bool) -> None:
    """Delete the demo's data."""
    place = data_directory(directory)
    if not place.exists():
        click.echo("There is no demo data.")
        return
    strangers = {path.name for path in place.iterdir()} - OUR_FILES - {"postgres.new"}
    if strangers:
        raise click.ClickException(
            f"{place} holds what is not the demo's: {', '.join(sorted(strangers))}. Nothing was deleted."
        )
    if not yes:
        click.confirm(f"Delete all demo data in {place}?", abort=True)
    try:
        with start_engines(place):
            pass  # nobody else runs on it, and what a killed start left behind is stopped
    except EmbeddedError as error:
        if "running already" in str(error):
            raise click.ClickException(
                "The demo is running. Stop it first, then run `make demo-reset` again."
            ) from error
    shutil.rmtree(place)
    click.echo("The demo data is deleted.")


@click.command("fill-demo", hidden=True)
@with_appcontext
def fill_demo_command() -> None:
    """Fill an empty demo with invented data; one that has data is left as it is."""
    settings: Settings = current_app.extensions["settings"]
    if not settings.is_demo:
        raise click.ClickException("Only a demo is filled with invented data.")
    today = datetime.now(ZoneInfo("Europe/London")).date()
    bind_scope(PlatformScope())
    if not is_filled():
        click.echo("Inventing three authorities, two trusts, their schools and records…")
        filled = fill(password_hash=hash_password(os.environ["DEMO_PASSWORD"]), today=today)
        db.session.commit()
        click.echo(f"{filled.schools} schools, {filled.staff:,} staff.")
    request_reminders(datetime.now(UTC))  # so that the mail page has something to show from the first minute
    db.session.commit()
    make_first_release(today, release_rules(settings))
    request_job(
        "finish_demo",
        scope=PlatformScope(),
        title="Invent the releases of the other authorities and of a group",
        once_key=f"demo:{terms_to_release(today)[0].key}",
    )
    db.session.commit()


def _require_free(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise click.ClickException(
                f"Port {port} of {host} cannot be used ({error.strerror}). "
                f"Stop the program that uses it, or choose another: make demo PORT={port + 80}"
            ) from error


def _prepare(engines: Engines, port: int) -> dict[str, str]:
    """Brings the database up to date, fills it when it is empty, and returns the environment of the processes."""
    urls = urls_for(engines.superuser_url, DATABASE)
    kept = _secrets(engines.directory / "secrets.json")
    settings = {
        "ENVIRONMENT": Environment.DEMO.value,
        "BASE_URL": f"http://localhost:{port}",
        "SECRET_KEY": kept["secret_key"],
        "PASSWORD_SALT": kept["password_salt"],
        "DATABASE_URL": urls.web,
        "WORKER_DATABASE_URL": urls.worker,
        "AUTHORITY_DATABASE_URL": urls.authority,
        "REDIS_URL": engines.redis_url,
        "STORAGE_URL": (engines.directory / "files").as_uri(),
        "MAIL_URL": "outbox:",
        "SOURCES_FOLDER": str(engines.directory / "sources"),
        "SOURCE_KEYS": kept["source_key"],
    }
    click.echo("Bringing the database up to date…")
    create_roles_and_database(engines.superuser_url, urls)
    upgrade(urls.owner)
    environment = os.environ | settings | {"DEMO_PASSWORD": kept["password"]}
    filled = subprocess.run([*_OURSELVES, "fill-demo"], env=environment, cwd=ROOT, check=False)  # noqa: S603  # ourselves
    if filled.returncode:
        raise click.ClickException("The demo data could not be made; the reason stands above.")
    return environment


def _secrets(path: Path) -> dict[str, str]:
    """The demo's own secrets, made once: whoever can read the folder can read the demo."""
    if path.exists():
        kept: dict[str, str] = json.loads(path.read_text())
        if "source_key" in kept:
            return kept
    else:
        kept = {}
    made = {
        "source_key": Fernet.generate_key().decode(),
        "secret_key": secrets.token_urlsafe(48),
        "password_salt": secrets.token_urlsafe(48),
        "password": "-".join(secrets.choice(_WORDS) for _ in range(4)),
    }
    made |= kept
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(made))
    fresh.replace(path)
    return made


_WORDS = (
    "amber anchor apple arrow autumn badger barley basket beacon birch bramble bridge candle canal cedar cherry "
    "clover cobalt copper coral cotton cricket daisy falcon feather fern forest garden ginger granite harbour hazel "
    "heather island ivory jasmine juniper lantern linen lupin maple marble meadow mustard nettle oak olive orchard "
    "otter pebble pepper plum poppy quarry raven river rowan saffron sail sparrow spruce thistle timber tulip valley "
    "velvet violet walnut willow winter yarrow"
).split()

_OURSELVES = [sys.executable, "-c", "from prevent_trust.factory import main; main()"]


@dataclass(frozen=True)
class _Demo:
    environment: dict[str, str]
    host: str
    port: int
    directory: Path


class _Stop:
    requested = False


@contextmanager
def _stopped_by_signals() -> Iterator[_Stop]:
    """Ctrl-C and SIGTERM ask for a stop instead of ending this process, which has others to end first."""
    stop = _Stop()

    def ask(number: int, frame: FrameType | None) -> None:
        stop.requested = True

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run(demo: _Demo, stop: _Stop) -> None:
    commands = {
        "web": ["serve", "--bind", f"{demo.host}:{demo.port}", "--processes", "2"],
        "worker": ["worker", "--processes", "2"],
        "schedule": ["cron"],
    }
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, arguments in commands.items():
            # In a session of its own: Ctrl-C reaches this process only, which stops the others in order.
            running[name] = subprocess.Popen(  # noqa: S603  # ourselves
                [*_OURSELVES, *arguments], env=demo.environment, cwd=ROOT, start_new_session=True
            )
        _wait_for_web(demo, stop, running["web"])
        if not stop.requested:
            _greet(demo)
        while not stop.requested:
            for name, process in running.items():
                if process.poll() is not None:
                    raise click.ClickException(
                        f"The {name} process ended by itself ({process.returncode}). Its last words stand above."
                    )
            time.sleep(0.3)
        click.echo("\nStopping…")
    finally:
        _end(running)


def _wait_for_web(demo: _Demo, stop: _Stop, web: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and not stop.requested and web.poll() is None:
        try:
            with socket.create_connection((demo.host, demo.port), timeout=1):
                return
        except OSError:
            time.sleep(0.1)


def _end(running: dict[str, subprocess.Popen[bytes]]) -> None:
    for process in running.values():
        process.terminate()
    until = time.monotonic() + SECONDS_TO_STOP
    for process in running.values():
        try:
            process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _greet(demo: _Demo) -> None:
    lines = [
        "",
        f"  Prevent Trust runs at {demo.environment['BASE_URL']}",
        "",
        "  Sign in with one of these; the password of each is " + demo.environment["DEMO_PASSWORD"],
        *(f"    {account.email:<34} {account.what}" for account in DEMO_ACCOUNTS),
        "",
        f"  Mail that would have gone out: {demo.environment['BASE_URL']}/demo/mail",
        f"  The data lies in {demo.directory}",
        "  Ctrl-C stops everything.",
        "",
    ]
    click.echo("\n".join(lines))
