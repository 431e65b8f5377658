"""Registers and certificates that somebody uploads: taken through the same checks as evidence, and written down."""

import uuid

from werkzeug.datastructures import FileStorage

from blueprints.web.uploads import keep_file
from prevent_trust.tenancy import SchoolScope
from tenants.plan.actions import PlanError
from tenants.training.proofs.actions import KeptFile, add_training_file


class FileNotTaken(Exception):  # reads as what it is
    """Why a file is not taken, in a sentence that names it."""


def kept_training_file(
    scope: SchoolScope, upload: FileStorage | None, *, added_by: uuid.UUID | None
) -> uuid.UUID | None:
    """Checks, scans and stores an uploaded file and writes it down. None when none was chosen. Raises FileNotTaken."""
    if upload is None or not upload.filename:
        return None
    try:
        stored = keep_file(scope, upload)
    except PlanError as error:
        raise FileNotTaken(str(error)) from error
    return add_training_file(scope, kept=KeptFile(**vars(stored)), added_by=added_by)
