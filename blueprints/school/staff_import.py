"""What will change? A staff list: upload, columns, preview, applying, result. Each step can be left and found again."""

import uuid

from flask import Response as FileResponse
from flask import abort, current_app, flash, redirect, render_template, url_for
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import BooleanField, SelectField

from blueprints.school.blueprint import blueprint
from blueprints.school.plan import StartForm
from blueprints.web.access import account_id, requires, today
from blueprints.web.job_state import job_state_json
from prevent_trust.config import Settings
from prevent_trust.database import db
from prevent_trust.jobs.ledger import job_run, request_job
from prevent_trust.storage import Storage
from prevent_trust.tenancy import SchoolScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.imports.models import ImportKind, ImportRejection, ImportRun, ImportState
from tenants.imports.runs import EmptyFile, begin_import, cancel_run, school_run, school_runs
from tenants.imports.staff.reader import FIELD_NAMES, StaffMapping, rejected_rows_csv
from tenants.imports.staff.run import FileColumns, StaffPreview, columns_of, preview_import
from tenants.imports.tabular.table import Rejection, TableError

BASE = "/schools/<uuid:school_id>/staff/import"
ACCEPTED = ".csv,.xlsx,.xls,.ods"
SHOWN = 50  # rows of each list in the preview; the counts above it are of all


class UploadForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    file = FileField("Staff list", [FileRequired("Choose a file")])


class ColumnsForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    full_name = SelectField(FIELD_NAMES["full_name"])
    given_name = SelectField(FIELD_NAMES["given_name"])
    family_name = SelectField(FIELD_NAMES["family_name"])
    email = SelectField(FIELD_NAMES["email"])
    staff_code = SelectField(FIELD_NAMES["staff_code"])
    role = SelectField(FIELD_NAMES["role"])
    starts_on = SelectField(FIELD_NAMES["starts_on"])
    leaves_on = SelectField(FIELD_NAMES["leaves_on"])
    complete = BooleanField("This list is complete: staff who are not in it have left")

    def offer(self, columns: FileColumns) -> None:
        options = [("", "Not in this file")]
        for header in columns.headers:
            sample = ", ".join(columns.samples.get(header, ()))[:60]
            options.append((header, f"{header} ({sample})" if sample else header))
        for name in FIELD_NAMES:
            self[name].choices = options

    def mapping(self) -> StaffMapping:
        return StaffMapping({name: self[name].data for name in FIELD_NAMES if self[name].data})


