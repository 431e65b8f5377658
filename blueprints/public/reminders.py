"""Stopping reminders by a signed link, and what GOV.UK Notify reports of a delivery."""

import hmac
import uuid

from flask import Response, abort, current_app, render_template, request, url_for

from blueprints.public.pages import blueprint
from blueprints.web.access import public
from prevent_trust.config import Settings
from prevent_trust.extensions import csrf
from prevent_trust.jobs.ledger import request_job
from prevent_trust.signed_links import STOP_LINK, read_signed_ids
from prevent_trust.tenancy import PlatformScope, SchoolScope, bind_scope
from tenants.organisations.queries import names_of_organisations
from tenants.reminders.actions import stop_reminders, take_stop_back
from tenants.reminders.planning import EVERY_RULE
from tenants.reminders.queries import stopped
from tenants.reminders.rule_book import built_in_rule

REASON = "the signed link names whose reminders it stops; nothing of a school is shown but its name"
People = list[tuple[uuid.UUID, uuid.UUID]]
CAME_BACK = {"permanent-failure": True, "temporary-failure": False, "technical-failure": False}


@blueprint.get("/reminders/stop/<token>/<rule>")
@public(REASON)
def reminder_stop(token: str, rule: str) -> str:
    """Says what the button stops. Looking stops nothing: mail scanners follow links."""
    return _page(_people(token, rule), token, rule)


# A mail program posts here by itself (RFC 8058); the signed link says whose reminders they are.
@blueprint.post("/reminders/stop/<token>/<rule>")
@csrf.exempt  # type: ignore[untyped-decorator]  # Flask-WTF is untyped here
@public(REASON)
def reminder_stop_now(token: str, rule: str) -> str:
    people = _people(token, rule)
    for school_id, person in people:
        scope = SchoolScope(school_id)
        bind_scope(scope)
        stop_reminders(scope, person=person, rule=rule)
    return _page(people, token, rule)


# As above.
@blueprint.post("/reminders/stop/<token>/<rule>/again")
@csrf.exempt  # type: ignore[untyped-decorator]  # Flask-WTF is untyped here
@public(REASON)
def reminder_stop_take_back(token: str, rule: str) -> str:
    people = _people(token, rule)
    for school_id, person in people:
        scope = SchoolScope(school_id)
        bind_scope(scope)
        take_stop_back(scope, person=person, rule=rule)
    return _page(people, token, rule)


def _people(token: str, rule: str) -> People:
    """The pairs of school and person that the link is about. An address that was not signed here does not exist."""
    ids = read_signed_ids(STOP_LINK, token)
    if not ids or len(ids) % 2 or (rule != EVERY_RULE and built_in_rule(rule) is None):
        abort(404)
    return list(zip(ids[::2], ids[1::2], strict=True))


def _page(people: People, token: str, rule: str) -> str:
    is_stopped = True
    for school_id, person in people:
        scope = SchoolScope(school_id)
        bind_scope(scope)
        is_stopped = is_stopped and rule in stopped(scope, person=person)
    found = built_in_rule(rule)
    return render_template(
        "public/stop_reminders.html",
        schools=sorted(names_of_organisations({school_id for school_id, _ in people}).values()),
        title=found.title if found else None,
        is_stopped=is_stopped,
        again=url_for("public.reminder_stop_take_back", token=token, rule=rule),
        stop=url_for("public.reminder_stop_now", token=token, rule=rule),
    )


# GOV.UK Notify proves itself with a token of its own.
@blueprint.post("/notify/receipts")
@csrf.exempt  # type: ignore[untyped-decorator]  # Flask-WTF is untyped here
@public("GOV.UK Notify reports here, with a token that only it has")
def notify_receipt() -> Response | tuple[dict[str, str], int]:
    """What became of a mail. A failure becomes a job: the worker notes it on the mail and on what it carried."""
    settings: Settings = current_app.extensions["settings"]
    expected = settings.notify_receipt_token
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if (
        expected is None
        or scheme != "Bearer"
        or not hmac.compare_digest(given.encode(), expected.get_secret_value().encode())
    ):
        abort(403)
    body = request.get_json(silent=True)
    status, reference = (body.get("status"), body.get("reference")) if isinstance(body, dict) else (None, None)
    mail_id = _as_uuid(reference)
    if not isinstance(status, str) or mail_id is None:
        return {"problem": "A receipt has a status, and the reference that the mail was sent with"}, 400
    if status in CAME_BACK:
        _note(mail_id, status)
    return Response(status=204)


def _note(mail_id: uuid.UUID, status: str) -> None:
    bind_scope(PlatformScope())
    request_job(
        "record_bounce",
        scope=PlatformScope(),
        title="Note a mail that came back",
        arguments={
            "mail_id": str(mail_id),
            "problem": f"GOV.UK Notify: {status.replace('-', ' ')}",
            "lasting": CAME_BACK[status],
        },
        once_key=f"record_bounce:{mail_id}",
    )


def _as_uuid(value: object) -> uuid.UUID | None:
    try:
        return uuid.UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
