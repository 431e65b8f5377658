"""The steps of a register import: open the stored file, apply it, keep what was rejected."""

import shutil
import tempfile
import uuid
from datetime import UTC, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import delete, insert

from prevent_trust.database import db
from prevent_trust.storage import Storage
from tenants.imports.gias.apply import GiasResult, apply_gias
from tenants.imports.gias.reader import read_gias
from tenants.imports.models import ImportRejection, ImportRun, ImportState
from tenants.imports.tabular.table import TableError

MOST_IN_MEMORY = 8 * 1024 * 1024


class Progress(Protocol):
    def __call__(self, done: int, total: int | None = None, message: str = "") -> None: ...


def run_gias_import(run_id: uuid.UUID, *, storage: Storage, progress: Progress) -> dict[str, Any]:
    """Applies a stored download and writes down the result. A run that is applied already is left alone.

    A file that is no register download is the uploader's to mend: the run fails with the reason, the job does not.
    """
    run = db.session.get_one(ImportRun, run_id)
    if run.state is ImportState.APPLIED:
        return run.result
    today = datetime.now(ZoneInfo("Europe/London")).date()
    with tempfile.SpooledTemporaryFile(max_size=MOST_IN_MEMORY) as local:
        with storage.open(run.storage_key) as stored:
            shutil.copyfileobj(stored, local)
        try:
            file = read_gias(local, file_name=run.file_name)  # type: ignore[arg-type]  # a binary stream
            result = apply_gias(file, today=today, report=lambda done: progress(done, None, f"{done:,} rows read"))
        except TableError as error:
            run.state = ImportState.FAILED
            run.problem = str(error)
            return {"problem": str(error)}
    _keep_rejections(run, result)
    run.state = ImportState.APPLIED
    run.result = result.as_json()
    run.applied_at = datetime.now(UTC)
    db.session.flush()
    return run.result


def _keep_rejections(run: ImportRun, result: GiasResult) -> None:
    db.session.execute(delete(ImportRejection).where(ImportRejection.run_id == run.id))
    if result.rejections:
        db.session.execute(
            insert(ImportRejection),
            [
                {
                    "run_id": run.id,
                    "line": rejection.line,
                    "column": rejection.column,
                    "value": rejection.value[:500],
                    "reason": rejection.reason,
                    "cells": list(rejection.cells),
                }
                for rejection in result.rejections
            ],
        )
