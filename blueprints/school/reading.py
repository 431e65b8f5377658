"""Who has not confirmed? By document, in the edition that is in force."""

import uuid
from typing import Any

from flask import Response as FileResponse
from flask import abort, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import RadioField, SelectMultipleField
from wtforms.validators import ValidationError

from blueprints.school.blueprint import blueprint
from blueprints.school.plan import StartForm
from blueprints.web.access import account_id, requires, today
from blueprints.web.fields import DatePartsField, as_uuid
from blueprints.web.presentation import long_date
from prevent_trust.csv_output import csv_bytes
from prevent_trust.mail_senders.types import MailState
from prevent_trust.tenancy import SchoolScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.insights.measures.reading import reading_coverage, reading_needs
from tenants.reading.actions import record_confirmations, remove_confirmation
from tenants.reading.campaigns import asked, running_campaign
from tenants.reading.models import ConfirmationSource
from tenants.reading.queries import DocumentInForce, confirmations, document_in_force, documents_in_force
from tenants.staff.models import STAFF_ROLE_NAMES
from tenants.staff.queries import staff_of

Missing = list[tuple[uuid.UUID, str]]

BASE = "/schools/<uuid:school_id>/reading"
SOURCE_NAMES = {
    ConfirmationSource.RECORDED: "They told the Prevent lead",
    ConfirmationSource.PAPER: "They signed a sheet",
    ConfirmationSource.LINK: "By the link mailed to them",
}
BY_HAND = (ConfirmationSource.RECORDED, ConfirmationSource.PAPER)
MAIL_NAMES = {
    MailState.WAITING: "the mail is on its way",
    MailState.HANDED_OVER: "the mail may have gone",
    MailState.SENT: "the mail was sent",
    MailState.KEPT: "the mail was written and kept here",
    MailState.REFUSED: "the mail was refused; check the address",
    MailState.BOUNCED: "the mail came back; check the address",
}


class ConfirmForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    confirmed_on = DatePartsField("When did they confirm?", called="the day of confirmation")
    source = RadioField(
        "How did they confirm?",
        choices=[(source.value, SOURCE_NAMES[source]) for source in BY_HAND],
        default=ConfirmationSource.RECORDED.value,
    )
    staff = SelectMultipleField("Who has read it?", coerce=as_uuid)

    def validate_confirmed_on(self, confirmed: DatePartsField) -> None:
        if confirmed.data and confirmed.data > today():
            raise ValidationError("The day of confirmation must be today or in the past")

    def validate_staff(self, staff: SelectMultipleField) -> None:
        if not staff.data:
            raise ValidationError("Choose at least one person")


@blueprint.get(BASE)
@requires(Permission.READ_SCHOOL)
def reading(school_id: uuid.UUID) -> str:
    coverage = {row.key: row for row in reading_coverage(SchoolScope(school_id), as_at=today())}
    documents = documents_in_force(today())
    return render_template(
        "school/reading/list.html",
        school_id=school_id,
        documents=[(document, coverage.get(document.key)) for document in documents],
    )


@blueprint.get(f"{BASE}/<key>")
@requires(Permission.READ_STAFF)
def reading_document(school_id: uuid.UUID, key: str) -> FileResponse | str:
    document = document_in_force(key, today()) or abort(404)
    missing, confirmed = _people(SchoolScope(school_id), document)
    if request.args.get("format") == "csv":
        return _csv(SchoolScope(school_id), document, missing, confirmed)
    return _page(school_id, document, missing, confirmed, ConfirmForm(formdata=None, confirmed_on=today()))


@blueprint.post(f"{BASE}/<key>")
@requires(Permission.EDIT_SCHOOL)
def reading_confirm(school_id: uuid.UUID, key: str) -> Response | str:
    scope = SchoolScope(school_id)
    document = document_in_force(key, today()) or abort(404)
    missing, confirmed = _people(scope, document)
    form = ConfirmForm()
    form.staff.choices = missing
    if not form.validate_on_submit():
        return _page(school_id, document, missing, confirmed, form)
    written = record_confirmations(
        scope,
        staff_ids=form.staff.data,
        edition_id=document.edition_id,
        confirmed_on=form.confirmed_on.data or today(),
        source=ConfirmationSource(form.source.data),
        recorded_by=account_id(),
    )
    flash(f"{written} {'confirmation' if written == 1 else 'confirmations'} recorded.", "success")
    return redirect(url_for("school.reading_document", school_id=school_id, key=key), 303)


def _page(
    school_id: uuid.UUID,
    document: DocumentInForce,
    missing: Missing,
    confirmed: list[dict[str, Any]],
    form: ConfirmForm,
) -> str:
    form.staff.choices = missing
    scope = SchoolScope(school_id)
    return render_template(
        "school/reading/document.html",
        asked=_asked(scope, document),
        running=running_campaign(scope, document.edition_id),
        school_id=school_id,
        document=document,
        missing=missing,
        confirmed=confirmed,
        form=form,
        source_names=SOURCE_NAMES,
        role_names=STAFF_ROLE_NAMES,
    )


def _people(scope: SchoolScope, document: DocumentInForce) -> tuple[Missing, list[dict[str, Any]]]:
    """Those who must read it and have not, and those who have confirmed, by name."""
    names = {member.id: member.full_name for member in staff_of(scope, as_at=today())}
    needs = {need.staff_id: need.holds for need in reading_needs(scope, as_at=today()) if need.key == document.key}
    done = confirmations(scope, document.edition_id)
    missing = [(staff_id, name) for staff_id, name in names.items() if needs.get(staff_id) is False]
    confirmed = [
        {"id": done[staff_id].id, "name": name, "on": done[staff_id].confirmed_on, "source": done[staff_id].source}
        for staff_id, name in names.items()
        if staff_id in done
    ]
    return missing, confirmed


def _asked(scope: SchoolScope, document: DocumentInForce) -> dict[uuid.UUID, str]:
    """When each was sent a link and what became of the mail, in words."""
    return {
        staff_id: f"Asked on {long_date(row.at)}; {MAIL_NAMES[row.mail]}"
        for staff_id, row in asked(scope, document.edition_id).items()
    }


def _csv(
    scope: SchoolScope, document: DocumentInForce, missing: Missing, confirmed: list[dict[str, Any]]
) -> FileResponse:
    asked_words = _asked(scope, document)
    lines = [
        *((name, "No", "", "", asked_words.get(staff_id, "")) for staff_id, name in missing),
        *((row["name"], "Yes", row["on"], SOURCE_NAMES[row["source"]], "") for row in confirmed),
    ]
    return FileResponse(
        csv_bytes(("Name", "Confirmed", "On", "How", "Asked"), lines),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="reading-{document.key}.csv"'},
    )


@blueprint.route(f"{BASE}/<key>/confirmations/<uuid:confirmation_id>/remove", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def reading_remove(school_id: uuid.UUID, key: str, confirmation_id: uuid.UUID) -> Response | str:
    scope = SchoolScope(school_id)
    document = document_in_force(key, today()) or abort(404)
    _, confirmed = _people(scope, document)
    row = next((each for each in confirmed if each["id"] == confirmation_id), None) or abort(404)
    form = StartForm()
    if form.validate_on_submit():
        remove_confirmation(scope, confirmation_id=confirmation_id)
        record_act(
            "confirmation removed", account_id=account_id(), school_id=school_id, document=key, on=str(row["on"])
        )
        flash("The confirmation is removed. The audit keeps that it was there.", "success")
        return redirect(url_for("school.reading_document", school_id=school_id, key=key), 303)
    return render_template("school/reading/remove.html", school_id=school_id, document=document, row=row, form=form)
