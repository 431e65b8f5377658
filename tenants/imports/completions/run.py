"""The steps of an import of completions: a file is stored, read into rows, applied as a whole, or undone."""

import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any, BinaryIO

from sqlalchemy import delete, func, insert, select

from prevent_trust.database import db, new_id
from prevent_trust.storage import Storage
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.imports.completions.matching import StaffIndex
from tenants.imports.completions.models import CompletionImportEffect, CompletionImportRow, RowOutcome
from tenants.imports.completions.reader import (
    FIELD_NAMES,
    CompletionLine,
    CompletionMapping,
    guess_columns,
    read_completions,
)
from tenants.imports.models import ImportKind, ImportRejection, ImportRun, ImportState
from tenants.imports.remembered import remember_columns, remembered_columns
from tenants.imports.runs import begin_import, cancel_run, forget_file_after_commit, runs_of
from tenants.imports.staff.models import RememberedAs
from tenants.imports.staff.not_taken import keep_cells, rejected_lines
from tenants.imports.staff.remembered import remembered_words, word_key
from tenants.imports.staff.run import FORGOTTEN_AFTER, WAITING, Progress, columns_of, open_stored
from tenants.imports.staff.undo import UNDONE_WITHIN
from tenants.imports.tabular.cells import CellProblem
from tenants.imports.tabular.table import Rejection, Table, TableError
from tenants.staff.models import StaffMember
from tenants.training.actions import Done, record_each
from tenants.training.models import CompletionSource, TrainingCompletion
from tenants.training.queries import courses

AT_ONCE = 1_000
NO_COURSE = "is not a course that is known: say in the import which it means"
LEFT_OUT = "was said to be none of the courses"


def open_run(
    scope: SchoolScope, *, stream: BinaryIO, file_name: str, storage: Storage, requested_by: uuid.UUID | None
) -> ImportRun:
    """Stores the file, reads its head and guesses its columns. Raises EmptyFile, or TableError; then nothing is kept."""
    forget_old_runs(scope, storage=storage, now=datetime.now(UTC))
    run = begin_import(
        scope, kind=ImportKind.COMPLETIONS, stream=stream, file_name=file_name, storage=storage,
        requested_by=requested_by,
    )  # fmt: skip
    try:
        with open_stored(run, storage) as table:
            columns = columns_of(table)
    except TableError:
        storage.delete(run.storage_key)
        db.session.delete(run)
        db.session.flush()
        raise
    run.preview = {"headers": columns.headers, "never_read": columns.never_read, "samples": columns.samples}
    run.mapping = guess_columns(columns.readable, remembered_columns(scope, ImportKind.COMPLETIONS)).to_json()
    db.session.flush()
    return run


def choose_columns(scope: SchoolScope, run: ImportRun, *, mapping: CompletionMapping, today: date) -> None:
    """Keeps which column is what, for this file and the next, and has the file read anew."""
    run.mapping = mapping.to_json()
    remember_columns(
        scope, ImportKind.COMPLETIONS, {header: name for name, header in mapping.columns.items() if name in FIELD_NAMES}
    )
    begin_reading(run, today=today)


def begin_reading(run: ImportRun, *, today: date) -> None:
    """From here on the reading is a job's."""
    run.mapping = run.mapping | {"as_at": today.isoformat()}
    run.state, run.result, run.problem = ImportState.READING, {}, None
    db.session.flush()


def read_run(scope: SchoolScope, run_id: uuid.UUID, *, storage: Storage, progress: Progress) -> ImportRun:
    """Reads the stored file into rows for the preview. A run that is not being read is left alone."""
    require_bound(scope)
    run = db.session.get_one(ImportRun, run_id, with_for_update=True)
    if run.state is not ImportState.READING:
        return run
    progress(0, None, "Reading the file")
    forget_rows(run)
    try:
        with open_stored(run, storage) as table:
            _read_into_rows(scope, run, table, progress)
    except TableError as error:
        forget_rows(run)
        run.state, run.problem = ImportState.FAILED, str(error)
        return run
    run.state, run.result = ImportState.PREVIEWED, counts_of(scope, run_id)
    db.session.flush()
    return run


