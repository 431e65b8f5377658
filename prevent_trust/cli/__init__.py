"""The command line, `prevent-trust …`."""

import click
from flask import Flask


def register(app: Flask) -> None:
    """Registers the commands that need an application."""


def add_commands(group: click.Group) -> None:
    """Adds the commands to the group that the console script calls."""
