"""What will change? A staff list of the school, from its management system or a spreadsheet."""

import uuid

from flask import Response as FileResponse
from flask import url_for
from werkzeug.wrappers import Response

from blueprints.school.blueprint import blueprint
from blueprints.web.access import requires
from blueprints.web.staff_import_pages import StaffImportPages
from prevent_trust.tenancy import SchoolScope
from tenants.access.permissions import Permission

BASE = "/schools/<uuid:school_id>/staff/import"


@blueprint.route(BASE, methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def staff_import(school_id: uuid.UUID) -> Response | FileResponse | str:
    return _pages(school_id).upload()


@blueprint.get(f"{BASE}/<uuid:run_id>")
@requires(Permission.EDIT_SCHOOL)
def staff_import_run(school_id: uuid.UUID, run_id: uuid.UUID) -> Response | str:
    return _pages(school_id).run(run_id)


@blueprint.route(f"{BASE}/<uuid:run_id>/columns", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def staff_import_columns(school_id: uuid.UUID, run_id: uuid.UUID) -> Response | str:
    return _pages(school_id).columns(run_id)


@blueprint.get(f"{BASE}/<uuid:run_id>/preview")
@requires(Permission.EDIT_SCHOOL)
def staff_import_preview(school_id: uuid.UUID, run_id: uuid.UUID) -> Response | FileResponse | str:
    return _pages(school_id).preview(run_id)


@blueprint.post(f"{BASE}/<uuid:run_id>/decide")
@requires(Permission.EDIT_SCHOOL)
def staff_import_decide(school_id: uuid.UUID, run_id: uuid.UUID) -> Response:
    return _pages(school_id).decide(run_id)


@blueprint.post(f"{BASE}/<uuid:run_id>/apply")
@requires(Permission.EDIT_SCHOOL)
def staff_import_apply(school_id: uuid.UUID, run_id: uuid.UUID) -> Response:
    return _pages(school_id).apply(run_id)


@blueprint.post(f"{BASE}/<uuid:run_id>/cancel")
@requires(Permission.EDIT_SCHOOL)
def staff_import_cancel(school_id: uuid.UUID, run_id: uuid.UUID) -> Response:
    return _pages(school_id).cancel(run_id)


@blueprint.post(f"{BASE}/<uuid:run_id>/undo")
@requires(Permission.EDIT_SCHOOL)
def staff_import_undo(school_id: uuid.UUID, run_id: uuid.UUID) -> Response:
    return _pages(school_id).undo(run_id)


@blueprint.get(f"{BASE}/<uuid:run_id>/state")
@requires(Permission.EDIT_SCHOOL)
def staff_import_state(school_id: uuid.UUID, run_id: uuid.UUID) -> FileResponse:
    return _pages(school_id).state(run_id)


@blueprint.get(f"{BASE}/<uuid:run_id>/rejected.csv")
@requires(Permission.EDIT_SCHOOL)
def staff_import_rejected(school_id: uuid.UUID, run_id: uuid.UUID) -> FileResponse:
    return _pages(school_id).rejected(run_id)


def _pages(school_id: uuid.UUID) -> StaffImportPages:
    return StaffImportPages(
        scope=SchoolScope(school_id),
        endpoint="school.staff_import",
        back_to=url_for("school.staff", school_id=school_id),
    )
