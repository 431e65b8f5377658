"""What will change? A plan in any shape: upload or paste, what its columns mean, preview, making it the school's, undo."""

import io
import uuid
from typing import BinaryIO, cast

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from werkzeug.wrappers import Response as Redirect
from wtforms import TextAreaField
from wtforms.validators import Length

from blueprints.school.blueprint import blueprint
from blueprints.school.plan import StartForm
from blueprints.school.plan_list import PLAN
from blueprints.web.access import account_id, requires
from blueprints.web.import_steps import ImportSteps
from prevent_trust.jobs.ledger import request_job
from prevent_trust.tenancy import SchoolScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.imports.models import ImportKind, ImportRun, ImportState
from tenants.imports.plan_document.blocks import MOST_BYTES
from tenants.imports.plan_document.columns import PlanField, TableGuess, TableMapping
from tenants.imports.plan_document.problems import NoActionFound, PlanDocumentError
from tenants.imports.plan_document.run import begin_preview, guess_of, mapping_of, open_source, preview_of
from tenants.imports.runs import EmptyFile, begin_import
from tenants.plan.actions import PlanError, restore_plan
from tenants.plan.edition_queries import newest_edition
from tenants.plan.queries import current_plan

BASE = f"{PLAN}/import"
LONGEST_TEXT = 500_000
ACCEPTED = ".docx,.xlsx,.xls,.ods,.csv,.txt"
FIELD_NAMES = {
    PlanField.SECTION: "Section",
    PlanField.DUTY: "Duty, area, outcome or risk",
    PlanField.MEANING: "What it means",
    PlanField.ACTION: "Action",
    PlanField.ROLES: "By whom (roles)",
    PlanField.OWNER: "Owner (a person)",
    PlanField.DUE: "Due or review date",
    PlanField.STATUS: "Status or RAG",
    PlanField.STATUS_RED: "Tick: red",
    PlanField.STATUS_AMBER: "Tick: amber",
    PlanField.STATUS_GREEN: "Tick: green",
    PlanField.EVIDENCE: "Evidence or progress",
    PlanField.NOTE: "Keep it in the action’s note",
    PlanField.NUMBER: "Number",
}


class UploadForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    file = FileField("Your plan as a file")
    text = TextAreaField(
        "Or paste it", [Length(max=LONGEST_TEXT, message="This is too long to paste. Upload the file instead")]
    )

    def source(self) -> tuple[BinaryIO, str] | None:
        """The stream and the name of what was given; none when nothing was."""
        upload = self.file.data
        if upload and upload.filename:
            return cast("BinaryIO", upload.stream), upload.filename
        text = (self.text.data or "").strip("\r\n")
        return (io.BytesIO(text.encode()), "Pasted text.txt") if text.strip() else None


