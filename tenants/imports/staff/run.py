"""The steps of a staff import: a file is stored, read into rows, applied school by school, finished, or undone."""

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, BinaryIO, Protocol

from sqlalchemy import delete, func, select

from prevent_trust.database import db, new_id
from prevent_trust.storage import Storage
from prevent_trust.tenancy import SchoolScope, TrustScope, bind_scope, require_bound, within
from tenants.imports.models import ImportKind, ImportRejection, ImportRun, ImportState
from tenants.imports.runs import begin_import, cancel_run, forget_file_after_commit, runs_of
from tenants.imports.staff.apply import apply_at_school
from tenants.imports.staff.linking import link_people
from tenants.imports.staff.models import Outcome, SchoolStep, StaffImportEffect, StaffImportRow, StaffImportSchool
from tenants.imports.staff.not_taken import keep_cells, rejected_lines
from tenants.imports.staff.preview import counts_of_rows, read_into_rows
from tenants.imports.staff.reader import (
    SCHOOL_FIELDS,
    TRUST_FIELDS,
    StaffMapping,
    guess_mapping,
    sensitive_columns,
)
from tenants.imports.staff.remembered import recognised, save_mapping
from tenants.imports.staff.undo import UNDONE_WITHIN
from tenants.imports.tabular.table import Table, TableError, open_table
from tenants.staff.models import StaffMember

MOST_IN_MEMORY = 8 * 1024 * 1024
SAMPLE_ROWS = 3
WAITING = {ImportState.UPLOADED, ImportState.PREVIEWED, ImportState.FAILED}
FORGOTTEN_AFTER = timedelta(days=30)
# Without anybody looking, a file may change one person in five; a wrong file changes more.
MOST_CHANGED_BY_ITSELF = 0.2
Owner = SchoolScope | TrustScope


class Progress(Protocol):
    def __call__(self, done: int, total: int | None = None, message: str = "") -> None: ...


@dataclass(frozen=True)
class FileColumns:
    """The columns of a stored file, for choosing which is what. `samples` are the first values of each."""

    headers: tuple[str, ...]
    never_read: tuple[str, ...]
    samples: dict[str, list[str]]

    @classmethod
    def of(cls, run: ImportRun) -> "FileColumns":
        kept = run.preview
        return cls(tuple(kept["headers"]), tuple(kept["never_read"]), kept.get("samples", {}))

    @property
    def readable(self) -> list[str]:
        return [header for header in self.headers if header and header not in self.never_read]


@contextmanager
def open_stored(run: ImportRun, storage: Storage) -> Iterator[Table]:
    """The stored file as a table. Raises TableError when it is none."""
    with tempfile.SpooledTemporaryFile(max_size=MOST_IN_MEMORY) as local:
        with storage.open(run.storage_key) as stored:
            while chunk := stored.read(1024 * 1024):
                local.write(chunk)
        local.seek(0)
        yield open_table(local, file_name=run.file_name)  # type: ignore[arg-type]  # a binary stream


def fields_of(scope: Owner) -> tuple[str, ...]:
    """What a column can hold: a trust's file says at which school each person works."""
    return TRUST_FIELDS if isinstance(scope, TrustScope) else SCHOOL_FIELDS


def open_run(
    scope: Owner,
    *,
    stream: BinaryIO,
    file_name: str,
    storage: Storage,
    requested_by: uuid.UUID | None,
    source_name: str | None = None,
    automatic: bool = False,
) -> tuple[ImportRun, bool]:
    """Stores the file, reads its head, and says whether its columns are known from an earlier file of the source.

    Raises EmptyFile, or TableError when it is no table; then nothing is kept.
    """
    forget_old_runs(scope, storage=storage, now=datetime.now(UTC))
    run = begin_import(
        scope, kind=ImportKind.STAFF, stream=stream, file_name=file_name, storage=storage, requested_by=requested_by
    )
    try:
        with open_stored(run, storage) as table:
            columns = columns_of(table)
    except TableError:
        storage.delete(run.storage_key)
        db.session.delete(run)
        db.session.flush()
        raise
    run.preview = {"headers": columns.headers, "never_read": columns.never_read, "samples": columns.samples}
    saved = recognised(scope, columns.headers, source_name)
    mapping = StaffMapping.from_json(saved.mapping) if saved else guess_mapping(columns.readable, fields_of(scope))
    run.mapping = mapping.to_json() | {"complete": False}
    run.source_name = saved.name if saved else source_name
    run.automatic = automatic
    db.session.flush()
    return run, saved is not None