@blueprint.route(BASE, methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def staff_import(school_id: uuid.UUID) -> Response | str:
    scope = SchoolScope(school_id)
    form = UploadForm()
    settings: Settings = current_app.extensions["settings"]
    if form.validate_on_submit():
        try:
            run = _upload(scope, form)
        except EmptyFile:
            form.file.errors = ["The file is empty. Export it again and check that it has rows"]
        except TableError as error:
            form.file.errors = [str(error)]
        else:
            return redirect(url_for("school.staff_import_run", school_id=school_id, run_id=run.id), 303)
    return render_template(
        "school/staff_import/upload.html",
        school_id=school_id,
        form=form,
        runs=[run for run in school_runs(scope, ImportKind.STAFF) if run.state is not ImportState.CANCELLED],
        megabytes=settings.upload_megabytes,
        accepted=ACCEPTED,
    )


def _upload(scope: SchoolScope, form: UploadForm) -> ImportRun:
    upload = form.file.data
    run = begin_import(
        scope,
        kind=ImportKind.STAFF,
        stream=upload.stream,
        file_name=upload.filename or "staff.csv",
        storage=_storage(),
        requested_by=account_id(),
    )
    try:
        guess = columns_of(run, storage=_storage()).guess
    except TableError:
        _storage().delete(run.storage_key)
        db.session.delete(run)
        db.session.flush()
        raise
    run.mapping = {"columns": guess.columns, "complete": False, "as_at": today().isoformat()}
    return run


@blueprint.get(f"{BASE}/<uuid:run_id>")
@requires(Permission.EDIT_SCHOOL)
def staff_import_run(school_id: uuid.UUID, run_id: uuid.UUID) -> str:
    scope = SchoolScope(school_id)
    return _page(scope, _run(scope, run_id))


@blueprint.post(f"{BASE}/<uuid:run_id>")
@requires(Permission.EDIT_SCHOOL)
def staff_import_columns(school_id: uuid.UUID, run_id: uuid.UUID) -> Response | str:
    """Keeps which column is what, and shows what the file would change then."""
    scope = SchoolScope(school_id)
    run = _run(scope, run_id)
    if run.state not in {ImportState.UPLOADED, ImportState.PREVIEWED}:
        return redirect(url_for("school.staff_import_run", school_id=school_id, run_id=run_id), 303)
    form = ColumnsForm()
    form.offer(columns_of(run, storage=_storage()))
    if not form.validate_on_submit():
        return _page(scope, run, form=form)
    mapping = form.mapping()
    if mapping.problem:
        form.full_name.errors = [mapping.problem]
        return _page(scope, run, form=form)
    run.mapping = {"columns": mapping.columns, "complete": form.complete.data, "as_at": today().isoformat()}
    run.state = ImportState.PREVIEWED
    return redirect(url_for("school.staff_import_run", school_id=school_id, run_id=run_id, _anchor="preview"), 303)


def _page(scope: SchoolScope, run: ImportRun, *, form: ColumnsForm | None = None) -> str:
    is_open = run.state in {ImportState.UPLOADED, ImportState.PREVIEWED}
    columns = columns_of(run, storage=_storage()) if is_open else None
    if columns is not None and form is None:
        chosen = run.mapping["columns"]
        form = ColumnsForm(
            formdata=None, complete=run.mapping["complete"], **{n: chosen.get(n, "") for n in FIELD_NAMES}
        )
        form.offer(columns)
    preview = _preview(scope, run) if is_open and (form is None or not form.errors) else None
    return render_template(
        "school/staff_import/run.html",
        school_id=scope.school_id,
        run=run,
        form=form,
        columns=columns,
        preview=preview,
        shown=SHOWN,
        fields=list(FIELD_NAMES),
        job=job_run(run.job_id) if run.job_id else None,
        not_taken=_kept_rejections(scope, run) if run.state is ImportState.APPLIED else [],
        button=StartForm(formdata=None),
    )


def _preview(scope: SchoolScope, run: ImportRun) -> StaffPreview | None:
    mapping = StaffMapping(run.mapping["columns"])
    if mapping.problem:
        return None
    return preview_import(
        scope, run, mapping=mapping, complete=run.mapping["complete"], as_at=today(), storage=_storage()
    )


@blueprint.post(f"{BASE}/<uuid:run_id>/apply")
@requires(Permission.EDIT_SCHOOL)
def staff_import_apply(school_id: uuid.UUID, run_id: uuid.UUID) -> Response:
    scope = SchoolScope(school_id)
    run = _run(scope, run_id)
    if run.state in {ImportState.UPLOADED, ImportState.PREVIEWED}:
        run.mapping = run.mapping | {"as_at": today().isoformat()}
        run.state = ImportState.APPLYING
        run.job_id = request_job(
            "import_staff",
            scope=scope,
            title="Bring the staff list up to date",
            arguments={"school_id": str(school_id), "run_id": str(run.id)},
            requested_by=account_id(),
            once_key=f"import_staff:{run.id}",
        )
        record_act("staff import", account_id=account_id(), school_id=school_id, sha256=run.sha256)
    return redirect(url_for("school.staff_import_run", school_id=school_id, run_id=run_id), 303)


@blueprint.post(f"{BASE}/<uuid:run_id>/cancel")
@requires(Permission.EDIT_SCHOOL)
def staff_import_cancel(school_id: uuid.UUID, run_id: uuid.UUID) -> Response:
    if cancel_run(_run(SchoolScope(school_id), run_id), storage=_storage()):
        flash("The file was dropped. Nothing was changed.", "success")
    else:
        flash("It is too late to drop this import.", "error")
    return redirect(url_for("school.staff_import", school_id=school_id), 303)


@blueprint.get(f"{BASE}/<uuid:run_id>/state")
@requires(Permission.EDIT_SCHOOL)
def staff_import_state(school_id: uuid.UUID, run_id: uuid.UUID) -> FileResponse:
    run = _run(SchoolScope(school_id), run_id)
    return job_state_json((job_run(run.job_id) if run.job_id else None) or abort(404))


@blueprint.get(f"{BASE}/<uuid:run_id>/rejected.csv")
@requires(Permission.EDIT_SCHOOL)
def staff_import_rejected(school_id: uuid.UUID, run_id: uuid.UUID) -> FileResponse:
    """The rows that were not taken, as they stood, with line and reason: to be mended and uploaded again."""
    scope = SchoolScope(school_id)
    run = _run(scope, run_id)
    if run.state is ImportState.APPLIED:
        headers = tuple(run.preview["headers"])
        rows = [
            Rejection(row.line, row.column, row.value, row.reason, tuple(row.cells))
            for row in _kept_rejections(scope, run)
        ]
    else:
        preview = _preview(scope, run) or abort(404)
        headers, rows = preview.headers, preview.not_taken
    return FileResponse(
        rejected_rows_csv(headers, rows),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="staff-not-taken.csv"'},
    )


def _kept_rejections(scope: SchoolScope, run: ImportRun) -> list[ImportRejection]:
    return list(
        db.session.scalars(
            select(ImportRejection)
            .where(ImportRejection.school_id == scope.school_id, ImportRejection.run_id == run.id)
            .order_by(ImportRejection.line, ImportRejection.id)
        )
    )


def _run(scope: SchoolScope, run_id: uuid.UUID) -> ImportRun:
    return school_run(scope, run_id, ImportKind.STAFF) or abort(404)


def _storage() -> Storage:
    return current_app.extensions["storage"]  # type: ignore[no-any-return]  # the factory puts a Storage there
