"""The referral log. For the school's Prevent lead alone."""

import uuid
from datetime import date
from typing import Any, cast

from flask import Response as FileResponse
from flask import abort, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import BooleanField, HiddenField, RadioField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired

from blueprints.school.blueprint import blueprint
from blueprints.web.access import account_id, requires, today
from blueprints.web.fields import DatePartsField
from prevent_trust.csv_output import csv_bytes
from prevent_trust.tenancy import SchoolScope
from tenants.access.permissions import Permission
from tenants.calendar.rules import academic_year_name
from tenants.contacts.queries import contact_cards
from tenants.referrals.actions import (
    FOLLOW_UP_AFTER,
    ReferralChangedMeanwhile,
    ReferralDetails,
    ReferralProblem,
    change_referral,
    open_referral,
    record_stage,
    reopen_referral,
)
from tenants.referrals.models import (
    OUTCOME_NAMES,
    ROUTE_NAMES,
    STAGE_NAMES,
    Referral,
    ReferralOutcome,
    ReferralRoute,
    ReferralStageName,
)
from tenants.referrals.queries import (
    ReferralFilter,
    closed_on,
    concern_types_for,
    find_referral,
    fingerprint,
    is_overdue,
    latest_stage,
    referral_history,
    referral_list,
    referral_years,
)

BASE = "/schools/<uuid:school_id>/referrals"
FILTER_NAMES = {ReferralFilter.OPEN: "Open", ReferralFilter.CLOSED: "Closed", ReferralFilter.ALL: "All"}
CSV_HEADERS = (
    "Reference",
    "CPOMS reference",
    "Made on",
    "Type of concern",
    "Route",
    "Stage",
    "Follow-up due on",
    "Closed on",
    "Outcome",
)
SOMEBODY_ELSE = (
    "Somebody else changed this referral while you had it open. Your change was not saved: look at it again."
)


def _stripped(value: str | None) -> str:
    return (value or "").strip()


def _id(value: object) -> uuid.UUID:
    return value if isinstance(value, uuid.UUID) else uuid.UUID(str(value))


class ReferralForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    made_on = DatePartsField("Date the referral was made", called="Date the referral was made")
    cpoms_reference = StringField("CPOMS reference (optional)", filters=[_stripped])
    concern_type_id = RadioField(
        "Type of concern",
        coerce=_id,
        validators=[InputRequired("Choose the type of concern")],
        validate_choice=False,  # the date decides which there are; the action says so in words
    )
    route = RadioField(
        "How it was made",
        choices=[(route.value, ROUTE_NAMES[route]) for route in ReferralRoute],
        validators=[InputRequired("Choose how the referral was made")],
    )
    follow_up_due_on = DatePartsField("Follow-up due", optional=True)
    note = TextAreaField("Note (optional)", filters=[_stripped])
    not_a_childs_name = BooleanField("This is not a child’s name, nor that of anybody in a child’s family")
    seen = HiddenField()

    def details(self) -> ReferralDetails:
        return ReferralDetails(
            made_on=cast("date", self.made_on.data),  # the field insists on one
            concern_type_id=self.concern_type_id.data,
            route=ReferralRoute(self.route.data),
            cpoms_reference=self.cpoms_reference.data or None,
            follow_up_due_on=self.follow_up_due_on.data,
            note=self.note.data,
        )


class StageForm(FlaskForm):  # type: ignore[misc]
    stage = RadioField("Stage", validators=[InputRequired("Choose the stage")])
    reached_on = DatePartsField("Date it was reached", called="Date it was reached")
    outcome = RadioField(
        "How it ended",
        choices=[(outcome.value, OUTCOME_NAMES[outcome]) for outcome in ReferralOutcome],
        validate_choice=False,
    )
    seen = HiddenField(validators=[DataRequired()])

    def chosen_outcome(self) -> ReferralOutcome | None:
        data = self.outcome.data
        return ReferralOutcome(data) if data in set(ReferralOutcome) else None


class ReopenForm(FlaskForm):  # type: ignore[misc]
    seen = HiddenField(validators=[DataRequired()])


