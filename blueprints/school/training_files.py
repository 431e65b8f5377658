"""Registers and certificates: taken through the same checks as evidence, and given back as downloads."""

import uuid

from flask import Response as FileResponse
from flask import abort
from werkzeug.datastructures import FileStorage

from blueprints.school.blueprint import blueprint
from blueprints.school.plan_evidence import keep_file, stored_file
from blueprints.web.access import requires
from prevent_trust.tenancy import SchoolScope
from tenants.access.permissions import Permission
from tenants.plan.actions import PlanError
from tenants.training.proofs.actions import KeptFile, add_training_file
from tenants.training.proofs.queries import training_file


class RegisterProblem(Exception):  # reads as what it is
    """Why a file is not taken, in a sentence that names it."""


def kept_training_file(
    scope: SchoolScope, upload: FileStorage | None, *, added_by: uuid.UUID | None
) -> uuid.UUID | None:
    """Checks, scans and stores an uploaded file and writes it down. None when none was chosen. Raises RegisterProblem."""
    if upload is None or not upload.filename:
        return None
    try:
        stored = keep_file(scope, upload)
    except PlanError as error:
        raise RegisterProblem(str(error)) from error
    return add_training_file(scope, kept=KeptFile(**vars(stored)), added_by=added_by)


@blueprint.get("/schools/<uuid:school_id>/staff/training/files/<uuid:file_id>", endpoint="training_file")
@requires(Permission.READ_STAFF)
def download(school_id: uuid.UUID, file_id: uuid.UUID) -> FileResponse:
    row = training_file(SchoolScope(school_id), file_id) or abort(404)
    return stored_file(row.storage_key, row.file_name, row.media_type, row.size)
