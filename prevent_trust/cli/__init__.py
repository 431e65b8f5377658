"""The command line, `prevent-trust …`. Every command works with the worker's role of the database."""

from typing import Any

import click
from flask.cli import AppGroup, FlaskGroup

from prevent_trust.cli.accounts import create_admin_command
from prevent_trust.cli.bench import bench_command, bench_pages_command
from prevent_trust.cli.checks import check_command
from prevent_trust.cli.database import database_commands
from prevent_trust.cli.demo import demo_command, demo_reset_command, fill_demo_command
from prevent_trust.cli.imports import import_commands
from prevent_trust.cli.mail import mail_commands
from prevent_trust.cli.processes import cron_command, serve_command, worker_command
from prevent_trust.cli.releases import release_commands


class CommandLine(FlaskGroup):
    """Flask's group, but its help needs no settings: every command is known beforehand."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return AppGroup.list_commands(self, ctx)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        return AppGroup.get_command(self, ctx, name)


def command_line(create_app: Any) -> CommandLine:
    """All commands on one group. `create_app` makes the application for those that need it."""
    group = CommandLine(
        name="prevent-trust",
        create_app=create_app,
        add_default_commands=False,
        add_version_option=False,
        set_debug_flag=False,
        help="Oversight of schools’ Prevent duty.",
    )
    for command in (
        serve_command,
        worker_command,
        cron_command,
        demo_command,
        demo_reset_command,
        fill_demo_command,
        database_commands,
        import_commands,
        mail_commands,
        release_commands,
        create_admin_command,
        check_command,
        bench_command,
        bench_pages_command,
    ):
        group.add_command(command)
    return group