def columns_of(table: Table) -> FileColumns:
    """The headers of a table with the first values under each; nothing of the columns that are never read."""
    rows = table.sample(SAMPLE_ROWS)
    never = sensitive_columns(table.headers)
    samples = {
        header: [row.cells[place][:60] for row in rows if row.cells[place]]
        for place, header in enumerate(table.headers)
        if header and header not in never
    }
    return FileColumns(table.headers, never, samples)


def choose_columns(
    scope: Owner, run: ImportRun, *, mapping: StaffMapping, complete: bool, source_name: str | None, today: date
) -> None:
    """Keeps which column is what, for this file and under the source's name for the next, and has it read anew."""
    require_bound(scope)
    run.mapping = mapping.to_json() | {"complete": complete}
    run.automatic = False  # somebody is looking at it now, and decides
    run.source_name = " ".join((source_name or "").split())[:200] or None
    if run.source_name:
        save_mapping(
            scope, name=run.source_name, headers=run.preview["headers"], mapping=mapping, now=datetime.now(UTC)
        )
    begin_reading(run, today=today)


def begin_reading(run: ImportRun, *, today: date) -> None:
    """From here on the reading is a job's."""
    run.mapping = run.mapping | {"as_at": today.isoformat()}
    run.state, run.result, run.problem = ImportState.READING, {}, None
    db.session.flush()


def read_run(scope: Owner, run_id: uuid.UUID, *, storage: Storage, progress: Progress) -> ImportRun:
    """Reads the stored file into rows for the preview. A run that is not being read is left alone.

    A file that is no table is the uploader's to mend: the run fails with the reason, the job does not.
    """
    require_bound(scope)
    run = db.session.get_one(ImportRun, run_id, with_for_update=True)
    if run.state is not ImportState.READING:
        return run
    progress(0, None, "Reading the file")
    try:
        with open_stored(run, storage) as table:
            counts = read_into_rows(
                scope,
                run,
                table,
                mapping=StaffMapping.from_json(run.mapping),
                complete=run.mapping["complete"],
                as_at=date.fromisoformat(run.mapping["as_at"]),
                report=lambda done: progress(done, None, "Reading the file: rows read"),
            )
    except TableError as error:
        run.state, run.problem = ImportState.FAILED, str(error)
        return run
    run.state, run.result = ImportState.PREVIEWED, counts
    db.session.flush()
    progress(counts["lines"], counts["lines"], "Compared with the staff of today")
    return run


def waits_because(scope: Owner, run: ImportRun) -> str | None:
    """Why a file that came by itself must wait for somebody to look at it; none when it can be applied."""
    require_bound(scope)
    counts = counts_of_rows(run.id)
    if counts[Outcome.UNPLACED]:
        return "The file names a school that is not known."
    if counts[Outcome.UNCLEAR]:
        return "The file may have people who are there already under the same name or address."
    here = select(StaffImportSchool.school_id).where(StaffImportSchool.run_id == run.id)
    people = (
        db.session.scalar(select(func.count()).select_from(StaffMember).where(StaffMember.school_id.in_(here))) or 0
    )
    changed = counts[Outcome.JOINS] + counts[Outcome.CHANGES]
    if changed > MOST_CHANGED_BY_ITSELF * people:
        return f"The file would change {changed:,} of {people:,} people, which is more than one in five."
    return None


def schools_to_apply(scope: Owner, run_id: uuid.UUID, *steps: SchoolStep) -> list[uuid.UUID]:
    """The schools of a run that are at one of the steps, in a fixed order."""
    require_bound(scope)
    return list(
        db.session.scalars(
            select(StaffImportSchool.school_id)
            .where(StaffImportSchool.run_id == run_id, StaffImportSchool.step.in_(steps))
            .order_by(StaffImportSchool.school_id)
        )
    )