@blueprint.route(BASE, methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def plan_import(school_id: uuid.UUID) -> Redirect | str:
    scope = SchoolScope(school_id)
    form = UploadForm()
    if form.validate_on_submit():
        source = form.source()
        if source is None:
            form.file.errors = ["Choose a file, or paste your plan below"]
        else:
            try:
                run = _begin(scope, *source)
            except EmptyFile:
                form.file.errors = ["The file is empty. Choose another"]
            except PlanDocumentError as error:
                form.file.errors = [str(error)]
            else:
                return redirect(url_for("school.plan_import_run", school_id=school_id, run_id=run.id), 303)
    return render_template(
        "school/plan_import/upload.html",
        school_id=school_id,
        form=form,
        runs=_steps(school_id).runs(),
        megabytes=MOST_BYTES // 1024 // 1024,
        accepted=ACCEPTED,
    )


def _begin(scope: SchoolScope, stream: BinaryIO, file_name: str) -> ImportRun:
    """Reads the document before it is kept: one that cannot be read leaves nothing behind.

    One whose columns nobody can guess is kept, so that its reader can say what they mean.
    """
    if not stream.read(1):
        raise EmptyFile
    stream.seek(0)
    blocks, guesses = guess_of(scope, stream, file_name)
    mapping = [guess.mapping for guess in guesses]
    try:
        preview = preview_of(blocks, mapping, file_name=file_name)
    except NoActionFound as nothing:
        if not guesses:
            raise PlanDocumentError(
                "No table and no list of actions was found. Give the actions a table with a head row, or bullets."
            ) from nothing
        preview = {}
    stream.seek(0)
    run = begin_import(
        scope,
        kind=ImportKind.PLAN,
        stream=stream,
        file_name=file_name,
        storage=_steps(scope.school_id).storage,
        requested_by=account_id(),
    )
    begin_preview(run, mapping, preview)
    return run


@blueprint.get(f"{BASE}/<uuid:run_id>")
@requires(Permission.EDIT_SCHOOL)
def plan_import_run(school_id: uuid.UUID, run_id: uuid.UUID) -> str:
    scope = SchoolScope(school_id)
    run = _run(scope, run_id)
    plan = current_plan(scope)
    return render_template(
        "school/plan_import/run.html",
        school_id=school_id,
        run=run,
        job=_steps(school_id).job(run),
        current=plan,
        is_current=plan is not None and str(plan.id) == run.result.get("plan_id"),
        edition=newest_edition(scope),
        form=StartForm(),
    )


@blueprint.get(f"{BASE}/<uuid:run_id>/columns")
@requires(Permission.EDIT_SCHOOL)
def plan_import_columns(school_id: uuid.UUID, run_id: uuid.UUID) -> str:
    """What each column seems to mean, to be corrected."""
    scope = SchoolScope(school_id)
    run = _waiting(scope, run_id)
    return _columns_page(scope, run, _guesses(scope, run), mapping_of(run))


def _columns_page(
    scope: SchoolScope, run: ImportRun, guesses: list[TableGuess], mapping: list[TableMapping], problem: str = ""
) -> str:
    return render_template(
        "school/plan_import/columns.html",
        school_id=scope.school_id,
        run=run,
        tables=list(zip(guesses, mapping or [guess.mapping for guess in guesses], strict=False)),
        field_names=FIELD_NAMES,
        problem=problem,
        form=StartForm(),
    )


@blueprint.post(f"{BASE}/<uuid:run_id>/columns")
@requires(Permission.EDIT_SCHOOL)
def plan_import_columns_save(school_id: uuid.UUID, run_id: uuid.UUID) -> Redirect | str:
    scope = SchoolScope(school_id)
    run = _waiting(scope, run_id)
    if not StartForm().validate_on_submit():
        abort(400)
    with open_source(run, _steps(scope.school_id).storage) as local:
        blocks, guesses = guess_of(scope, cast("BinaryIO", local), run.file_name)
    mapping = [_chosen(number, guess) for number, guess in enumerate(guesses)]
    try:
        preview = preview_of(blocks, mapping, file_name=run.file_name)
    except PlanDocumentError as error:
        return _columns_page(scope, run, guesses, mapping, str(error))
    begin_preview(run, mapping, preview)
    return redirect(url_for("school.plan_import_run", school_id=school_id, run_id=run_id), 303)


def _chosen(number: int, guess: TableGuess) -> TableMapping:
    """What the page sent back for a table. A column that it does not name keeps its guess."""
    fields = []
    for column, guessed in zip(range(len(guess.columns)), guess.mapping.fields, strict=True):
        value = request.form.get(f"field-{number}-{column}", "")
        fields.append(PlanField(value) if value in {field.value for field in PlanField} else guessed)
    return guess.mapping.with_fields(fields, use=f"use-{number}" in request.form)


def _guesses(scope: SchoolScope, run: ImportRun) -> list[TableGuess]:
    with open_source(run, _steps(scope.school_id).storage) as local:
        return guess_of(scope, cast("BinaryIO", local), run.file_name)[1]


@blueprint.post(f"{BASE}/<uuid:run_id>/apply")
@requires(Permission.EDIT_SCHOOL)
def plan_import_apply(school_id: uuid.UUID, run_id: uuid.UUID) -> Redirect:
    scope = SchoolScope(school_id)
    run = _run(scope, run_id)
    if run.state is ImportState.PREVIEWED and run.preview:
        run.state = ImportState.APPLYING
        run.job_id = request_job(
            "import_plan",
            scope=scope,
            title="Make your plan from the document",
            arguments={"school_id": str(school_id), "run_id": str(run.id)},
            requested_by=account_id(),
            once_key=f"import_plan:{run.id}",
        )
        record_act("plan import", account_id=account_id(), school_id=school_id, sha256=run.sha256)
    return redirect(url_for("school.plan_import_run", school_id=school_id, run_id=run_id), 303)


@blueprint.post(f"{BASE}/<uuid:run_id>/cancel")
@requires(Permission.EDIT_SCHOOL)
def plan_import_cancel(school_id: uuid.UUID, run_id: uuid.UUID) -> Redirect:
    return _steps(school_id).cancel(
        run_id,
        dropped="The document was dropped. Nothing was changed.",
        too_late="It is too late to drop this import. You can bring the earlier plan back instead.",
    )


@blueprint.get(f"{BASE}/<uuid:run_id>/state")
@requires(Permission.EDIT_SCHOOL)
def plan_import_state(school_id: uuid.UUID, run_id: uuid.UUID) -> Response:
    return _steps(school_id).state(run_id)


@blueprint.post(f"{BASE}/<uuid:run_id>/undo")
@requires(Permission.EDIT_SCHOOL)
def plan_import_undo(school_id: uuid.UUID, run_id: uuid.UUID) -> Redirect:
    """The plan that was current before the import is current again; the imported one goes to the archive."""
    scope = SchoolScope(school_id)
    earlier = _run(scope, run_id).result.get("earlier_plan_id") or abort(404)
    try:
        restore_plan(scope, plan_id=uuid.UUID(earlier))
    except PlanError as error:
        flash(str(error), "error")
    else:
        record_act("plan import undone", account_id=account_id(), school_id=school_id, run_id=str(run_id))
        flash("Your earlier plan is back. The imported one is in the archive.", "success")
    return redirect(url_for("school.plan", school_id=school_id), 303)


def _run(scope: SchoolScope, run_id: uuid.UUID) -> ImportRun:
    return _steps(scope.school_id).run(run_id)


def _waiting(scope: SchoolScope, run_id: uuid.UUID) -> ImportRun:
    """A run whose columns can still be changed."""
    run = _run(scope, run_id)
    if run.state not in {ImportState.PREVIEWED, ImportState.UPLOADED}:
        abort(404)
    return run


def _steps(school_id: uuid.UUID) -> ImportSteps:
    return ImportSteps(SchoolScope(school_id), ImportKind.PLAN, "school.plan_import")
