"""Pages for the trust audience: one module for each topic."""

from flask import Flask

from blueprints.trust import (  # noqa: F401  # hang their routes on the blueprint
    calendar,
    chase,
    checks,
    compare,
    contacts,
    documents,
    editions,
    overview,
    own_courses,
    people,
    posts,
    reading,
    releases,
    reminders,
    reports,
    staff,
    staff_import,
    staff_sources,
    training,
)
from blueprints.trust.blueprint import blueprint


def register(app: Flask) -> None:
    """Registers the audience's pages."""
    app.register_blueprint(blueprint)
