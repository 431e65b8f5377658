"""What is overdue and missing by school, and the button that reminds the Prevent leads."""

import uuid
from typing import Any

from flask import Response as FileResponse
from flask import current_app, flash, redirect, render_template, request, url_for
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import SelectMultipleField, TextAreaField
from wtforms.validators import Length, ValidationError

from blueprints.trust.blueprint import blueprint
from blueprints.web.access import account_id, can, requires, today
from blueprints.web.fields import as_uuid
from blueprints.web.mailing import deliver_soon
from prevent_trust.config import Settings
from prevent_trust.csv_output import csv_bytes
from prevent_trust.tenancy import TrustScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.insights.due import SchoolDue, due_by_school
from tenants.insights.subjects import titles_of_subjects
from tenants.organisations.queries import names_of_organisations
from tenants.referrals.rules import GuardKind, guard_text
from tenants.reminders.actions import remind
from tenants.reminders.models import ReminderKind
from tenants.reminders.queries import last_chased, leads_of
from tenants.reminders.rules import chase_period, reasons_for

BASE = "/trusts/<uuid:trust_id>/chase"


class ChaseForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    schools = SelectMultipleField("Schools to remind", coerce=as_uuid)
    message = TextAreaField("A line of your own", [Length(max=1000)])

    def validate_schools(self, schools: SelectMultipleField) -> None:
        if not schools.data:
            raise ValidationError("Choose at least one school")

    def validate_message(self, message: TextAreaField) -> None:
        """The mail is kept and leaves the service: no pupil number and no date of birth may stand in it."""
        for problem in guard_text(message.data or "", today=today()):
            if problem.kind in {GuardKind.UPN, GuardKind.DATE_OF_BIRTH}:
                raise ValidationError(problem.message)


@blueprint.get(BASE)
@requires(Permission.READ_TRUST)
def chase(trust_id: uuid.UUID) -> str | FileResponse:
    scope = TrustScope(trust_id)
    rows = _rows(scope)
    if request.args.get("format") == "csv":
        return _csv(rows)
    return _page(trust_id, rows, ChaseForm(formdata=None))


@blueprint.post(BASE)
@requires(Permission.CHASE_SCHOOLS)
def chase_send(trust_id: uuid.UUID) -> Response | str:
    """At most one mail a day for each Prevent lead, whoever presses the button."""
    scope = TrustScope(trust_id)
    rows = _rows(scope)
    form = ChaseForm()
    form.schools.choices = [(row["due"].school_id, row["name"]) for row in rows if row["leads"]]
    if not form.validate_on_submit():
        return _page(trust_id, rows, form)
    settings: Settings = current_app.extensions["settings"]
    titles = titles_of_subjects(TrustScope(trust_id))
    sent: list[str] = []
    already: list[str] = []
    for row in (row for row in rows if row["due"].school_id in form.schools.data):
        for lead in row["leads"]:
            written = remind(
                scope,
                school_id=row["due"].school_id,
                school_name=row["name"],
                lead=lead,
                kind=ReminderKind.CHASE,
                period=chase_period(today()),
                reasons=reasons_for(row["due"], titles),
                base_url=settings.base_url,
                sent_by=account_id(),
                sender_name=current_user.name,
                message=(form.message.data or "").strip(),
            )
            (sent if written else already).append(f"{lead.name} ({row['name']})")
    if sent:
        deliver_soon()
        record_act("schools chased", account_id=account_id(), trust_id=trust_id, leads=len(sent))
        flash(f"Reminded: {', '.join(sent)}.", "success")
    if already:
        flash(f"Reminded earlier today, so not again: {', '.join(already)}.", "info")
    return redirect(url_for("trust.chase", trust_id=trust_id), 303)


def _rows(scope: TrustScope) -> list[dict[str, Any]]:
    """Schools with something due, those with most overdue first."""
    due = due_by_school(scope, as_at=today())
    names = names_of_organisations(set(due))
    leads = leads_of(scope, today=today())
    chased = last_chased(scope)
    rows = [
        {
            "due": each,
            "name": names[each.school_id],
            "leads": leads.get(each.school_id, []),
            "chased": chased.get(each.school_id),
        }
        for each in due.values()
        if each.is_to_chase
    ]
    return sorted(rows, key=lambda row: (-row["due"].plan.overdue, -row["due"].untrained, row["name"]))


def _page(trust_id: uuid.UUID, rows: list[dict[str, Any]], form: ChaseForm) -> str:
    titles = titles_of_subjects(TrustScope(trust_id))
    for row in rows:
        row["reasons"] = [reason.words for reason in reasons_for(row["due"], titles)]
    return render_template(
        "trust/chase.html",
        trust_id=trust_id,
        rows=rows,
        form=form,
        may_send=can(Permission.CHASE_SCHOOLS),
        today=today(),
    )


def _csv(rows: list[dict[str, Any]]) -> FileResponse:
    def line(row: dict[str, Any]) -> tuple[object, ...]:
        due: SchoolDue = row["due"]
        leads = "; ".join(lead.name for lead in row["leads"])
        review = (due.filtering.due_on or "None recorded") if due.filtering else ""
        return row["name"], leads, due.plan.overdue, due.untrained, due.unread, review, row["chased"]

    headers = (
        "School", "Prevent lead", "Actions overdue", "Gaps in training", "Gaps in reading",
        "Review of filtering was due by", "Last chased",
    )  # fmt: skip
    return FileResponse(
        csv_bytes(headers, map(line, rows)),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="chase.csv"'},
    )
