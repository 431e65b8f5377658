"""Registers and certificates, given back as downloads."""

import uuid

from flask import Response as FileResponse
from flask import abort

from blueprints.school.blueprint import blueprint
from blueprints.web.access import requires
from blueprints.web.uploads import stored_file
from prevent_trust.tenancy import SchoolScope
from tenants.access.permissions import Permission
from tenants.training.proofs.queries import training_file


@blueprint.get("/schools/<uuid:school_id>/staff/training/files/<uuid:file_id>", endpoint="training_file")
@requires(Permission.READ_STAFF)
def download(school_id: uuid.UUID, file_id: uuid.UUID) -> FileResponse:
    row = training_file(SchoolScope(school_id), file_id) or abort(404)
    return stored_file(row.storage_key, row.file_name, row.media_type, row.size)
