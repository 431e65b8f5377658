"""`create-admin`: the first account of an installation."""

import uuid
from datetime import UTC, datetime

import click
from email_validator import EmailNotValidError, validate_email
from flask import current_app
from flask.cli import with_appcontext

from prevent_trust.config import Settings
from prevent_trust.database import db
from prevent_trust.signed_links import INVITATION_LINK, signed_id
from prevent_trust.tenancy import PlatformScope, bind_scope
from tenants.access.actions import AccessProblem, create_administrator
from tenants.access.models import Invitation


@click.command("create-admin")
@click.argument("email")
@click.argument("name")
@with_appcontext
def create_admin_command(email: str, name: str) -> None:
    """Invite a platform administrator and print the link with which they choose their password.

    The invitation is mailed as well. It can be used once, within seven days.
    """
    settings: Settings = current_app.extensions["settings"]

    def link(invitation_id: uuid.UUID) -> str:
        return f"{settings.base_url}/invitations/{signed_id(INVITATION_LINK, invitation_id)}"

    try:
        address = validate_email(email, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise click.ClickException(f"{email} is not an email address. {error}") from error
    bind_scope(PlatformScope())
    try:
        made = create_administrator(email=address, name=name, now=datetime.now(UTC), link=link)
    except AccessProblem as problem:
        raise click.ClickException(str(problem)) from problem
    assert isinstance(made, Invitation)  # noqa: S101  # no password was given
    db.session.commit()
    click.echo(f"{name} is invited. They choose their password here, within seven days:\n{link(made.id)}")
