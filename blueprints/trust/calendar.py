"""The dates that a trust sets for its schools; a school's own hold before them."""

import uuid

from flask import Response as FileResponse
from werkzeug.wrappers import Response

from blueprints.trust.blueprint import blueprint
from blueprints.web.access import can, requires
from blueprints.web.calendar_pages import CalendarPages
from prevent_trust.tenancy import TrustScope
from tenants.access.permissions import Permission
from tenants.calendar.queries import place_of

BASE = "/trusts/<uuid:trust_id>/calendar"


def _pages(trust_id: uuid.UUID) -> CalendarPages:
    scope = TrustScope(trust_id)
    address = {"trust_id": trust_id}
    return CalendarPages(scope, place_of(scope), "trust.calendar", address, may_edit=can(Permission.EDIT_TRUST))


@blueprint.get(BASE)
@requires(Permission.READ_TRUST)
def calendar(trust_id: uuid.UUID) -> FileResponse | str:
    return _pages(trust_id).show()


@blueprint.route(f"{BASE}/<int:year>", methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def calendar_edit(trust_id: uuid.UUID, year: int) -> Response | str:
    return _pages(trust_id).edit(year)


@blueprint.route(f"{BASE}/import", methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def calendar_import(trust_id: uuid.UUID) -> Response | str:
    return _pages(trust_id).upload()


@blueprint.get(f"{BASE}/import/<uuid:import_id>")
@requires(Permission.EDIT_TRUST)
def calendar_import_run(trust_id: uuid.UUID, import_id: uuid.UUID) -> FileResponse | str:
    return _pages(trust_id).preview(import_id)


@blueprint.post(f"{BASE}/import/<uuid:import_id>/apply")
@requires(Permission.EDIT_TRUST)
def calendar_import_apply(trust_id: uuid.UUID, import_id: uuid.UUID) -> Response:
    return _pages(trust_id).decide(import_id, "apply")


@blueprint.post(f"{BASE}/import/<uuid:import_id>/undo")
@requires(Permission.EDIT_TRUST)
def calendar_import_undo(trust_id: uuid.UUID, import_id: uuid.UUID) -> Response:
    return _pages(trust_id).decide(import_id, "undo")


@blueprint.post(f"{BASE}/import/<uuid:import_id>/drop")
@requires(Permission.EDIT_TRUST)
def calendar_import_drop(trust_id: uuid.UUID, import_id: uuid.UUID) -> Response:
    return _pages(trust_id).decide(import_id, "drop")
