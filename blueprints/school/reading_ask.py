"""Asking those who have not confirmed: each gets a link by mail. The lead chooses a day and writes nothing."""

import uuid

from flask import abort, current_app, flash, redirect, render_template, url_for
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from blueprints.school.blueprint import blueprint
from blueprints.school.plan import StartForm
from blueprints.school.reading import BASE
from blueprints.web.access import account_id, requires, today
from blueprints.web.fields import DatePartsField
from blueprints.web.mailing import deliver_soon
from prevent_trust.config import Settings
from prevent_trust.signed_links import READING_LINK, signed_ids
from prevent_trust.tenancy import SchoolScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.insights.measures.reading import reading_needs
from tenants.organisations.queries import names_of_organisations
from tenants.reading.campaigns import (
    CampaignError,
    SentAs,
    ask_by_mail,
    asked,
    running_campaign,
    withdraw_campaign,
)
from tenants.reading.queries import DocumentInForce, document_in_force
from tenants.staff.models import StaffMember
from tenants.staff.queries import staff_of


class AskForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    due_on = DatePartsField("By when should they confirm?", called="Last day")


@blueprint.route(f"{BASE}/<key>/ask", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def reading_ask(school_id: uuid.UUID, key: str) -> Response | str:
    scope = SchoolScope(school_id)
    document = document_in_force(scope, key, today()) or abort(404)
    running = running_campaign(scope, document.edition_id)
    form = AskForm(due_on=running.due_on if running else None)
    people = not_confirmed(scope, document)
    if form.validate_on_submit():
        try:
            return _ask(scope, document, people, form)
        except CampaignError as error:
            form.due_on.errors = [str(error)]
    have_a_link = asked(scope, document.edition_id)
    return render_template(
        "school/reading/ask.html",
        school_id=school_id,
        document=document,
        running=running,
        to_ask=[person for person in people if person.email and person.id not in have_a_link],
        asked_before=[person for person in people if person.id in have_a_link],
        without_address=[person for person in people if not person.email and person.id not in have_a_link],
        form=form,
    )


def _ask(scope: SchoolScope, document: DocumentInForce, people: list[StaffMember], form: AskForm) -> Response:
    settings: Settings = current_app.extensions["settings"]

    def link_for(link_id: uuid.UUID) -> str:
        token = signed_ids(READING_LINK, scope.school_id, link_id)
        return settings.base_url + url_for("public.read_and_confirm", token=token)

    name = names_of_organisations({scope.school_id})[scope.school_id]
    written = ask_by_mail(
        scope,
        document=document,
        people=people,
        due_on=form.due_on.data or today(),
        today=today(),
        made_by=account_id(),
        sent_as=SentAs(name, current_user.name, link_for),
    )
    if written:
        deliver_soon()
    record_act(
        "reading asked for", account_id=account_id(), school_id=scope.school_id, document=document.key, mails=written
    )
    flash(f"{written} {'person is' if written == 1 else 'people are'} sent a link by mail.", "success")
    return redirect(url_for("school.reading_document", school_id=scope.school_id, key=document.key), 303)


def not_confirmed(scope: SchoolScope, document: DocumentInForce) -> list[StaffMember]:
    """Those who must read it and have not, by name."""
    needs = {need.staff_id: need.holds for need in reading_needs(scope, as_at=today()) if need.key == document.key}
    return [member for member in staff_of(scope, as_at=today()) if needs.get(member.id) is False]


@blueprint.route(f"{BASE}/<key>/withdraw", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def reading_withdraw(school_id: uuid.UUID, key: str) -> Response | str:
    """Asks first. Asking anew sends new links."""
    scope = SchoolScope(school_id)
    document = document_in_force(scope, key, today()) or abort(404)
    _ = running_campaign(scope, document.edition_id) or abort(404)
    form = StartForm()
    if form.validate_on_submit():
        withdraw_campaign(scope, edition_id=document.edition_id)
        record_act("reading links withdrawn", account_id=account_id(), school_id=school_id, document=key)
        flash("The links and slips no longer work. What was confirmed stays.", "success")
        return redirect(url_for("school.reading_document", school_id=school_id, key=key), 303)
    return render_template("school/reading/withdraw.html", school_id=school_id, document=document, form=form)
