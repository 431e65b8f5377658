"""Where does the staff list come from by itself? From a folder, a server or Wonde, for the whole trust."""

import uuid

from flask import Response as FileResponse
from werkzeug.wrappers import Response

from blueprints.trust.blueprint import blueprint
from blueprints.web.access import requires
from blueprints.web.source_pages import SourcePages
from prevent_trust.tenancy import TrustScope
from tenants.access.permissions import Permission

BASE = "/trusts/<uuid:trust_id>/staff/sources"


@blueprint.get(BASE)
@requires(Permission.EDIT_TRUST)
def staff_sources(trust_id: uuid.UUID) -> FileResponse | str:
    return _pages(trust_id).overview()


@blueprint.route(f"{BASE}/new", methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def staff_source_new(trust_id: uuid.UUID) -> Response | str:
    return _pages(trust_id).new()


@blueprint.route(f"{BASE}/<uuid:source_id>", methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def staff_source(trust_id: uuid.UUID, source_id: uuid.UUID) -> Response | str:
    return _pages(trust_id).source(source_id)


@blueprint.post(f"{BASE}/<uuid:source_id>/fetch")
@requires(Permission.EDIT_TRUST)
def staff_source_fetch(trust_id: uuid.UUID, source_id: uuid.UUID) -> Response:
    return _pages(trust_id).fetch(source_id)


@blueprint.route(f"{BASE}/<uuid:source_id>/remove", methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def staff_source_remove(trust_id: uuid.UUID, source_id: uuid.UUID) -> Response | str:
    return _pages(trust_id).remove(source_id)


def _pages(trust_id: uuid.UUID) -> SourcePages:
    return SourcePages(TrustScope(trust_id), "trust")
