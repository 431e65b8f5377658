"""The school's due dates in other calendars: the reader's own address, and who else has one."""

import uuid

from flask import abort, flash, redirect, url_for
from werkzeug.wrappers import Response

from blueprints.school.blueprint import blueprint
from blueprints.school.calendar import BASE
from blueprints.web.access import account_id, can, requires
from blueprints.web.feed_pages import FeedPages
from prevent_trust.tenancy import SchoolScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.feeds.actions import withdraw_feed_of_school
from tenants.feeds.queries import HeldFeed, feeds_of_school


def _pages(school_id: uuid.UUID) -> FeedPages:
    return FeedPages("calendar/feed.html", "school.calendar_feed", SchoolScope(school_id))


def _others(school_id: uuid.UUID) -> list[HeldFeed]:
    """For those who decide who may read the school."""
    if not can(Permission.INVITE_TO_SCHOOL):
        return []
    return [feed for feed in feeds_of_school(SchoolScope(school_id)) if feed.account_id != account_id()]


@blueprint.get(f"{BASE}/address")
@requires(Permission.READ_SCHOOL)
def calendar_feed(school_id: uuid.UUID) -> str:
    return _pages(school_id).show(others=_others(school_id))


@blueprint.post(f"{BASE}/address")
@requires(Permission.READ_SCHOOL)
def calendar_feed_make(school_id: uuid.UUID) -> str:
    return _pages(school_id).make(others=_others(school_id))


@blueprint.post(f"{BASE}/address/withdraw")
@requires(Permission.READ_SCHOOL)
def calendar_feed_withdraw(school_id: uuid.UUID) -> Response:
    return _pages(school_id).withdraw()


@blueprint.post(f"{BASE}/address/<uuid:feed_id>/withdraw")
@requires(Permission.INVITE_TO_SCHOOL)
def calendar_feed_withdraw_other(school_id: uuid.UUID, feed_id: uuid.UUID) -> Response:
    if not withdraw_feed_of_school(SchoolScope(school_id), feed_id=feed_id):
        abort(404)
    record_act("calendar address withdrawn", account_id=account_id(), school_id=school_id, feed=str(feed_id))
    flash("The address is withdrawn. It opens nothing more.", "success")
    return redirect(url_for("school.calendar_feed", school_id=school_id), 303)
