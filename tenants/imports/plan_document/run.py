"""The steps of a plan's import: preview what a stored document holds, then make it the school's plan."""

import tempfile
import uuid
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, BinaryIO, Protocol
from zoneinfo import ZoneInfo

from prevent_trust.database import db, new_id
from prevent_trust.storage import Storage
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.imports.models import ImportRun, ImportState
from tenants.imports.plan_document.apply import findings_in, make_plan_from_document
from tenants.imports.plan_document.reader import read_plan_document
from tenants.imports.plan_document.types import PlanDocument, PlanDocumentError
from tenants.imports.runs import forget_file_after_commit
from tenants.plan.actions import PlanError
from tenants.plan.queries import current_plan

MOST_IN_MEMORY = 8 * 1024 * 1024


class Progress(Protocol):
    def __call__(self, done: int, total: int | None = None, message: str = "") -> None: ...


def preview_of(stream: BinaryIO) -> dict[str, Any]:
    """What the document holds, as it is shown before anything is saved. Raises PlanDocumentError."""
    return _as_preview(read_plan_document(stream))


def _as_preview(document: PlanDocument) -> dict[str, Any]:
    return {
        "counts": document.counts(),
        "document": asdict(document),
        "findings": [vars(finding) for finding in findings_in(document)],
    }


def run_plan_import(scope: SchoolScope, run_id: uuid.UUID, *, storage: Storage, progress: Progress) -> dict[str, Any]:
    """Makes the stored document the school's plan. A run that is applied already is left alone.

    A document that cannot be read is the uploader's to mend: the run fails with the reason, the job does not.
    """
    require_bound(scope)
    run = db.session.get_one(ImportRun, run_id, with_for_update=True)
    if run.state in {ImportState.APPLIED, ImportState.CANCELLED}:
        return run.result
    progress(0, 2, "Reading the document")
    before = current_plan(scope)
    try:
        with tempfile.SpooledTemporaryFile(max_size=MOST_IN_MEMORY) as local:
            with storage.open(run.storage_key) as stored:
                while chunk := stored.read(1024 * 1024):
                    local.write(chunk)
            document = read_plan_document(local)  # type: ignore[arg-type]  # a binary stream
        progress(1, 2, "Making the plan")
        plan = make_plan_from_document(scope, document, import_id=run.id, today=_today(), made_by=run.requested_by)
    except (PlanDocumentError, PlanError) as error:
        run.state, run.problem = ImportState.FAILED, str(error)
        return {"problem": str(error)}
    run.state, run.applied_at = ImportState.APPLIED, datetime.now(UTC)
    run.result = {
        **document.counts(),
        "findings": len(findings_in(document)),
        "plan_id": str(plan.id),
        "earlier_plan_id": str(before.id) if before else None,
    }
    forget_file_after_commit(run, storage)
    db.session.flush()
    progress(2, 2, "The plan is made")
    return run.result


def import_plan_file(
    scope: SchoolScope, stream: BinaryIO, file_name: str, *, dry_run: bool, made_by: uuid.UUID | None
) -> dict[str, Any]:
    """For the command line: makes the plan at once, or with `dry_run` only says what the document holds."""
    document = read_plan_document(stream)
    preview = _as_preview(document)
    if not dry_run:
        make_plan_from_document(scope, document, import_id=new_id(), today=_today(), made_by=made_by)
    actions = [{"action": action.wording, "by_whom": ", ".join(action.roles)} for action in document.actions]
    return {**preview["counts"], "document": file_name, "actions_read": actions, "out_of_date": preview["findings"]}


def _today() -> Any:
    return datetime.now(ZoneInfo("Europe/London")).date()
