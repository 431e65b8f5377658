"""Where does the staff list come from by itself? From a folder, a server or Wonde, for one school."""

import uuid

from flask import Response as FileResponse
from werkzeug.wrappers import Response

from blueprints.school.blueprint import blueprint
from blueprints.web.access import requires
from blueprints.web.source_pages import SourcePages
from prevent_trust.tenancy import SchoolScope
from tenants.access.permissions import Permission

BASE = "/schools/<uuid:school_id>/staff/sources"


@blueprint.get(BASE)
@requires(Permission.EDIT_SCHOOL)
def staff_sources(school_id: uuid.UUID) -> FileResponse | str:
    return _pages(school_id).overview()


@blueprint.route(f"{BASE}/new", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def staff_source_new(school_id: uuid.UUID) -> Response | str:
    return _pages(school_id).new()


@blueprint.route(f"{BASE}/<uuid:source_id>", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def staff_source(school_id: uuid.UUID, source_id: uuid.UUID) -> Response | str:
    return _pages(school_id).source(source_id)


@blueprint.post(f"{BASE}/<uuid:source_id>/fetch")
@requires(Permission.EDIT_SCHOOL)
def staff_source_fetch(school_id: uuid.UUID, source_id: uuid.UUID) -> Response:
    return _pages(school_id).fetch(source_id)


@blueprint.route(f"{BASE}/<uuid:source_id>/remove", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def staff_source_remove(school_id: uuid.UUID, source_id: uuid.UUID) -> Response | str:
    return _pages(school_id).remove(source_id)


def _pages(school_id: uuid.UUID) -> SourcePages:
    return SourcePages(SchoolScope(school_id), "school")
