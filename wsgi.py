"""gunicorn's entry."""

from prevent_trust.factory import create_app

app = create_app()
