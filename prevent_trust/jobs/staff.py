"""The import of a school's staff as a job."""

import uuid
from typing import Any

from flask import current_app

from prevent_trust.jobs.registry import Progress, job
from prevent_trust.queues import IMPORTS
from prevent_trust.tenancy import SchoolScope
from tenants.imports.staff.run import run_staff_import


@job("import_staff", queue=IMPORTS)
def import_staff(*, progress: Progress, school_id: str, run_id: str) -> dict[str, Any]:
    scope = SchoolScope(uuid.UUID(school_id))
    return run_staff_import(scope, uuid.UUID(run_id), storage=current_app.extensions["storage"], progress=progress)
