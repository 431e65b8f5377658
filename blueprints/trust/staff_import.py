"""What will change? A staff list of the whole trust in one file, applied school by school."""

import uuid

from flask import Response as FileResponse
from flask import url_for
from werkzeug.wrappers import Response

from blueprints.trust.blueprint import blueprint
from blueprints.web.access import requires
from blueprints.web.staff_import_pages import StaffImportPages
from prevent_trust.tenancy import TrustScope
from tenants.access.permissions import Permission

BASE = "/trusts/<uuid:trust_id>/staff/import"


@blueprint.route(BASE, methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def staff_import(trust_id: uuid.UUID) -> Response | FileResponse | str:
    return _pages(trust_id).upload()


@blueprint.get(f"{BASE}/<uuid:run_id>")
@requires(Permission.EDIT_TRUST)
def staff_import_run(trust_id: uuid.UUID, run_id: uuid.UUID) -> Response | str:
    return _pages(trust_id).run(run_id)


@blueprint.route(f"{BASE}/<uuid:run_id>/columns", methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def staff_import_columns(trust_id: uuid.UUID, run_id: uuid.UUID) -> Response | str:
    return _pages(trust_id).columns(run_id)


@blueprint.route(f"{BASE}/<uuid:run_id>/schools", methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def staff_import_schools(trust_id: uuid.UUID, run_id: uuid.UUID) -> Response | str:
    return _pages(trust_id).schools(run_id)


@blueprint.get(f"{BASE}/<uuid:run_id>/preview")
@requires(Permission.EDIT_TRUST)
def staff_import_preview(trust_id: uuid.UUID, run_id: uuid.UUID) -> Response | FileResponse | str:
    return _pages(trust_id).preview(run_id)


@blueprint.post(f"{BASE}/<uuid:run_id>/decide")
@requires(Permission.EDIT_TRUST)
def staff_import_decide(trust_id: uuid.UUID, run_id: uuid.UUID) -> Response:
    return _pages(trust_id).decide(run_id)


@blueprint.post(f"{BASE}/<uuid:run_id>/apply")
@requires(Permission.EDIT_TRUST)
def staff_import_apply(trust_id: uuid.UUID, run_id: uuid.UUID) -> Response:
    return _pages(trust_id).apply(run_id)


@blueprint.post(f"{BASE}/<uuid:run_id>/cancel")
@requires(Permission.EDIT_TRUST)
def staff_import_cancel(trust_id: uuid.UUID, run_id: uuid.UUID) -> Response:
    return _pages(trust_id).cancel(run_id)


@blueprint.post(f"{BASE}/<uuid:run_id>/undo")
@requires(Permission.EDIT_TRUST)
def staff_import_undo(trust_id: uuid.UUID, run_id: uuid.UUID) -> Response:
    return _pages(trust_id).undo(run_id)


@blueprint.get(f"{BASE}/<uuid:run_id>/state")
@requires(Permission.EDIT_TRUST)
def staff_import_state(trust_id: uuid.UUID, run_id: uuid.UUID) -> FileResponse:
    return _pages(trust_id).state(run_id)


@blueprint.get(f"{BASE}/<uuid:run_id>/rejected.csv")
@requires(Permission.EDIT_TRUST)
def staff_import_rejected(trust_id: uuid.UUID, run_id: uuid.UUID) -> FileResponse:
    return _pages(trust_id).rejected(run_id)


def _pages(trust_id: uuid.UUID) -> StaffImportPages:
    return StaffImportPages(
        scope=TrustScope(trust_id), endpoint="trust.staff_import", back_to=url_for("trust.schools", trust_id=trust_id)
    )
