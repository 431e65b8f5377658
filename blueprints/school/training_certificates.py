"""Whose certificate is it, for which course, and when was that? Read from PDFs; somebody confirms or corrects."""

import uuid

from flask import Response as FileResponse
from flask import abort, current_app, flash, redirect, render_template, url_for
from flask_wtf import FlaskForm
from flask_wtf.file import FileRequired, MultipleFileField
from werkzeug.wrappers import Response
from wtforms import SelectField
from wtforms.validators import ValidationError

from blueprints.school.blueprint import blueprint
from blueprints.school.staff import BASE
from blueprints.web.access import account_id, requires, today
from blueprints.web.fields import DatePartsField
from blueprints.web.import_steps import ButtonForm
from blueprints.web.job_state import job_state_json
from blueprints.web.training_files import FileNotTaken, kept_training_file
from prevent_trust.config import Settings
from prevent_trust.jobs.certificates import request_certificates
from prevent_trust.jobs.ledger import job_run
from prevent_trust.storage import Storage
from prevent_trust.tenancy import SchoolScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.imports.certificates.models import CertificateState
from tenants.imports.certificates.run import (
    WaitingCertificate,
    add_certificate,
    certificates_of,
    drop_certificate,
    record_certificate,
)
from tenants.plan.evidence_files import ACCEPTED
from tenants.staff.queries import staff_of
from tenants.training.queries import courses

CERTIFICATES = f"{BASE}/training/certificates"
ONE = f"{CERTIFICATES}/<uuid:certificate_id>"


class UploadForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    files = MultipleFileField("Certificates", [FileRequired("Choose a file")])


class ConfirmForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    """What the certificate says; nothing is chosen where it could not be told."""

    staff_id = SelectField("Whose certificate is it?")
    course_id = SelectField("For which course?")
    completed_on = DatePartsField("When was it completed?", called="the day of completion")

    def validate_staff_id(self, field: SelectField) -> None:
        if not field.data:
            raise ValidationError("Choose whose certificate it is")

    def validate_course_id(self, field: SelectField) -> None:
        if not field.data:
            raise ValidationError("Choose the course")

    def validate_completed_on(self, completed: DatePartsField) -> None:
        if completed.data and completed.data > today():
            raise ValidationError("The day of completion must be today or in the past")


@blueprint.route(CERTIFICATES, methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def training_certificates(school_id: uuid.UUID) -> Response | str:
    """Upload, and those that wait."""
    scope, form = SchoolScope(school_id), UploadForm()
    if form.validate_on_submit() and _keep(scope, form):
        return redirect(url_for("school.training_certificates", school_id=school_id), 303)
    waiting = certificates_of(scope)
    settings: Settings = current_app.extensions["settings"]
    reading = next((each for each in waiting if each.row.state is CertificateState.READING), None)
    return render_template(
        "school/staff/certificates.html",
        school_id=school_id,
        form=form,
        waiting=[each for each in waiting if each.row.state is CertificateState.WAITING],
        reading=reading,
        job=job_run(reading.row.job_id) if reading and reading.row.job_id else None,
        accepted=ACCEPTED,
        megabytes=settings.upload_megabytes,
    )


def _keep(scope: SchoolScope, form: UploadForm) -> bool:
    """Keeps all of the files and has them read, or none when one cannot be taken, which the form says."""
    storage: Storage = current_app.extensions["storage"]
    kept = []
    try:
        for upload in form.files.data:
            file_id = kept_training_file(scope, upload, added_by=account_id())
            if file_id is not None:
                kept.append(add_certificate(scope, file_id=file_id, uploaded_by=account_id()))
    except FileNotTaken as problem:
        for row in kept:
            drop_certificate(scope, certificate_id=row.id, storage=storage)
        form.files.errors = [str(problem)]
        return False
    job_id = request_certificates(scope, requested_by=account_id())
    for row in kept:
        row.job_id = job_id
    return True


@blueprint.get(f"{ONE}/state")
@requires(Permission.EDIT_SCHOOL)
def training_certificate_state(school_id: uuid.UUID, certificate_id: uuid.UUID) -> FileResponse:
    job_id = _one(school_id, certificate_id).row.job_id
    return job_state_json((job_run(job_id) if job_id else None) or abort(404))


@blueprint.route(ONE, methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def training_certificate(school_id: uuid.UUID, certificate_id: uuid.UUID) -> Response | str:
    """The guess, to be confirmed or corrected; then the next one."""
    scope, here = SchoolScope(school_id), _one(school_id, certificate_id)
    row = here.row
    form = ConfirmForm(
        staff_id=str(row.staff_id or ""), course_id=str(row.course_id or ""), completed_on=row.completed_on
    )
    people = [*staff_of(scope, as_at=today()), *staff_of(scope, as_at=today(), leavers=True)]
    form.staff_id.choices = [("", "Choose a person"), *((str(each.id), each.full_name) for each in people)]
    form.course_id.choices = [("", "Choose a course"), *((str(each.id), each.title) for each in courses(scope))]
    if form.validate_on_submit():
        record_certificate(
            scope,
            certificate_id=certificate_id,
            staff_id=uuid.UUID(form.staff_id.data),
            course_id=uuid.UUID(form.course_id.data),
            completed_on=form.completed_on.data or today(),
            recorded_by=account_id(),
        )
        flash(f"{here.file_name} is recorded.", "success")
        return _next(school_id)
    return render_template("school/staff/certificate.html", school_id=school_id, here=here, form=form)


def _next(school_id: uuid.UUID) -> Response:
    """The next certificate that waits, else the list."""
    for each in certificates_of(SchoolScope(school_id)):
        if each.row.state is CertificateState.WAITING:
            address = url_for("school.training_certificate", school_id=school_id, certificate_id=each.row.id)
            return redirect(address, 303)
    return redirect(url_for("school.training_certificates", school_id=school_id), 303)


@blueprint.route(f"{ONE}/drop", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def training_certificate_drop(school_id: uuid.UUID, certificate_id: uuid.UUID) -> Response | str:
    """Asks first, for the file goes too."""
    here = _one(school_id, certificate_id)
    form = ButtonForm()
    if form.validate_on_submit():
        drop_certificate(
            SchoolScope(school_id), certificate_id=certificate_id, storage=current_app.extensions["storage"]
        )
        record_act("certificate dropped", account_id=account_id(), school_id=school_id, file_name=here.file_name)
        flash(f"{here.file_name} is dropped. Nothing was recorded.", "success")
        return _next(school_id)
    return render_template("school/staff/drop_certificate.html", school_id=school_id, here=here, form=form)


def _one(school_id: uuid.UUID, certificate_id: uuid.UUID) -> WaitingCertificate:
    found = (each for each in certificates_of(SchoolScope(school_id)) if each.row.id == certificate_id)
    return next(found, None) or abort(404)
