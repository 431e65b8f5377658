"""A staff list from a file on the machine, for the command line: all its steps in one transaction, nothing stored."""

import hashlib
from datetime import UTC, date, datetime
from typing import Any, BinaryIO

from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.tenancy import TrustScope, bind_scope, require_bound
from tenants.imports.models import ImportKind, ImportRejection, ImportRun, ImportState
from tenants.imports.staff.linking import link_people
from tenants.imports.staff.models import SchoolStep
from tenants.imports.staff.not_taken import keep_cells, rejected_lines
from tenants.imports.staff.preview import read_into_rows
from tenants.imports.staff.reader import guess_mapping, sensitive_columns
from tenants.imports.staff.run import (
    Owner,
    apply_one,
    fields_of,
    forget_rows,
    reject_the_unplaced,
    schools_to_apply,
    totals,
)
from tenants.imports.tabular.table import TableError, open_table


def import_staff_file(
    scope: Owner, stream: BinaryIO, file_name: str, *, complete: bool, as_at: date, dry_run: bool
) -> dict[str, Any]:
    """Applies a file with the columns guessed, or with `dry_run` only says what would change. Flushes.

    Raises TableError when the file is no table, or when nobody can tell which column holds the names or the schools.
    """
    require_bound(scope)
    of_trust = isinstance(scope, TrustScope)
    table = open_table(stream, file_name=file_name)
    mapping = guess_mapping(table.headers, fields_of(scope))
    if problem := mapping.problem(of_trust=of_trust):
        raise TableError(problem)
    run = _run(scope, stream, file_name)
    run.preview = {"headers": table.headers, "never_read": sensitive_columns(table.headers)}
    run.mapping = mapping.to_json() | {"complete": complete, "as_at": as_at.isoformat()}
    counts = read_into_rows(
        scope, run, open_table(stream, file_name=file_name), mapping=mapping, complete=complete, as_at=as_at
    )
    if not dry_run:
        run_id = run.id
        for school_id in schools_to_apply(scope, run_id, SchoolStep.WAITING):
            apply_one(school_id, run_id, complete=complete, as_at=as_at)
        bind_scope(scope)
        reject_the_unplaced(run)
        keep_cells(run.id, open_table(stream, file_name=file_name), rejected_lines(run.id))
        if isinstance(scope, TrustScope):
            link_people(scope, run_id=run.id, codes_of_trust=False)
        counts = totals(run)
        run.result, run.state, run.applied_at = counts, ImportState.APPLIED, datetime.now(UTC)
    rejections = [
        {"line": each.line, "column": each.column, "value": each.value, "reason": each.reason}
        for each in db.session.scalars(
            select(ImportRejection).where(ImportRejection.run_id == run.id).order_by(ImportRejection.line)
        )
    ]
    if dry_run:
        forget_rows(run)
        db.session.delete(run)
    db.session.flush()
    return {**counts, "columns": mapping.columns, "rejections": rejections}


def _run(scope: Owner, stream: BinaryIO, file_name: str) -> ImportRun:
    stream.seek(0)
    digest = hashlib.sha256()
    while chunk := stream.read(1024 * 1024):
        digest.update(chunk)
    owner = {"trust_id": scope.trust_id} if isinstance(scope, TrustScope) else {"school_id": scope.school_id}
    run = ImportRun(
        kind=ImportKind.STAFF,
        state=ImportState.APPLYING,
        file_name=file_name[:200],
        storage_key="",
        size=stream.tell(),
        sha256=digest.hexdigest(),
        **owner,
    )
    db.session.add(run)
    db.session.flush()
    return run
