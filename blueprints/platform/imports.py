"""Bringing the register up to date: files of Get Information About Schools, taken in by a worker."""

import uuid
from typing import Any

from flask import Response, abort, current_app, flash, redirect, render_template, url_for
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from sqlalchemy import func, select
from werkzeug.wrappers import Response as Redirect

from blueprints.platform.blueprint import blueprint
from blueprints.platform.lists import MOST_ROWS_IN_FILE, PER_PAGE, csv_file, page_number, page_of
from blueprints.web.access import account_id, requires
from prevent_trust.config import Settings
from prevent_trust.database import db, new_id
from prevent_trust.jobs.ledger import job_run, request_job
from prevent_trust.storage import Storage
from prevent_trust.tenancy import PlatformScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.imports.models import ImportKind, ImportRejection, ImportRun

ON_THE_PAGE = 50


class UploadForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    file = FileField("File from Get Information About Schools", [FileRequired("Choose a file")])


@blueprint.route("/platform/imports", methods=["GET", "POST"])
@requires(Permission.ADMINISTER_PLATFORM)
def imports() -> Redirect | str:
    form = UploadForm()
    if form.validate_on_submit():
        run = _upload(form.file.data)
        if run is not None:
            flash("The file is uploaded. A worker is reading it now; you can leave this page.", "success")
            return redirect(url_for("platform.import_run", run_id=run.id), 303)
        form.file.errors = ["The file is empty. Download it again and choose the new one"]
    total = db.session.scalar(select(func.count()).select_from(ImportRun).where(_OF_REGISTER)) or 0
    runs = db.session.scalars(
        select(ImportRun)
        .where(_OF_REGISTER)
        .order_by(ImportRun.created_at.desc())
        .limit(PER_PAGE)
        .offset((page_number() - 1) * PER_PAGE)
    ).all()
    settings: Settings = current_app.extensions["settings"]
    return render_template(
        "platform/imports.html", form=form, runs=runs, paging=page_of(total), megabytes=settings.upload_megabytes
    )


_OF_REGISTER = ImportRun.kind == ImportKind.GIAS


def _upload(upload: Any) -> ImportRun | None:
    """Stores the file and asks for its import; none when there is nothing in it."""
    storage: Storage = current_app.extensions["storage"]
    run_id = new_id()
    stored = storage.save(upload.stream, key=f"imports/{run_id}")
    if stored.size == 0:
        storage.delete(stored.key)
        return None
    run = ImportRun(
        id=run_id,
        kind=ImportKind.GIAS,
        file_name=(upload.filename or "file.csv")[:200],
        storage_key=stored.key,
        size=stored.size,
        sha256=stored.sha256,
        requested_by=account_id(),
    )
    db.session.add(run)
    db.session.flush()
    run.job_id = request_job(
        "import_gias",
        scope=PlatformScope(),
        title=f"Import {run.file_name} into the register",
        arguments={"run_id": str(run.id)},
        requested_by=account_id(),
    )
    db.session.flush()
    record_act("register upload", account_id=account_id(), file=run.file_name, sha256=run.sha256)
    return run


@blueprint.get("/platform/imports/<uuid:run_id>")
@requires(Permission.ADMINISTER_PLATFORM)
def import_run(run_id: uuid.UUID) -> str:
    run = _run(run_id)
    rejected = db.session.scalar(_count_rejections(run)) or 0
    return render_template(
        "platform/import.html",
        run=run,
        job=job_run(run.job_id) if run.job_id else None,
        rejected=rejected,
        rejections=_rejections(run, ON_THE_PAGE),
        on_the_page=ON_THE_PAGE,
    )


@blueprint.get("/platform/imports/<uuid:run_id>/rejections.csv")
@requires(Permission.ADMINISTER_PLATFORM)
def import_rejections(run_id: uuid.UUID) -> Response:
    run = _run(run_id)
    rows = _rejections(run, MOST_ROWS_IN_FILE)
    return csv_file(
        "rows-not-imported",
        ["Line", "Column", "Value", "Why it was not imported", "The row"],
        [(row.line, row.column or "", row.value, row.reason, " | ".join(row.cells)) for row in rows],
    )


def _run(run_id: uuid.UUID) -> ImportRun:
    return db.session.scalar(select(ImportRun).where(ImportRun.id == run_id, _OF_REGISTER)) or abort(404)


def _count_rejections(run: ImportRun) -> Any:
    return select(func.count()).select_from(ImportRejection).where(ImportRejection.run_id == run.id)


def _rejections(run: ImportRun, limit: int) -> list[ImportRejection]:
    return list(
        db.session.scalars(
            select(ImportRejection)
            .where(ImportRejection.run_id == run.id)
            .order_by(ImportRejection.line, ImportRejection.id)
            .limit(limit)
        )
    )