def _read_into_rows(scope: SchoolScope, run: ImportRun, table: Table, progress: Progress) -> None:
    mapping = CompletionMapping.from_json(run.mapping)
    staff = StaffIndex(db.session.scalars(select(StaffMember).where(StaffMember.school_id == scope.school_id)))
    known = known_courses(scope)
    recorded = db.session.execute(
        select(TrainingCompletion.staff_id, TrainingCompletion.course_id, TrainingCompletion.completed_on).where(
            TrainingCompletion.school_id == scope.school_id
        )
    )
    seen: set[Done] = {(staff_id, course_id, day) for staff_id, course_id, day in recorded}
    lines = read_completions(table, mapping, today=date.fromisoformat(run.mapping["as_at"]))
    owner = {"run_id": run.id, "school_id": scope.school_id}
    done = 0
    placed = _placed(lines, mapping, staff, known, seen)
    while batch := list(islice(placed, AT_ONCE)):
        rows = [owner | row for row in batch if isinstance(row, dict)]
        wrong = [
            owner | {"line": row.line, "column": row.column, "value": row.value, "reason": row.reason}
            for row in batch
            if isinstance(row, Rejection)
        ]
        if rows:
            db.session.execute(insert(CompletionImportRow), rows)
        if wrong:
            db.session.execute(insert(ImportRejection), wrong)
        done += len(batch)
        progress(done, None, "Reading the file: rows read")


def known_courses(scope: SchoolScope) -> dict[str, uuid.UUID | None]:
    """What a word in a course column means: a title, a key, or what somebody said of it. None: leave its rows out.

    What was said of a course that the school's trust no longer shares with it counts no more: somebody is asked again.
    """
    known: dict[str, uuid.UUID | None] = {}
    for course in courses(scope):
        known[word_key(course.key)] = course.id
        known[word_key(course.title)] = course.id
    ours = {None, *known.values()}
    said = remembered_words(scope, RememberedAs.COURSE)
    return {word: course_id for word, course_id in said.items() if course_id in ours} | known


def _placed(
    lines: Iterator[CompletionLine | Rejection],
    mapping: CompletionMapping,
    staff: StaffIndex,
    known: dict[str, uuid.UUID | None],
    seen: set[Done],
) -> Iterator[dict[str, Any] | Rejection]:
    """Each row with who, which course, and whether it is new."""
    for line in lines:
        if isinstance(line, Rejection):
            yield line
            continue
        try:
            member = staff.find(line)
        except CellProblem as problem:
            column = mapping.columns.get(problem.field) or FIELD_NAMES[problem.field]
            yield Rejection(line.line, column, problem.value[:500], problem.reason)
            continue
        word = word_key(line.course)
        course_id = known.get(word) if line.course else mapping.course_id
        yield {
            "line": line.line,
            "person": member.full_name,
            "course_word": line.course,
            "staff_id": member.id,
            "course_id": course_id,
            "completed_on": line.completed_on,
            "outcome": _outcome(member.id, course_id, line, word in known, seen),
        }


def _outcome(
    staff_id: uuid.UUID, course_id: uuid.UUID | None, line: CompletionLine, is_known: bool, seen: set[Done]
) -> RowOutcome:
    if course_id is None:
        return RowOutcome.LEFT_OUT if is_known else RowOutcome.NO_COURSE
    done = (staff_id, course_id, line.completed_on)
    if done in seen:
        return RowOutcome.KNOWN
    seen.add(done)
    return RowOutcome.NEW


def counts_of(scope: SchoolScope, run_id: uuid.UUID) -> dict[str, int]:
    """How many rows of a preview have each outcome, and how many are rejected."""
    require_bound(scope)
    rows = db.session.execute(
        select(CompletionImportRow.outcome, func.count())
        .where(CompletionImportRow.school_id == scope.school_id, CompletionImportRow.run_id == run_id)
        .group_by(CompletionImportRow.outcome)
    )
    counts = {outcome.value: 0 for outcome in RowOutcome} | {outcome.value: count for outcome, count in rows}
    rejected = select(func.count()).select_from(ImportRejection).where(ImportRejection.run_id == run_id)
    return counts | {"rejected": db.session.scalar(rejected) or 0}


