"""`prevent-trust db …`: roles, migrations and the shipped data."""

import os

import click
from alembic import command
from alembic.config import Config
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from prevent_trust.config import ROOT, SettingsError, postgresql_url
from prevent_trust.database import db
from prevent_trust.database_roles import RoleUrls, create_roles_and_database
from prevent_trust.tenancy import PlatformScope, bind_scope, stamp_each_transaction
from tenants.built_in import load_built_in_data


@click.group("db")
def database_commands() -> None:
    """Roles, migrations and the data that the product ships."""


@database_commands.command("create-roles")
def create_roles_command() -> None:
    """Make the database and its four roles. Needs ADMIN_DATABASE_URL of a PostgreSQL superuser."""
    urls = RoleUrls(
        owner=_from_environment("OWNER_DATABASE_URL"),
        web=_from_environment("DATABASE_URL"),
        worker=_from_environment("WORKER_DATABASE_URL"),
        authority=_from_environment("AUTHORITY_DATABASE_URL"),
    )
    try:
        create_roles_and_database(_from_environment("ADMIN_DATABASE_URL"), urls)
    except (SQLAlchemyError, ValueError) as error:
        raise click.ClickException(f"The roles could not be made: {error}") from error
    click.echo("The database and its roles are there.")


@database_commands.command("upgrade")
def upgrade_command() -> None:
    """Bring tables and shipped data up to date. Needs OWNER_DATABASE_URL. Safe to run again."""
    try:
        upgrade(_from_environment("OWNER_DATABASE_URL"))
    except (SQLAlchemyError, ValueError) as error:
        raise click.ClickException(f"The database could not be upgraded: {error}") from error
    click.echo("The database is up to date.")


def upgrade(owner_url: str) -> None:
    """Runs the migrations that are missing, then loads the shipped data."""
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("sqlalchemy.url", postgresql_url(owner_url).replace("%", "%%"))
    command.upgrade(config, "head")
    app = Flask("prevent_trust.upgrade")
    app.config["SQLALCHEMY_DATABASE_URI"] = postgresql_url(owner_url)
    db.init_app(app)
    stamp_each_transaction()
    with app.app_context():
        bind_scope(PlatformScope())
        load_built_in_data()
        db.session.commit()
        db.engine.dispose()


def _from_environment(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise click.ClickException(str(SettingsError(f"{name} is not set")))
    return value