def apply_one(school_id: uuid.UUID, run_id: uuid.UUID, *, complete: bool, as_at: date) -> None:
    """One school of a run, in that school's own scope, so that nothing of another can be touched. Flushes."""
    scope = SchoolScope(school_id)
    bind_scope(scope)
    apply_at_school(scope, run_id, complete=complete, as_at=as_at)


def finish_run(scope: Owner, run_id: uuid.UUID, *, storage: Storage) -> dict[str, Any]:
    """When every school is done: keeps the rejected rows, links people of several schools, forgets the file."""
    require_bound(scope)
    run = db.session.get_one(ImportRun, run_id, with_for_update=True)
    if run.state is not ImportState.APPLYING:
        return run.result
    reject_the_unplaced(run)
    if wanted := rejected_lines(run.id):
        with open_stored(run, storage) as table:
            keep_cells(run.id, table, wanted)
    if isinstance(scope, TrustScope):
        link_people(scope, run_id=run.id, codes_of_trust=bool(run.mapping.get("codes_of_trust")))
    run.result = totals(run)
    run.preview = {name: run.preview[name] for name in ("headers", "never_read")}
    run.state, run.applied_at, run.problem = ImportState.APPLIED, datetime.now(UTC), None
    forget_file_after_commit(run, storage)
    db.session.flush()
    return run.result


def reject_the_unplaced(run: ImportRun) -> None:
    rows = db.session.scalars(
        select(StaffImportRow).where(StaffImportRow.run_id == run.id, StaffImportRow.outcome == Outcome.UNPLACED)
    )
    for row in rows:
        db.session.add_all(
            ImportRejection(
                id=new_id(),
                run_id=run.id,
                trust_id=run.trust_id,
                line=line,
                column="School",
                value=row.school_word or "",
                reason="is not known: nobody said which school it means",
            )
            for line in row.lines
        )
    db.session.flush()
    db.session.execute(delete(StaffImportRow).where(StaffImportRow.run_id == run.id))


def totals(run: ImportRun) -> dict[str, int]:
    """What was done, over the schools, with the lines that were not taken."""
    totals = dict.fromkeys((outcome.value for outcome in Outcome), 0)
    for counts in db.session.scalars(select(StaffImportSchool.counts).where(StaffImportSchool.run_id == run.id)):
        for name, count in counts.items():
            totals[name] = totals.get(name, 0) + count
    rejected = select(func.count()).select_from(ImportRejection).where(ImportRejection.run_id == run.id)
    totals["rejected"] = db.session.scalar(rejected) or 0
    schools = select(func.count()).select_from(StaffImportSchool).where(StaffImportSchool.run_id == run.id)
    totals["schools"] = db.session.scalar(schools) or 0
    return totals


def forget_old_runs(scope: Owner, *, storage: Storage, now: datetime) -> None:
    """Drops what nobody came back to, and how people stood before imports that can no longer be undone.

    Done whenever the owner begins another import: what is kept about people is not kept for longer than it is of use.
    """
    require_bound(scope)
    for run in runs_of(scope, ImportKind.STAFF, limit=200):
        if run.state in WAITING and now - run.created_at > FORGOTTEN_AFTER:
            forget_rows(run)
            cancel_run(run, storage=storage)
        elif run.applied_at is not None and now - run.applied_at > UNDONE_WITHIN:
            db.session.execute(delete(StaffImportEffect).where(StaffImportEffect.run_id == run.id))
    # Rows of a school that changed trusts while a run waited are the school's to forget.
    old = StaffImportRow.created_at < now - FORGOTTEN_AFTER
    db.session.execute(delete(StaffImportRow).where(old, within(scope, StaffImportRow.school_id)))


def forget_rows(run: ImportRun) -> None:
    """For a run that is dropped: the people of its preview, and its rejected rows, are nobody's any more."""
    for model in (StaffImportRow, StaffImportSchool, ImportRejection):
        db.session.execute(delete(model).where(model.run_id == run.id))