def apply_run(scope: SchoolScope, run_id: uuid.UUID, *, storage: Storage) -> dict[str, Any]:
    """Writes what the preview shows as new, in one transaction, once: a run that is done is left alone. Flushes.

    What was recorded since the preview is not written twice. What is not taken stays as a file with reasons.
    """
    require_bound(scope)
    run = db.session.get_one(ImportRun, run_id, with_for_update=True)
    if run.state is not ImportState.APPLYING:
        return run.result
    new = _rows(scope, run_id, RowOutcome.NEW)
    done = [(row.staff_id, row.course_id, row.completed_on) for row in new if row.course_id is not None]
    written = record_each(scope, done=done, source=CompletionSource.IMPORTED, recorded_by=run.requested_by)
    effects = [{"school_id": scope.school_id, "run_id": run_id, "completion_id": row.id} for row in written]
    if effects:
        db.session.execute(insert(CompletionImportEffect), effects)
    _reject(scope, run, RowOutcome.NO_COURSE, NO_COURSE)
    _reject(scope, run, RowOutcome.LEFT_OUT, LEFT_OUT)
    if wanted := rejected_lines(run_id):
        with open_stored(run, storage) as table:
            keep_cells(run_id, table, wanted)
    counts = counts_of(scope, run_id)
    run.result = counts | {"new": len(written), "known": counts["known"] + len(new) - len(written)}
    db.session.execute(delete(CompletionImportRow).where(CompletionImportRow.run_id == run_id))
    run.preview = {name: run.preview[name] for name in ("headers", "never_read")}
    run.state, run.applied_at, run.problem = ImportState.APPLIED, datetime.now(UTC), None
    forget_file_after_commit(run, storage)
    db.session.flush()
    return run.result


def _rows(scope: SchoolScope, run_id: uuid.UUID, outcome: RowOutcome) -> Sequence[CompletionImportRow]:
    return db.session.scalars(
        select(CompletionImportRow)
        .where(
            CompletionImportRow.school_id == scope.school_id,
            CompletionImportRow.run_id == run_id,
            CompletionImportRow.outcome == outcome,
        )
        .order_by(CompletionImportRow.line)
    ).all()


def _reject(scope: SchoolScope, run: ImportRun, outcome: RowOutcome, reason: str) -> None:
    column = CompletionMapping.from_json(run.mapping).columns.get("course", FIELD_NAMES["course"])
    rows = [
        {
            "id": new_id(), "run_id": run.id, "school_id": scope.school_id, "line": row.line, "column": column,
            "value": row.course_word, "reason": reason,
        }
        for row in _rows(scope, run.id, outcome)
    ]  # fmt: skip
    if rows:
        db.session.execute(insert(ImportRejection), rows)


def undo_run(scope: SchoolScope, run_id: uuid.UUID) -> dict[str, int]:
    """Takes away the completions that the import wrote and that are still there. Once: a run that is undone is left alone."""
    require_bound(scope)
    run = db.session.get_one(ImportRun, run_id, with_for_update=True)
    if run.state is not ImportState.UNDOING:
        return {"undone": 0}
    effects = select(CompletionImportEffect.completion_id).where(
        CompletionImportEffect.school_id == scope.school_id, CompletionImportEffect.run_id == run_id
    )
    removed = db.session.scalars(
        delete(TrainingCompletion)
        .where(TrainingCompletion.school_id == scope.school_id, TrainingCompletion.id.in_(effects))
        .returning(TrainingCompletion.id)
    ).all()
    db.session.execute(delete(CompletionImportEffect).where(CompletionImportEffect.run_id == run_id))
    run.state = ImportState.UNDONE
    db.session.flush()
    return {"undone": len(removed)}


def may_undo(run: ImportRun, *, now: datetime) -> bool:
    """Whether an import can still be taken back."""
    return run.state is ImportState.APPLIED and run.applied_at is not None and now - run.applied_at <= UNDONE_WITHIN


def forget_rows(run: ImportRun) -> None:
    """The rows of a preview, and its rejected rows, are nobody's any more."""
    for model in (CompletionImportRow, ImportRejection):
        db.session.execute(delete(model).where(model.run_id == run.id))


def forget_old_runs(scope: SchoolScope, *, storage: Storage, now: datetime) -> None:
    """Drops what nobody came back to, and what is kept for undoing once it is too late for that."""
    for run in runs_of(scope, ImportKind.COMPLETIONS, limit=200):
        if run.state in WAITING and now - run.created_at > FORGOTTEN_AFTER:
            forget_rows(run)
            cancel_run(run, storage=storage)
        elif run.applied_at is not None and now - run.applied_at > UNDONE_WITHIN:
            db.session.execute(delete(CompletionImportEffect).where(CompletionImportEffect.run_id == run.id))
