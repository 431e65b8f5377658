"""Pages for the platform audience: one module for each topic."""

from flask import Flask

from blueprints.platform import (  # noqa: F401  # hang their routes on the blueprint
    audit,
    authority_calendar,
    contacts,
    demo_mail,
    editions,
    imports,
    jobs,
    organisations,
    people,
    release_groups,
    release_ledger,
    releases,
)
from blueprints.platform.blueprint import blueprint


def register(app: Flask) -> None:
    """Registers the audience's pages."""
    app.register_blueprint(blueprint)
