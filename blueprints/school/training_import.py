"""What would be recorded? A list of completed training: upload, columns, courses, preview, progress, result."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from flask import Response as FileResponse
from flask import current_app, flash, render_template, request, stream_with_context, url_for
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from werkzeug.wrappers import Response
from wtforms import SelectField

from blueprints.school.blueprint import blueprint
from blueprints.web.access import account_id, requires, today
from blueprints.web.import_steps import ButtonForm, ImportSteps
from blueprints.web.presentation import moment
from prevent_trust.config import Settings
from prevent_trust.csv_output import csv_bytes
from prevent_trust.jobs.completions import request_apply, request_reading, request_undo
from prevent_trust.tenancy import SchoolScope
from tenants.access.permissions import Permission
from tenants.imports.completions.models import RowOutcome
from tenants.imports.completions.queries import (
    PER_PAGE,
    preview_rows,
    reasons_by_line,
    rejections_of,
    unknown_courses,
)
from tenants.imports.completions.reader import FIELD_NAMES, CompletionMapping
from tenants.imports.completions.run import begin_reading, choose_columns, counts_of, forget_rows, may_undo, open_run
from tenants.imports.models import ImportKind, ImportRun, ImportState
from tenants.imports.runs import EmptyFile
from tenants.imports.staff.models import RememberedAs
from tenants.imports.staff.not_taken import file_of, kept_file_of
from tenants.imports.staff.remembered import remember_words, word_key
from tenants.imports.staff.run import FileColumns, open_stored
from tenants.imports.staff.undo import UNDONE_WITHIN
from tenants.imports.tabular.table import TableError
from tenants.training.queries import courses

BASE = "/schools/<uuid:school_id>/staff/training/import"
ACCEPTED = ".csv,.xlsx,.xls,.ods"
MOST_SHOWN = 100
MOST_ROWS_IN_FILE = 200_000
CAN_CHANGE = {ImportState.UPLOADED, ImportState.PREVIEWED, ImportState.FAILED}
STATE_WORDS = {
    ImportState.UPLOADED: "waits for its columns",
    ImportState.READING: "being read",
    ImportState.PREVIEWED: "waits for you to decide",
    ImportState.APPLYING: "being recorded",
    ImportState.APPLIED: "recorded",
    ImportState.FAILED: "not taken in",
    ImportState.UNDOING: "being undone",
    ImportState.UNDONE: "undone",
}
OUTCOMES = {
    RowOutcome.NEW: "To be recorded",
    RowOutcome.KNOWN: "Recorded already",
    RowOutcome.NO_COURSE: "Course not known",
    RowOutcome.LEFT_OUT: "Left out, as you said of the course",
}


class UploadForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    file = FileField("List of completed training", [FileRequired("Choose a file")])


class ColumnsForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    """Which column is what."""

    full_name = SelectField(FIELD_NAMES["full_name"])
    given_name = SelectField(FIELD_NAMES["given_name"])
    family_name = SelectField(FIELD_NAMES["family_name"])
    email = SelectField(FIELD_NAMES["email"])
    staff_code = SelectField(FIELD_NAMES["staff_code"])
    trn = SelectField(FIELD_NAMES["trn"])
    course = SelectField(FIELD_NAMES["course"])
    course_id = SelectField("Or all rows are about one course")
    completed_on = SelectField(FIELD_NAMES["completed_on"])

    def offer(self, scope: SchoolScope, columns: FileColumns) -> None:
        options = [("", "Not in this file")]
        for header in columns.readable:
            sample = ", ".join(columns.samples.get(header, ()))[:60]
            options.append((header, f"{header} ({sample})" if sample else header))
        for name in FIELD_NAMES:
            self[name].choices = options
        catalogue = [(str(each.id), each.title) for each in courses(scope)]
        self.course_id.choices = [("", "No: a column says it"), *catalogue]

    def mapping(self) -> CompletionMapping:
        columns = {name: str(self[name].data) for name in FIELD_NAMES if self[name].data}
        course_id = uuid.UUID(self.course_id.data) if self.course_id.data and "course" not in columns else None
        return CompletionMapping(columns, course_id)


def _steps(school_id: uuid.UUID) -> ImportSteps:
    return ImportSteps(SchoolScope(school_id), ImportKind.COMPLETIONS, "school.training_import")


def _page(step: str, school_id: uuid.UUID, **values: Any) -> str:
    return render_template(
        f"school/training_import/{step}.html",
        url=_steps(school_id).url,
        back_to=url_for("school.staff", school_id=school_id),
        **values,
    )


@blueprint.route(BASE, methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def training_import(school_id: uuid.UUID) -> Response | FileResponse | str:
    """Step 1, and the earlier imports."""
    steps, form = _steps(school_id), UploadForm()
    if form.validate_on_submit() and (run := _begun(steps, form)):
        return steps.to("run", run_id=run.id)
    wanted = request.args.get("state", "")
    runs = [run for run in steps.runs(limit=200) if wanted in {"", run.state.value}]
    if request.args.get("format") == "csv":
        return _csv_of_runs(runs)
    settings: Settings = current_app.extensions["settings"]
    return _page(
        "upload", school_id, form=form, runs=runs, wanted=wanted, megabytes=settings.upload_megabytes,
        accepted=ACCEPTED, states=STATE_WORDS, state_options=[(each.value, words) for each, words in STATE_WORDS.items()],
    )  # fmt: skip


def _begun(steps: ImportSteps, form: UploadForm) -> ImportRun | None:
    """The run that the uploaded file begins; none when it is no list, which the form says."""
    upload = form.file.data
    try:
        return open_run(
            SchoolScope(steps.place["school_id"]),
            stream=upload.stream,
            file_name=upload.filename or "training.csv",
            storage=steps.storage,
            requested_by=account_id(),
        )
    except EmptyFile:
        form.file.errors = ["The file is empty. Export it again and check that it has rows"]
    except TableError as error:
        form.file.errors = [str(error)]
    return None


@blueprint.get(f"{BASE}/<uuid:run_id>")
@requires(Permission.EDIT_SCHOOL)
def training_import_run(school_id: uuid.UUID, run_id: uuid.UUID) -> Response | str:
    """Where the run is: leads to the step that waits for somebody, else shows the progress or the result."""
    steps = _steps(school_id)
    run = steps.run(run_id)
    if run.state is ImportState.UPLOADED:
        return steps.to("columns", run_id=run_id)
    if run.state is ImportState.PREVIEWED:
        waits = unknown_courses(SchoolScope(school_id), run_id)
        return steps.to("courses" if waits else "preview", run_id=run_id)
    return _page(
        "run", school_id, run=run, job=steps.job(run), may_undo=may_undo(run, now=datetime.now(UTC)),
        days=UNDONE_WITHIN.days, button=ButtonForm(formdata=None),
    )  # fmt: skip


@blueprint.route(f"{BASE}/<uuid:run_id>/columns", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def training_import_columns(school_id: uuid.UUID, run_id: uuid.UUID) -> Response | str:
    """Step 2: which column is what, kept for the next file."""
    steps, scope = _steps(school_id), SchoolScope(school_id)
    run = steps.run(run_id)
    if run.state not in CAN_CHANGE:
        return steps.to("run", run_id=run_id)
    kept = CompletionMapping.from_json(run.mapping)
    form = ColumnsForm(
        course_id=str(kept.course_id or ""), **{name: kept.columns.get(name, "") for name in FIELD_NAMES}
    )
    form.offer(scope, FileColumns.of(run))
    if form.validate_on_submit():
        mapping = form.mapping()
        if (problem := mapping.problem()) is None:
            choose_columns(scope, run, mapping=mapping, today=today())
            request_reading(scope, run)
            return steps.to("run", run_id=run_id)
        form[problem[0]].errors = [problem[1]]
    return _page("columns", school_id, run=run, form=form, fields=tuple(FIELD_NAMES), columns=FileColumns.of(run))


@blueprint.route(f"{BASE}/<uuid:run_id>/courses", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def training_import_courses(school_id: uuid.UUID, run_id: uuid.UUID) -> Response | str:
    """Step 3: which courses the words mean that are not known; kept for the next file."""
    steps, scope = _steps(school_id), SchoolScope(school_id)
    run = steps.run(run_id)
    if run.state is not ImportState.PREVIEWED:
        return steps.to("run", run_id=run_id)
    words, catalogue = unknown_courses(scope, run_id), courses(scope)
    if not ButtonForm().validate_on_submit():
        return _page("courses", school_id, run=run, words=words, catalogue=catalogue, form=ButtonForm(formdata=None))
    known: dict[str, uuid.UUID | None] = {str(course.id): course.id for course in catalogue} | {"out": None}
    said = {
        word_key(word): known[answer]
        for number, (word, _) in enumerate(words)
        if (answer := request.form.get(f"course-{number}", "")) in known
    }
    if not said:
        return steps.to("preview", run_id=run_id)
    remember_words(scope, RememberedAs.COURSE, said)
    begin_reading(run, today=today())
    request_reading(scope, run)
    return steps.to("run", run_id=run_id)


@blueprint.get(f"{BASE}/<uuid:run_id>/preview")
@requires(Permission.EDIT_SCHOOL)
def training_import_preview(school_id: uuid.UUID, run_id: uuid.UUID) -> Response | FileResponse | str:
    """Step 4: what would be recorded, what is there already, what cannot be taken and why."""
    steps, scope = _steps(school_id), SchoolScope(school_id)
    run = steps.run(run_id)
    if run.state is not ImportState.PREVIEWED:
        return steps.to("run", run_id=run_id)
    asked = request.args.get("show", "")
    shown = RowOutcome(asked) if asked in set(RowOutcome) else RowOutcome.NEW
    if request.args.get("format") == "csv":
        rows = preview_rows(scope, run_id, shown, page=1, per_page=MOST_ROWS_IN_FILE)
        lines = [(row.line, row.person, row.course, row.completed_on) for row in rows]
        return _csv(("Line", "Name", "Course", "Date completed"), lines, f"training-{shown}.csv")
    counts = counts_of(scope, run_id)
    page = max(1, request.args.get("page", 1, type=int))
    return _page(
        "preview", school_id, run=run, counts=counts, shown=shown, outcomes=OUTCOMES, page=page,
        rows=preview_rows(scope, run_id, shown, page=page), pages=-(-counts[shown] // PER_PAGE),
        columns=FileColumns.of(run), wrong=rejections_of(scope, run_id, limit=MOST_SHOWN), most=MOST_SHOWN,
        days=UNDONE_WITHIN.days, button=ButtonForm(formdata=None),
    )  # fmt: skip


@blueprint.post(f"{BASE}/<uuid:run_id>/apply")
@requires(Permission.EDIT_SCHOOL)
def training_import_apply(school_id: uuid.UUID, run_id: uuid.UUID) -> Response:
    steps = _steps(school_id)
    run = steps.run(run_id)
    if run.state is ImportState.PREVIEWED:
        request_apply(SchoolScope(school_id), run, requested_by=account_id())
    return steps.to("run", run_id=run_id)


@blueprint.post(f"{BASE}/<uuid:run_id>/undo")
@requires(Permission.EDIT_SCHOOL)
def training_import_undo(school_id: uuid.UUID, run_id: uuid.UUID) -> Response:
    steps = _steps(school_id)
    run = steps.run(run_id)
    if may_undo(run, now=datetime.now(UTC)):
        request_undo(SchoolScope(school_id), run, requested_by=account_id())
    else:
        flash("It is too late to undo this import.", "error")
    return steps.to("run", run_id=run_id)


@blueprint.post(f"{BASE}/<uuid:run_id>/cancel")
@requires(Permission.EDIT_SCHOOL)
def training_import_cancel(school_id: uuid.UUID, run_id: uuid.UUID) -> Response:
    steps = _steps(school_id)
    run = steps.run(run_id)
    if run.state in CAN_CHANGE:
        forget_rows(run)
    return steps.cancel(
        run_id,
        dropped="The file was dropped. Nothing was recorded.",
        too_late="It is too late to drop this import.",
    )


@blueprint.get(f"{BASE}/<uuid:run_id>/state")
@requires(Permission.EDIT_SCHOOL)
def training_import_state(school_id: uuid.UUID, run_id: uuid.UUID) -> FileResponse:
    return _steps(school_id).state(run_id)


@blueprint.get(f"{BASE}/<uuid:run_id>/rejected.csv")
@requires(Permission.EDIT_SCHOOL)
def training_import_rejected(school_id: uuid.UUID, run_id: uuid.UUID) -> FileResponse:
    """The rows that are not taken, as they stood, with line and reason: to be mended and uploaded again."""
    steps = _steps(school_id)
    run = steps.run(run_id)
    if run.state in {ImportState.APPLIED, ImportState.UNDOING, ImportState.UNDONE}:
        pieces = kept_file_of(run_id, run.preview["headers"])
    else:
        pieces = _rejected_of_preview(steps, run, reasons_by_line(SchoolScope(school_id), run_id))
    return FileResponse(
        stream_with_context(pieces),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="training-not-taken.csv"'},
    )


def _rejected_of_preview(steps: ImportSteps, run: ImportRun, reasons: dict[int, str]) -> Iterator[bytes]:
    """Read while it is sent: the file may be long."""
    with open_stored(run, steps.storage) as table:
        yield from file_of(table, reasons)


def _csv_of_runs(runs: list[ImportRun]) -> FileResponse:
    lines = [
        (
            run.file_name,
            moment(run.created_at),
            STATE_WORDS[run.state],
            *(run.result.get(name, "") for name in ("new", "known", "rejected")),
        )
        for run in runs
    ]
    return _csv(
        ("File", "Uploaded", "State", "Recorded", "Recorded already", "Rows not taken"), lines, "training-imports.csv"
    )


def _csv(heads: tuple[str, ...], lines: list[tuple[Any, ...]], name: str) -> FileResponse:
    return FileResponse(
        csv_bytes(heads, lines),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
