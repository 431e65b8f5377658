"""Pages for the authority audience: one module for each topic."""

from flask import Flask

from blueprints.authority import releases, requests  # noqa: F401  # hang their routes on the blueprint
from blueprints.authority.blueprint import blueprint


def register(app: Flask) -> None:
    """Registers the audience's pages."""
    app.register_blueprint(blueprint)
