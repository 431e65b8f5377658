"""Imports of a school or a trust: beginning one from an uploaded file, finding it again, dropping it."""

import uuid
from typing import BinaryIO

from sqlalchemy import ColumnElement, event, select

from prevent_trust.database import db, new_id
from prevent_trust.storage import Storage
from prevent_trust.tenancy import SchoolScope, TrustScope, require_bound
from tenants.imports.models import ImportKind, ImportRun, ImportState

LONGEST_NAME = 200


class EmptyFile(Exception):
    """There is nothing in the file."""


def begin_import(
    scope: SchoolScope | TrustScope,
    *,
    kind: ImportKind,
    stream: BinaryIO,
    file_name: str,
    storage: Storage,
    requested_by: uuid.UUID | None,
) -> ImportRun:
    """Stores the file and opens a run for it. Raises EmptyFile; then nothing is kept."""
    require_bound(scope)
    run_id = new_id()
    owner = _owner(scope)
    stored = storage.save(stream, key=f"imports/{next(iter(owner.values()))}/{run_id}")
    if stored.size == 0:
        storage.delete(stored.key)
        raise EmptyFile
    run = ImportRun(
        id=run_id,
        kind=kind,
        file_name=file_name[:LONGEST_NAME],
        storage_key=stored.key,
        size=stored.size,
        sha256=stored.sha256,
        requested_by=requested_by,
        **owner,
    )
    db.session.add(run)
    db.session.flush()
    return run


def _owner(scope: SchoolScope | TrustScope) -> dict[str, uuid.UUID]:
    return {"trust_id": scope.trust_id} if isinstance(scope, TrustScope) else {"school_id": scope.school_id}


def _owned(scope: SchoolScope | TrustScope) -> ColumnElement[bool]:
    require_bound(scope)
    if isinstance(scope, TrustScope):
        return ImportRun.trust_id == scope.trust_id
    return ImportRun.school_id == scope.school_id


def run_of(scope: SchoolScope | TrustScope, run_id: uuid.UUID, kind: ImportKind) -> ImportRun | None:
    """An import of the school's or the trust's own, of that kind."""
    return db.session.scalar(select(ImportRun).where(_owned(scope), ImportRun.id == run_id, ImportRun.kind == kind))


def runs_of(scope: SchoolScope | TrustScope, kind: ImportKind, *, limit: int = 20) -> list[ImportRun]:
    """The imports of a kind, the latest first, without those that were dropped."""
    return list(
        db.session.scalars(
            select(ImportRun)
            .where(_owned(scope), ImportRun.kind == kind, ImportRun.state != ImportState.CANCELLED)
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
