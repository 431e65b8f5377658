"""Error pages: what happened, what was kept, what to do. They read nothing from the database."""

import structlog
from flask import Flask, g, render_template
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from prevent_trust.database import db

log = structlog.get_logger(__name__)

PAGES = {403: "errors/403.html", 404: "errors/404.html", 413: "errors/413.html", 429: "errors/429.html"}


def install_errors(app: Flask) -> None:
    @app.errorhandler(CSRFError)
    def _csrf(error: CSRFError) -> tuple[str, int]:
        db.session.rollback()
        return _page("errors/csrf.html"), 400

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> tuple[str, int] | HTTPException:
        db.session.rollback()
        code = error.code or 500
        if code < 400:
            return error
        return _page(PAGES.get(code, "errors/500.html" if code >= 500 else "errors/404.html")), code

    @app.errorhandler(OperationalError)
    def _database_away(error: OperationalError) -> tuple[str, int]:
        db.session.rollback()
        log.error("database away", error=str(error.orig))
        return _page("errors/503.html"), 503

    @app.errorhandler(Exception)
    def _unexpected(error: Exception) -> tuple[str, int]:
        if app.testing or app.debug:
            raise error
        db.session.rollback()
        log.error("unexpected error", exc_info=error)
        return _page("errors/500.html"), 500


def _page(template: str) -> str:
    g.pop("access", None)  # or the page's heading would read the tenant's name from the database
    return render_template(template)
