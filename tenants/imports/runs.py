"""Imports of a school: beginning one from an uploaded file, finding it again, dropping it."""

import uuid
from typing import BinaryIO

from sqlalchemy import event, select

from prevent_trust.database import db, new_id
from prevent_trust.storage import Storage
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.imports.models import ImportKind, ImportRun, ImportState

LONGEST_NAME = 200


class EmptyFile(Exception):
    """There is nothing in the file."""


def begin_import(
    scope: SchoolScope,
    *,
    kind: ImportKind,
    stream: BinaryIO,
    file_name: str,
    storage: Storage,
    requested_by: uuid.UUID,
) -> ImportRun:
    """Stores the file and opens a run for it. Raises EmptyFile; then nothing is kept."""
    require_bound(scope)
    run_id = new_id()
    stored = storage.save(stream, key=f"imports/{scope.school_id}/{run_id}")
    if stored.size == 0:
        storage.delete(stored.key)
        raise EmptyFile
    run = ImportRun(
        id=run_id,
        school_id=scope.school_id,
        kind=kind,
        file_name=file_name[:LONGEST_NAME],
        storage_key=stored.key,
        size=stored.size,
        sha256=stored.sha256,
        requested_by=requested_by,
    )
    db.session.add(run)
    db.session.flush()
    return run


def school_run(scope: SchoolScope, run_id: uuid.UUID, kind: ImportKind) -> ImportRun | None:
    """An import of the school, of that kind."""
    require_bound(scope)
    return db.session.scalar(
        select(ImportRun).where(ImportRun.school_id == scope.school_id, ImportRun.id == run_id, ImportRun.kind == kind)
    )


def school_runs(scope: SchoolScope, kind: ImportKind, *, limit: int = 20) -> list[ImportRun]:
    """The school's imports of a kind, the latest first."""
    require_bound(scope)
    return list(
        db.session.scalars(
            select(ImportRun)
            .where(ImportRun.school_id == scope.school_id, ImportRun.kind == kind)
            .order_by(ImportRun.created_at.desc(), ImportRun.id.desc())
            .limit(limit)
        )
    )


def forget_file_after_commit(run: ImportRun, storage: Storage) -> None:
    """Deletes the uploaded file once what was taken from it is safe: it may hold more about people than is kept.

    A process that dies between the commit and the deletion leaves the file behind, never a run without its file.
    """
    key = run.storage_key
    event.listen(db.session(), "after_commit", lambda session: storage.delete(key), once=True)


def cancel_run(run: ImportRun, *, storage: Storage) -> bool:
    """Drops an import that nobody applied, with its file. False when it is too late."""
    if run.state not in {ImportState.UPLOADED, ImportState.PREVIEWED, ImportState.FAILED}:
        return False
    run.state = ImportState.CANCELLED
    run.preview = {}
    storage.delete(run.storage_key)
    db.session.flush()
    return True
