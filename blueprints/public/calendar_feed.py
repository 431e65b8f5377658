"""Due dates as iCalendar, for programs that ask with a secret address and cannot sign in."""

import uuid
from datetime import UTC, datetime

from flask import Response as FileResponse
from flask import abort, current_app, request
from werkzeug.wrappers import Response

from blueprints.public.pages import blueprint
from blueprints.web.access import public, today
from blueprints.web.request_address import by_address
from prevent_trust.config import Settings
from prevent_trust.extensions import limiter
from prevent_trust.tenancy import SchoolScope, bind_scope
from tenants.access.models import Account, Role
from tenants.access.queries import memberships_of
from tenants.feeds.content import events_of_person, events_of_school
from tenants.feeds.icalendar_file import calendar_file, tag_of
from tenants.feeds.queries import open_feed
from tenants.feeds.types import FeedEvent
from tenants.organisations.queries import names_of_organisations

REASON = "a calendar program asks with a secret address, which stops with its owner’s access; it changes nothing"


@blueprint.get("/calendars/<uuid:owner_id>/<secret>.ics")
@limiter.limit("60 per hour", key_func=by_address)
@limiter.limit("600 per hour")
@public(REASON)
def calendar_feed(owner_id: uuid.UUID, secret: str) -> Response:
    """All days of the feed; nothing new is sent to a program that has them already."""
    found = open_feed(owner_id, secret, today=today()) or abort(404)
    settings: Settings = current_app.extensions["settings"]
    if found.feed.school_id is not None:
        scope = SchoolScope(found.feed.school_id)
        bind_scope(scope)
        name = f"Prevent: {names_of_organisations({scope.school_id})[scope.school_id]}"
        events = events_of_school(scope, base_url=settings.base_url, today=today())
    else:
        name, events = "Prevent: my due dates", _own_events(found.account, settings.base_url)
    response = FileResponse(calendar_file(name, events, stamp=datetime.now(UTC)), mimetype="text/calendar")
    # Weak, since each event also says when it was written.
    response.set_etag(tag_of(name, events), weak=True)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Robots-Tag"] = "noindex"
    return response.make_conditional(request)


def _own_events(account: Account, base_url: str) -> list[FeedEvent]:
    """Of each school where the account has a role today."""
    roles: dict[uuid.UUID, set[Role]] = {}
    for membership in memberships_of(account.id, today=today()):
        if membership.school_id is not None:
            roles.setdefault(membership.school_id, set()).add(membership.role)
    email = account.email
    events: list[FeedEvent] = []
    for school_id, held in sorted(roles.items()):
        scope = SchoolScope(school_id)
        bind_scope(scope)
        events += events_of_person(scope, email=email, roles=frozenset(held), base_url=base_url, today=today())
    return sorted(events, key=lambda each: (each.on, each.key))
