"""What will change? An existing Word plan: upload, preview, making it the school's, undo. Each step can be left."""

import uuid

from flask import Response, abort, current_app, flash, redirect, render_template, url_for
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from werkzeug.wrappers import Response as Redirect

from blueprints.school.blueprint import blueprint
from blueprints.school.plan import StartForm
from blueprints.web.access import account_id, requires
from blueprints.web.job_state import job_state_json
from prevent_trust.jobs.ledger import job_run, request_job
from prevent_trust.storage import Storage
from prevent_trust.tenancy import SchoolScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.imports.models import ImportKind, ImportRun, ImportState
from tenants.imports.plan_document.reader import MOST_BYTES
from tenants.imports.plan_document.run import preview_of
from tenants.imports.plan_document.types import PlanDocumentError
from tenants.imports.runs import EmptyFile, begin_import, cancel_run, school_run, school_runs
from tenants.plan.actions import PlanError, restore_plan
from tenants.plan.queries import current_plan

BASE = "/schools/<uuid:school_id>/plan/import"


class UploadForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    file = FileField("Word document", [FileRequired("Choose your plan’s Word document")])


@blueprint.route(BASE, methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def plan_import(school_id: uuid.UUID) -> Redirect | str:
    scope = SchoolScope(school_id)
    form = UploadForm()
    if form.validate_on_submit():
        try:
            run = _upload(scope, form)
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
        runs=[run for run in school_runs(scope, ImportKind.PLAN) if run.state is not ImportState.CANCELLED],
        megabytes=MOST_BYTES // 1024 // 1024,
    )


def _upload(scope: SchoolScope, form: UploadForm) -> ImportRun:
    """Reads the document before it is kept: one that is no plan leaves nothing behind."""
    upload = form.file.data
    if not upload.stream.read(1):
        raise EmptyFile
    upload.stream.seek(0)
    preview = preview_of(upload.stream)
    upload.stream.seek(0)
    run = begin_import(
        scope,
        kind=ImportKind.PLAN,
        stream=upload.stream,
        file_name=upload.filename or "plan.docx",
        storage=_storage(),
        requested_by=account_id(),
    )
    run.preview, run.state = preview, ImportState.PREVIEWED
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
        job=job_run(run.job_id) if run.job_id else None,
        current=plan,
        is_current=plan is not None and str(plan.id) == run.result.get("plan_id"),
        form=StartForm(),
    )


@blueprint.post(f"{BASE}/<uuid:run_id>/apply")
@requires(Permission.EDIT_SCHOOL)
def plan_import_apply(school_id: uuid.UUID, run_id: uuid.UUID) -> Redirect:
    scope = SchoolScope(school_id)
    run = _run(scope, run_id)
    if run.state is ImportState.PREVIEWED:
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
    if cancel_run(_run(SchoolScope(school_id), run_id), storage=_storage()):
        flash("The document was dropped. Nothing was changed.", "success")
    else:
        flash("It is too late to drop this import. You can bring the earlier plan back instead.", "error")
    return redirect(url_for("school.plan_import", school_id=school_id), 303)


@blueprint.get(f"{BASE}/<uuid:run_id>/state")
@requires(Permission.EDIT_SCHOOL)
def plan_import_state(school_id: uuid.UUID, run_id: uuid.UUID) -> Response:
    run = _run(SchoolScope(school_id), run_id)
    return job_state_json((job_run(run.job_id) if run.job_id else None) or abort(404))


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
    return school_run(scope, run_id, ImportKind.PLAN) or abort(404)


def _storage() -> Storage:
    return current_app.extensions["storage"]  # type: ignore[no-any-return]  # the factory puts a Storage there
