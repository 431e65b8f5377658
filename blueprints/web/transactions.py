"""The request commits; domain code only flushes. A GET changes nothing."""

from flask import Flask, Response, request

from prevent_trust.database import db


def install_transactions(app: Flask) -> None:
    """Commits after a request that may change things and went well; rolls back after every other."""

    @app.after_request
    def _commit(response: Response) -> Response:
        if request.method in {"POST", "PUT", "PATCH", "DELETE"} and response.status_code < 400:
            db.session.commit()
        elif db.session.new or db.session.dirty or db.session.deleted:
            changed = [*db.session.new, *db.session.dirty, *db.session.deleted]
            db.session.rollback()
            if response.status_code < 400:
                raise RuntimeError(f"{request.method} {request.endpoint} would have changed {changed!r}")
        return response

    @app.teardown_request
    def _forget_tenant(error: BaseException | None) -> None:
        db.session.remove()
