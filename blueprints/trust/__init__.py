"""Pages for the trust audience: one module for each topic."""

from flask import Flask

from blueprints.trust import (  # noqa: F401  # hang their routes on the blueprint
    chase,
    checks,
    compare,
    contacts,
    editions,
    overview,
    people,
    reading,
    reminders,
    reports,
    staff_import,
)
from blueprints.trust.blueprint import blueprint


def register(app: Flask) -> None:
    """Registers the audience's pages."""
    app.register_blueprint(blueprint)
