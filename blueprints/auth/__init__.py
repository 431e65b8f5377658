"""Signing in, invitations and the account page: one module for each topic."""

from flask import Flask

from blueprints.auth import account, calendar_feed, home, invitations  # noqa: F401  # hang their routes on the blueprint
from blueprints.auth.blueprint import blueprint
from blueprints.auth.sign_in import install_sign_in


def register(app: Flask) -> None:
    """Registers the audience's pages."""
    app.register_blueprint(blueprint)
    install_sign_in(app)
