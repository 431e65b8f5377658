"""Imports of completions: read by one job, applied as a whole by another, undone by a third."""

import uuid
from typing import Any

from flask import current_app

from prevent_trust.jobs.ledger import request_job
from prevent_trust.jobs.registry import Progress, job
from prevent_trust.queues import IMPORTS
from prevent_trust.storage import Storage
from prevent_trust.tenancy import SchoolScope
from tenants.access.actions import record_act
from tenants.imports.completions.run import apply_run, read_run, undo_run
from tenants.imports.models import ImportRun, ImportState


def request_reading(scope: SchoolScope, run: ImportRun) -> None:
    """Asks for the job that reads the file for the preview."""
    run.job_id = request_job(
        "read_completion_import",
        scope=scope,
        title="Read the list of training",
        arguments={"school_id": str(scope.school_id), "run_id": str(run.id)},
        requested_by=run.requested_by,
    )


def request_apply(scope: SchoolScope, run: ImportRun, *, requested_by: uuid.UUID | None) -> None:
    """Asks for the job that records what the preview shows."""
    run.state = ImportState.APPLYING
    run.job_id = request_job(
        "import_completions",
        scope=scope,
        title="Record the training of a list",
        arguments={"school_id": str(scope.school_id), "run_id": str(run.id)},
        requested_by=requested_by,
        once_key=f"import_completions:{run.id}",
    )
    _record("training import", scope, run, requested_by)


def request_undo(scope: SchoolScope, run: ImportRun, *, requested_by: uuid.UUID | None) -> None:
    """Asks for the job that takes an applied import back."""
    run.state = ImportState.UNDOING
    run.job_id = request_job(
        "undo_completion_import",
        scope=scope,
        title="Undo the import of training",
        arguments={"school_id": str(scope.school_id), "run_id": str(run.id)},
        requested_by=requested_by,
    )
    _record("training import undone", scope, run, requested_by)


def _record(act: str, scope: SchoolScope, run: ImportRun, account_id: uuid.UUID | None) -> None:
    record_act(act, account_id=account_id, school_id=scope.school_id, run_id=str(run.id), sha256=run.sha256)


@job("read_completion_import", queue=IMPORTS)
def read_completion_import(*, progress: Progress, school_id: str, run_id: str) -> dict[str, Any]:
    """Reads the file in one transaction; killed anywhere, it has read nothing and begins again."""
    run = read_run(SchoolScope(uuid.UUID(school_id)), uuid.UUID(run_id), storage=_storage(), progress=progress)
    return {"problem": run.problem} if run.problem else dict(run.result)


@job("import_completions", queue=IMPORTS)
def import_completions(*, progress: Progress, school_id: str, run_id: str) -> dict[str, Any]:
    """Records all of it in one transaction, or nothing."""
    return dict(apply_run(SchoolScope(uuid.UUID(school_id)), uuid.UUID(run_id), storage=_storage()))


@job("undo_completion_import", queue=IMPORTS)
def undo_completion_import(*, progress: Progress, school_id: str, run_id: str) -> dict[str, Any]:
    """Takes all of it back in one transaction, or nothing."""
    return dict(undo_run(SchoolScope(uuid.UUID(school_id)), uuid.UUID(run_id)))


def _storage() -> Storage:
    return current_app.extensions["storage"]  # type: ignore[no-any-return]  # the factory puts a Storage there
