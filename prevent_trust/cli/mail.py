"""`mail bounce`: what a mail server hands over of the mails that come back."""

import sys

import click
from flask.cli import with_appcontext

from prevent_trust.database import db
from prevent_trust.mail import record_bounce
from prevent_trust.mail_senders.bounces import read_bounce
from prevent_trust.tenancy import PlatformScope, bind_scope
from tenants.reminders.ledger import settle

LARGEST_REPORT = 5 * 1024 * 1024  # bytes; what is longer is no report


@click.group("mail")
def mail_commands() -> None:
    """What becomes of mail that was sent."""


@mail_commands.command("bounce")
@with_appcontext
def bounce_command() -> None:
    """Take a delivery report (RFC 3464) from standard input, as a mail server's pipe gives it, and note the bounce.

    Ends well for everything else that arrives in such a mailbox too, so that the server does not send it back.
    """
    bounce = read_bounce(sys.stdin.buffer.read(LARGEST_REPORT))
    if bounce is None:
        click.echo("This is no report that a mail could not be delivered.")
        return
    bind_scope(PlatformScope())
    known = record_bounce(bounce.mail_id, problem=bounce.problem, lasting=bounce.lasting, settled=settle)
    db.session.commit()
    click.echo(f"Noted: {bounce.problem}" if known else "The report is about no mail of this service.")
