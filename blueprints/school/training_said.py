"""What do staff say that they have done, and does the school accept it?"""

import uuid

from flask import Response as FileResponse
from flask import abort, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import SelectMultipleField, StringField
from wtforms.validators import DataRequired, Length

from blueprints.school.blueprint import blueprint
from blueprints.school.staff import BASE
from blueprints.school.training_ask import sent_as
from blueprints.web.access import account_id, requires
from blueprints.web.fields import as_uuid
from blueprints.web.free_text import NoPupilData
from blueprints.web.mailing import deliver_soon
from blueprints.web.presentation import long_date, moment
from prevent_trust.csv_output import csv_bytes
from prevent_trust.tenancy import SchoolScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.imports.certificates.models import CertificateState
from tenants.imports.certificates.run import (
    WaitingCertificate,
    certificates_of_statements,
    forget_certificates_of_decided,
)
from tenants.training.asking.models import StatementState
from tenants.training.asking.statements import Said, accept_statements, refuse_statement, statements_of

STATE_NAMES = {
    StatementState.WAITING: "Waits for you",
    StatementState.ACCEPTED: "Accepted",
    StatementState.REFUSED: "Refused",
}
CSV_HEADERS = ("Name", "Course", "Said it was done on", "Said on", "Certificate", "State", "Reason", "By", "Decided")


class AcceptForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    statements = SelectMultipleField("What do you accept?", coerce=as_uuid)


class RefuseForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    reason = StringField("Why can you not accept it?", [DataRequired("Enter why"), Length(max=500), NoPupilData()])


@blueprint.get(f"{BASE}/training/said")
@requires(Permission.READ_STAFF)
def training_said(school_id: uuid.UUID) -> str | FileResponse:
    state = request.args.get("state", "")
    everything = statements_of(SchoolScope(school_id))
    if request.args.get("format") == "csv":
        return _csv([each for each in everything if state in {"", each.state.value}])
    waiting = [each for each in everything if each.state is StatementState.WAITING]
    read = certificates_of_statements(SchoolScope(school_id))
    told = {each.id: certificate_words(each, read[each.id]) for each in waiting if each.id in read}
    return render_template(
        "school/staff/said.html",
        school_id=school_id,
        waiting=waiting,
        decided=[each for each in everything if each.decided_at and state in {"", each.state.value}],
        any_decided=len(waiting) < len(everything),
        form=_form(waiting),
        told=told,
        hints={each.id: _hint(each, told.get(each.id)) for each in waiting},
        names=STATE_NAMES,
        state=state,
        selects=[
            {
                "name": "state",
                "label": "Which",
                "value": state,
                "options": [
                    ("", "All"),
                    *((each.value, STATE_NAMES[each]) for each in (StatementState.ACCEPTED, StatementState.REFUSED)),
                ],
            }
        ],
    )


def _form(waiting: list[Said]) -> AcceptForm:
    form = AcceptForm(formdata=None)
    form.statements.choices = [
        (each.id, f"{each.name}: {each.course}, {long_date(each.completed_on)}") for each in waiting
    ]
    return form


def _hint(said: Said, told: str | None) -> str:
    shown = f"Said on {long_date(said.said_at)}, {'with a certificate' if said.file_id else 'without a certificate'}"
    return f"{shown}. {told}" if told else shown


def certificate_words(said: Said, read: WaitingCertificate) -> str:
    """What the certificate seems to say, against what was said."""
    row = read.row
    if row.state is CertificateState.READING:
        return "The certificate is not read yet."
    if row.problem:
        return f"The certificate could not be read: {row.problem}"
    untold = [
        word
        for word, found in (("name", row.staff_id), ("course", row.course_id), ("day", row.completed_on))
        if found is None
    ]
    others = []
    if row.staff_id not in {None, said.staff_id}:
        others.append(f"it names {read.person}")
    if row.course_id not in {None, said.course_id}:
        others.append(f"it is for {read.course}")
    if row.completed_on not in {None, said.completed_on}:
        others.append(f"its day is {long_date(row.completed_on)}")
    if others:
        return f"! Look at the certificate: {' and '.join(others)}."
    if untold:
        return f"! Look at the certificate: no {' and no '.join(untold)} could be told from it."
    return "✓ The certificate says the same."


@blueprint.post(f"{BASE}/training/said")
@requires(Permission.EDIT_SCHOOL)
def training_said_accept(school_id: uuid.UUID) -> Response:
    """Those that are ticked, or all that wait and that the page showed."""
    scope, form = SchoolScope(school_id), AcceptForm()
    waiting = {each.id for each in statements_of(scope) if each.state is StatementState.WAITING}
    form.statements.choices = [(each, "") for each in waiting]
    shown = {key for text in request.form.getlist("shown") if (key := _key(text)) in waiting}
    if not form.validate_on_submit():
        flash("What you chose was decided meanwhile. Look at the list again.", "error")
    elif chosen := shown if "all" in request.form else set(form.statements.data or ()):
        accepted = accept_statements(scope, statement_ids=chosen, decided_by=account_id())
        forget_certificates_of_decided(scope)
        record_act("training accepted", account_id=account_id(), school_id=school_id, accepted=accepted)
        flash(f"{accepted} accepted.", "success")
    else:
        flash("Tick what you accept.", "error")
    return redirect(url_for("school.training_said", school_id=school_id), 303)


def _key(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


@blueprint.route(f"{BASE}/training/said/<uuid:statement_id>/refuse", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def training_said_refuse(school_id: uuid.UUID, statement_id: uuid.UUID) -> Response | str:
    """With a reason, which is mailed to the person with their link."""
    scope = SchoolScope(school_id)
    said = next((each for each in statements_of(scope) if each.id == statement_id), None) or abort(404)
    form = RefuseForm()
    if form.validate_on_submit():
        reason = form.reason.data.strip()
        refused = refuse_statement(
            scope, statement_id=statement_id, reason=reason, decided_by=account_id(), sent_as=sent_as(scope)
        )
        if refused:
            forget_certificates_of_decided(scope)
            deliver_soon()
            record_act(
                "training refused", account_id=account_id(), school_id=school_id, staff_id=str(said.staff_id),
                course=said.course, completed_on=said.completed_on.isoformat(),
            )  # fmt: skip
            flash(f"Refused. {said.name} is told why by mail.", "success")
        else:
            flash("It was decided already.", "error")
        return redirect(url_for("school.training_said", school_id=school_id), 303)
    return render_template("school/staff/refuse.html", school_id=school_id, said=said, form=form)


def _csv(everything: list[Said]) -> FileResponse:
    lines = [
        (
            each.name, each.course, each.completed_on, moment(each.said_at), each.file_name, STATE_NAMES[each.state],
            each.reason, each.decided_by, moment(each.decided_at) if each.decided_at else "",
        )
        for each in everything
    ]  # fmt: skip
    return FileResponse(
        csv_bytes(CSV_HEADERS, lines),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="training-said-by-staff.csv"'},
    )
