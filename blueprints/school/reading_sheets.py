"""Slips of paper for those who have no address: each with a short address, a QR code of it, and a PIN."""

import uuid

from flask import Response as FileResponse
from flask import abort, current_app, flash, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import SelectMultipleField

from blueprints.school.blueprint import blueprint
from blueprints.school.plan import StartForm
from blueprints.school.reading import BASE
from blueprints.school.reading_ask import not_confirmed
from blueprints.web.access import account_id, requires, today
from blueprints.web.fields import DatePartsField, as_uuid
from blueprints.web.presentation import long_date
from prevent_trust.config import Settings
from prevent_trust.tenancy import SchoolScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.organisations.queries import names_of_organisations
from tenants.reading.campaigns import CampaignError, running_campaign
from tenants.reading.queries import DocumentInForce, document_in_force
from tenants.reading.sheets.actions import MOST_AT_ONCE, make_slips, withdraw_slips
from tenants.reading.sheets.pdf import Heading, slips_as_pdf
from tenants.reading.sheets.queries import GivenSlip, slips_given
from tenants.staff.models import StaffMember


class SlipsForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    staff = SelectMultipleField("Who gets a slip?", coerce=as_uuid)
    due_on = DatePartsField("By when should they confirm?", called="Last day")


@blueprint.route(f"{BASE}/<key>/sheets", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def reading_sheets(school_id: uuid.UUID, key: str) -> Response | str:
    """The file is the answer itself: what stands on the slips is kept nowhere."""
    scope = SchoolScope(school_id)
    document = document_in_force(SchoolScope(school_id), key, today()) or abort(404)
    running = running_campaign(scope, document.edition_id)
    people, given = not_confirmed(scope, document), slips_given(scope, document.edition_id)
    without = [person.id for person in people if not person.email and person.id not in given]
    form = SlipsForm(due_on=running.due_on if running else None, staff=without)
    form.staff.choices = [(person.id, person.full_name) for person in people]
    if form.validate_on_submit():
        try:
            return _print(scope, document, [person for person in people if person.id in form.staff.data], form)
        except CampaignError as error:
            wrong = form.due_on if form.staff.data and len(form.staff.data) <= MOST_AT_ONCE else form.staff
            wrong.errors = [str(error)]
    return render_template(
        "school/reading/sheets.html",
        school_id=school_id,
        document=document,
        people=people,
        hints={person.id: _hint(person, given.get(person.id)) for person in people},
        given=given,
        form=form,
    )


def _hint(person: StaffMember, given: GivenSlip | None) -> str:
    has = "Has an email address" if person.email else "No email address"
    if given is None:
        return has
    locked = "; it is locked after too many wrong PINs" if given.is_locked else ""
    return f"{has}. Slip printed on {long_date(given.at)}{locked}. Another slip ends that one."


def _print(scope: SchoolScope, document: DocumentInForce, people: list[StaffMember], form: SlipsForm) -> FileResponse:
    settings: Settings = current_app.extensions["settings"]
    due_on = form.due_on.data or today()
    slips = make_slips(scope, document=document, people=people, due_on=due_on, today=today(), made_by=account_id())
    heading = Heading(
        school=names_of_organisations({scope.school_id})[scope.school_id],
        title=document.title,
        edition=document.edition,
        due_on=due_on,
        address_of=lambda code: settings.base_url + url_for("public.reading_slip", code=code),
    )
    record_act(
        "reading slips printed",
        account_id=account_id(),
        school_id=scope.school_id,
        document=document.key,
        edition=document.edition,
        staff=[str(slip.staff_id) for slip in slips],
    )
    return FileResponse(
        slips_as_pdf(slips, heading),
        mimetype="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="reading-slips-{document.key}.pdf"'},
    )


@blueprint.route(f"{BASE}/<key>/sheets/withdraw", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def reading_sheets_withdraw(school_id: uuid.UUID, key: str) -> Response | str:
    """Asks first. Links that were mailed go on."""
    scope = SchoolScope(school_id)
    document = document_in_force(SchoolScope(school_id), key, today()) or abort(404)
    form = StartForm()
    if form.validate_on_submit():
        ended = withdraw_slips(scope, edition_id=document.edition_id)
        record_act("reading slips withdrawn", account_id=account_id(), school_id=school_id, document=key, slips=ended)
        flash("The slips no longer work. What was confirmed stays.", "success")
        return redirect(url_for("school.reading_document", school_id=school_id, key=key), 303)
    count = len(slips_given(scope, document.edition_id))
    return render_template(
        "school/reading/sheets_withdraw.html", school_id=school_id, document=document, count=count, form=form
    )
