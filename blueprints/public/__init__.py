"""Pages for everybody, signed in or not: help, accessibility, cookies, and whether the service is well."""

from flask import Flask

from blueprints.public import (  # noqa: F401  # hang their routes on the blueprint
    calendar_feed,
    reading,
    reading_sheet,
    reminders,
    shared_plan,
    training,
)
from blueprints.public.pages import blueprint


def register(app: Flask) -> None:
    """Registers the audience's pages."""
    app.register_blueprint(blueprint)
