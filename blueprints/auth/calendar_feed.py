"""What is one's own at every school, in a calendar of one's own."""

from werkzeug.wrappers import Response

from blueprints.auth.blueprint import blueprint
from blueprints.web.access import signed_in
from blueprints.web.feed_pages import FeedPages

_PAGES = FeedPages("account/calendar.html", "auth.calendar_feed")


@blueprint.get("/account/calendar")
@signed_in
def calendar_feed() -> str:
    return _PAGES.show()


@blueprint.post("/account/calendar")
@signed_in
def calendar_feed_make() -> str:
    return _PAGES.make()


@blueprint.post("/account/calendar/withdraw")
@signed_in
def calendar_feed_withdraw() -> Response:
    return _PAGES.withdraw()
