"""The steps of a staff import: what the stored file would change, and making it so."""

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, BinaryIO, Protocol

from sqlalchemy import delete, insert

from prevent_trust.database import db
from prevent_trust.storage import Storage
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.imports.models import ImportRejection, ImportRun, ImportState
from tenants.imports.runs import forget_file_after_commit
from tenants.imports.staff.apply import StaffPlan, apply_staff_import, plan_staff_import
from tenants.imports.staff.reader import StaffMapping, guess_mapping, read_staff, sensitive_columns
from tenants.imports.tabular.table import Rejection, Table, TableError, open_table

MOST_IN_MEMORY = 8 * 1024 * 1024
SAMPLE_ROWS = 3


class Progress(Protocol):
    def __call__(self, done: int, total: int | None = None, message: str = "") -> None: ...


@dataclass(frozen=True)
class FileColumns:
    """The columns of a stored file, for choosing which is what. `samples` are the first values of each."""

    headers: tuple[str, ...]
    guess: StaffMapping
    never_read: tuple[str, ...]
    samples: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class StaffPreview:
    """What would change, and what the file holds that is not taken."""

    plan: StaffPlan
    rejections: list[Rejection]
    never_read: tuple[str, ...]
    unknown_roles: tuple[str, ...]
    headers: tuple[str, ...]

    @property
    def not_taken(self) -> list[Rejection]:
        return sorted([*self.rejections, *self.plan.unclear], key=lambda rejection: rejection.line)

    def counts(self) -> dict[str, int]:
        return self.plan.counts() | {"rejected": len(self.rejections)}


@contextmanager
def _local_copy(run: ImportRun, storage: Storage) -> Iterator[BinaryIO]:
    with tempfile.SpooledTemporaryFile(max_size=MOST_IN_MEMORY) as local:
        with storage.open(run.storage_key) as stored:
            while chunk := stored.read(1024 * 1024):
                local.write(chunk)
        local.seek(0)
        yield local  # type: ignore[misc]  # a binary stream


def columns_of(run: ImportRun, *, storage: Storage) -> FileColumns:
    """Reads the head of the stored file. Raises TableError when it is no table."""
    with _local_copy(run, storage) as stream:
        table = open_table(stream, file_name=run.file_name)
        rows = table.sample(SAMPLE_ROWS)
    never = sensitive_columns(table.headers)
    readable = [header for header in table.headers if header and header not in never]
    samples = {
        header: tuple(row.cells[place] for row in rows if row.cells[place])
        for place, header in enumerate(table.headers)
        if header in readable
    }
    return FileColumns(tuple(readable), guess_mapping(readable), never, samples)


def preview_import(
    scope: SchoolScope, run: ImportRun, *, mapping: StaffMapping, complete: bool, as_at: date, storage: Storage
) -> StaffPreview:
    """What the file would change at the school on the day. Raises TableError when it cannot be read."""
    with _local_copy(run, storage) as stream:
        return _compare(scope, open_table(stream, file_name=run.file_name), mapping, complete=complete, as_at=as_at)


def _compare(scope: SchoolScope, table: Table, mapping: StaffMapping, *, complete: bool, as_at: date) -> StaffPreview:
    if mapping.problem:
        raise TableError(mapping.problem)
    read = read_staff(table, mapping)
    plan = plan_staff_import(scope, read.rows, complete=complete and not read.rejections, as_at=as_at)
    return StaffPreview(plan, read.rejections, read.ignored_sensitive, read.unknown_roles, table.headers)


def run_staff_import(scope: SchoolScope, run_id: uuid.UUID, *, storage: Storage, progress: Progress) -> dict[str, Any]:
    """Applies the stored file with the mapping and the day that were previewed. A run that is applied is left alone.

    The comparison is made again against the staff as they are now, so that what changed since the preview is respected
    and a second run finds nothing left to change.
    """
    require_bound(scope)
    run = db.session.get_one(ImportRun, run_id, with_for_update=True)
    if run.state in {ImportState.APPLIED, ImportState.CANCELLED}:
        return run.result
    progress(0, None, "Reading the file")
    as_at = date.fromisoformat(run.mapping["as_at"])
    try:
        preview = preview_import(
            scope,
            run,
            mapping=StaffMapping(run.mapping["columns"]),
            complete=run.mapping["complete"],
            as_at=as_at,
            storage=storage,
        )
    except TableError as error:
        run.state, run.problem = ImportState.FAILED, str(error)
        return {"problem": str(error)}
    progress(0, preview.plan.changed, "Writing the changes")
    apply_staff_import(scope, preview.plan, as_at=as_at)
    _keep_rejections(scope, run, preview.not_taken)
    run.state, run.applied_at, run.result = ImportState.APPLIED, datetime.now(UTC), preview.counts()
    run.preview = {"headers": list(preview.headers)}
    forget_file_after_commit(run, storage)
    db.session.flush()
    progress(preview.plan.changed, preview.plan.changed, "All changes are written")
    return run.result


def _keep_rejections(scope: SchoolScope, run: ImportRun, rejections: list[Rejection]) -> None:
    db.session.execute(delete(ImportRejection).where(ImportRejection.run_id == run.id))
    if rejections:
        db.session.execute(
            insert(ImportRejection),
            [
                {
                    "run_id": run.id,
                    "school_id": scope.school_id,
                    "line": rejection.line,
                    "column": rejection.column,
                    "value": rejection.value[:500],
                    "reason": rejection.reason,
                    "cells": list(rejection.cells),
                }
                for rejection in rejections
            ],
        )


def import_staff_file(
    scope: SchoolScope, stream: BinaryIO, file_name: str, *, complete: bool, as_at: date, dry_run: bool
) -> dict[str, Any]:
    """For the command line: applies a file with the columns guessed, or with `dry_run` only says what would change.

    Raises TableError when the file is no table, or when nobody can tell which column holds the names.
    """
    require_bound(scope)
    table = open_table(stream, file_name=file_name)
    mapping = guess_mapping(table.headers)
    preview = _compare(scope, table, mapping, complete=complete, as_at=as_at)
    if not dry_run:
        apply_staff_import(scope, preview.plan, as_at=as_at)
    rejections = [
        {"line": each.line, "column": each.column, "value": each.value, "reason": each.reason}
        for each in preview.not_taken
    ]
    return {**preview.counts(), "columns": mapping.columns, "rejections": rejections}
