"""The dates that an authority publishes, entered by the platform: they hold where neither trust nor school has set any."""

import uuid

from flask import Response as FileResponse
from flask import abort
from werkzeug.wrappers import Response

from blueprints.platform.blueprint import blueprint
from blueprints.web.access import requires
from blueprints.web.calendar_pages import CalendarPages
from prevent_trust.tenancy import PlatformScope
from tenants.access.permissions import Permission
from tenants.calendar.queries import place_of
from tenants.organisations.queries import authority_by_id

BASE = "/platform/organisations/authorities/<uuid:organisation_id>/calendar"


def _pages(organisation_id: uuid.UUID) -> CalendarPages:
    authority = authority_by_id(organisation_id) or abort(404)
    scope = PlatformScope()
    place = place_of(scope, authority.id)
    return CalendarPages(scope, place, "platform.authority_calendar", {"organisation_id": organisation_id})


@blueprint.get(BASE)
@requires(Permission.ADMINISTER_PLATFORM)
def authority_calendar(organisation_id: uuid.UUID) -> FileResponse | str:
    return _pages(organisation_id).show()


@blueprint.route(f"{BASE}/<int:year>", methods=["GET", "POST"])
@requires(Permission.ADMINISTER_PLATFORM)
def authority_calendar_edit(organisation_id: uuid.UUID, year: int) -> Response | str:
    return _pages(organisation_id).edit(year)


@blueprint.route(f"{BASE}/import", methods=["GET", "POST"])
@requires(Permission.ADMINISTER_PLATFORM)
def authority_calendar_import(organisation_id: uuid.UUID) -> Response | str:
    return _pages(organisation_id).upload()


@blueprint.get(f"{BASE}/import/<uuid:import_id>")
@requires(Permission.ADMINISTER_PLATFORM)
def authority_calendar_import_run(organisation_id: uuid.UUID, import_id: uuid.UUID) -> FileResponse | str:
    return _pages(organisation_id).preview(import_id)


@blueprint.post(f"{BASE}/import/<uuid:import_id>/apply")
@requires(Permission.ADMINISTER_PLATFORM)
def authority_calendar_import_apply(organisation_id: uuid.UUID, import_id: uuid.UUID) -> Response:
    return _pages(organisation_id).decide(import_id, "apply")


@blueprint.post(f"{BASE}/import/<uuid:import_id>/undo")
@requires(Permission.ADMINISTER_PLATFORM)
def authority_calendar_import_undo(organisation_id: uuid.UUID, import_id: uuid.UUID) -> Response:
    return _pages(organisation_id).decide(import_id, "undo")


@blueprint.post(f"{BASE}/import/<uuid:import_id>/drop")
@requires(Permission.ADMINISTER_PLATFORM)
def authority_calendar_import_drop(organisation_id: uuid.UUID, import_id: uuid.UUID) -> Response:
    return _pages(organisation_id).decide(import_id, "drop")
