"""The register's import as a job."""

import uuid
from typing import Any

from flask import current_app

from prevent_trust.jobs.registry import Progress, job
from prevent_trust.queues import IMPORTS
from tenants.imports.gias.run import run_gias_import


@job("import_gias", queue=IMPORTS)
def import_gias(*, progress: Progress, run_id: str) -> dict[str, Any]:
    return run_gias_import(uuid.UUID(run_id), storage=current_app.extensions["storage"], progress=progress)
