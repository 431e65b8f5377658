"""What everybody may read."""

from flask import Blueprint, Response, current_app, jsonify, render_template
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from blueprints.web.access import public
from prevent_trust.config import Settings
from prevent_trust.database import db
from prevent_trust.queues import redis_from_url

blueprint = Blueprint("public", __name__)


@blueprint.get("/help")
@public("help is for everybody and shows nobody's records")
def help_page() -> str:
    return render_template("help/help.html")


@blueprint.get("/help/status")
@public("explains rules and shows nobody's records")
def help_status() -> str:
    return render_template("help/status.html")


@blueprint.get("/accessibility")
@public("the accessibility statement must be open to everybody")
def accessibility() -> str:
    return render_template("help/accessibility.html")


@blueprint.get("/cookies")
@public("says which cookies there are before anybody signs in")
def cookies() -> str:
    return render_template("help/cookies.html")


@blueprint.get("/health")
@public("asked by the load balancer; says only whether database and Redis answer")
def health() -> tuple[Response, int]:
    """200 when the process can work, 503 when not."""
    settings: Settings = current_app.extensions["settings"]
    state = {"database": True, "redis": True}
    try:
        db.session.execute(text("select 1"))
    except SQLAlchemyError:
        db.session.rollback()
        state["database"] = False
    try:
        redis_from_url(settings.redis_url).ping()
    except RedisError:
        state["redis"] = False
    # Pages work without Redis; only jobs wait.
    return jsonify(state), 200 if state["database"] else 503