@blueprint.get(BASE)
@requires(Permission.READ_REFERRALS)
def referrals(school_id: uuid.UUID) -> str | FileResponse:
    scope = SchoolScope(school_id)
    asked = request.args.get("state", ReferralFilter.ALL)
    state = ReferralFilter(asked) if asked in set(ReferralFilter) else ReferralFilter.ALL
    years = referral_years(scope)
    year = request.args.get("year", type=int)
    rows = referral_list(scope, state=state, year=year if year in years else None)
    if request.args.get("format") == "csv":
        return _csv(rows)
    return render_template(
        "school/referrals/list.html",
        school_id=school_id,
        rows=[_line(row) for row in rows],
        any_at_all=bool(years),
        selects=[
            {
                "name": "state",
                "label": "State",
                "value": "" if state is ReferralFilter.ALL else state.value,
                "options": [("", "Any state"), ("open", "Open"), ("closed", "Closed")],
            },
            {
                "name": "year",
                "label": "Academic year",
                "value": year if year in years else "",
                "options": [("", "Any year"), *((each, academic_year_name(each)) for each in years)],
            },
        ],
    )


def _line(row: Referral) -> dict[str, Any]:
    return {
        "referral": row,
        "stage": STAGE_NAMES[latest_stage(row)],
        "closed_on": closed_on(row),
        "is_overdue": is_overdue(row, today()),
        "outcome": OUTCOME_NAMES[row.outcome] if row.outcome else None,
        "route": ROUTE_NAMES[row.route],
    }


def _csv(rows: list[Referral]) -> FileResponse:
    lines = [
        (
            row.reference,
            row.cpoms_reference,
            row.made_on,
            row.concern_type.title,
            ROUTE_NAMES[row.route],
            STAGE_NAMES[latest_stage(row)],
            row.follow_up_due_on,
            closed_on(row),
            OUTCOME_NAMES[row.outcome] if row.outcome else "",
        )
        for row in rows
    ]
    return FileResponse(
        csv_bytes(CSV_HEADERS, lines),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="referrals.csv"'},
    )


@blueprint.route(f"{BASE}/new", methods=["GET", "POST"])
@requires(Permission.EDIT_REFERRALS)
def referral_new(school_id: uuid.UUID) -> Response | str:
    scope = SchoolScope(school_id)
    form = ReferralForm() if request.method == "POST" else _blank(today())
    _offer_concern_types(form, scope)
    asks = False
    if form.validate_on_submit():
        try:
            referral = open_referral(
                scope,
                details=form.details(),
                not_a_childs_name=form.not_a_childs_name.data,
                made_by=account_id(),
                today=today(),
            )
        except ReferralProblem as problem:
            asks = _show(form, problem)
        else:
            flash(f"Referral {referral.reference} is in the log.", "success")
            return redirect(url_for("school.referral", school_id=school_id, referral_id=referral.id), 303)
    return render_template(
        "school/referrals/edit.html",
        school_id=school_id,
        form=form,
        referral=None,
        asks=asks,
        cards=[card for card in contact_cards(scope, today=today()) if card.contact.telephone],
    )


def _blank(day: date) -> ReferralForm:
    return ReferralForm(made_on=day, follow_up_due_on=day + FOLLOW_UP_AFTER)


def _offer_concern_types(form: ReferralForm, scope: SchoolScope) -> None:
    """The types of the release year that the date in the form belongs to."""
    types = concern_types_for(scope, form.made_on.data or today())
    form.concern_type_id.choices = [(row.id, row.title) for row in types]


def _show(form: FlaskForm, problem: ReferralProblem) -> bool:
    """Puts the messages beside their fields; returns whether the writer is asked about likely names."""
    for name, messages in problem.messages.items():
        form[name].errors = [*form[name].errors, *messages]
    return problem.asks_to_confirm


@blueprint.get(f"{BASE}/<uuid:referral_id>")
@requires(Permission.READ_REFERRALS)
def referral(school_id: uuid.UUID, referral_id: uuid.UUID) -> str:
    scope = SchoolScope(school_id)
    found = find_referral(scope, referral_id) or abort(404)
    return render_template(
        "school/referrals/referral.html",
        school_id=school_id,
        line=_line(found),
        referral=found,
        stages=[(STAGE_NAMES[row.stage], row.reached_on) for row in found.stages],
        history=referral_history(scope, referral_id),
        reopen=ReopenForm(seen=fingerprint(found)),
        note_lines=found.note.splitlines(),
    )


@blueprint.route(f"{BASE}/<uuid:referral_id>/change", methods=["GET", "POST"])
@requires(Permission.EDIT_REFERRALS)
def referral_change(school_id: uuid.UUID, referral_id: uuid.UUID) -> Response | str:
    scope = SchoolScope(school_id)
    found = find_referral(scope, referral_id) or abort(404)
    form = ReferralForm() if request.method == "POST" else ReferralForm(obj=found, seen=fingerprint(found))
    _offer_concern_types(form, scope)
    address = url_for("school.referral", school_id=school_id, referral_id=referral_id)
    asks = False
    if form.validate_on_submit():
        try:
            changed = change_referral(
                scope,
                referral_id=referral_id,
                details=form.details(),
                not_a_childs_name=form.not_a_childs_name.data,
                seen=form.seen.data,
                changed_by=account_id(),
                today=today(),
            )
        except ReferralProblem as problem:
            asks = _show(form, problem)
        except ReferralChangedMeanwhile:
            flash(SOMEBODY_ELSE, "error")
            return redirect(address, 303)
        else:
            flash("The referral is saved." if changed else "Nothing was changed.", "success")
            return redirect(address, 303)
    return render_template(
        "school/referrals/edit.html", school_id=school_id, form=form, referral=found, asks=asks, cards=[]
    )


@blueprint.route(f"{BASE}/<uuid:referral_id>/stage", methods=["GET", "POST"])
@requires(Permission.EDIT_REFERRALS)
def referral_stage(school_id: uuid.UUID, referral_id: uuid.UUID) -> Response | str:
    scope = SchoolScope(school_id)
    found = find_referral(scope, referral_id) or abort(404)
    form = StageForm() if request.method == "POST" else _next_stage_form(found)
    form.stage.choices = [(s.value, STAGE_NAMES[s]) for s in ReferralStageName if s is not ReferralStageName.MADE]
    address = url_for("school.referral", school_id=school_id, referral_id=referral_id)
    if form.validate_on_submit():
        try:
            record_stage(
                scope,
                referral_id=referral_id,
                stage=ReferralStageName(form.stage.data),
                reached_on=cast("date", form.reached_on.data),  # the field insists on one
                outcome=form.chosen_outcome(),
                seen=form.seen.data,
                recorded_by=account_id(),
                today=today(),
            )
        except ReferralProblem as problem:
            _show(form, problem)
        except ReferralChangedMeanwhile:
            flash(SOMEBODY_ELSE, "error")
            return redirect(address, 303)
        else:
            flash("The stage is recorded.", "success")
            return redirect(address, 303)
    return render_template("school/referrals/stage.html", school_id=school_id, form=form, referral=found)


def _next_stage_form(found: Referral) -> StageForm:
    stages = list(ReferralStageName)
    place = min(stages.index(latest_stage(found)) + 1, len(stages) - 1)
    outcome = found.outcome.value if found.outcome else None
    return StageForm(stage=stages[place].value, reached_on=today(), outcome=outcome, seen=fingerprint(found))


@blueprint.post(f"{BASE}/<uuid:referral_id>/reopen")
@requires(Permission.EDIT_REFERRALS)
def referral_reopen(school_id: uuid.UUID, referral_id: uuid.UUID) -> Response:
    scope = SchoolScope(school_id)
    found = find_referral(scope, referral_id) or abort(404)
    form = ReopenForm()
    try:
        if form.validate_on_submit():
            reopen_referral(scope, referral_id=found.id, seen=form.seen.data, reopened_by=account_id())
            flash(f"Referral {found.reference} is open again.", "success")
    except ReferralChangedMeanwhile:
        flash(SOMEBODY_ELSE, "error")
    return redirect(url_for("school.referral", school_id=school_id, referral_id=referral_id), 303)
