"""Who is away for long, and so is not counted? Recorded beside each member of staff."""

import uuid

from flask import abort, flash, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import RadioField
from wtforms.validators import InputRequired

from blueprints.school.blueprint import blueprint
from blueprints.web.access import account_id, requires
from blueprints.web.fields import DatePartsField
from blueprints.web.import_steps import ButtonForm
from prevent_trust.tenancy import SchoolScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.staff.absences import absences_of, remove_absence, save_absence
from tenants.staff.actions import StaffProblem
from tenants.staff.models import ABSENCE_REASON_NAMES, AbsenceReason, StaffAbsence, StaffMember
from tenants.staff.queries import staff_member

BASE = "/schools/<uuid:school_id>/staff/<uuid:staff_id>/absences"


class AbsenceForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    reason = RadioField(
        "Why are they away?",
        [InputRequired("Choose why they are away")],
        choices=[(reason.value, name) for reason, name in ABSENCE_REASON_NAMES.items()],
    )
    from_on = DatePartsField("First day away")
    until_on = DatePartsField("Last day away", optional=True)


@blueprint.route(f"{BASE}/new", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def absence_new(school_id: uuid.UUID, staff_id: uuid.UUID) -> Response | str:
    member = staff_member(SchoolScope(school_id), staff_id) or abort(404)
    return _edited(school_id, member, AbsenceForm(), None)


@blueprint.route(f"{BASE}/<uuid:absence_id>", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def absence(school_id: uuid.UUID, staff_id: uuid.UUID, absence_id: uuid.UUID) -> Response | str:
    member, there = _absence(school_id, staff_id, absence_id)
    form = AbsenceForm(reason=there.reason.value, from_on=there.from_on, until_on=there.until_on)
    return _edited(school_id, member, form, there)


@blueprint.route(f"{BASE}/<uuid:absence_id>/remove", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def absence_remove(school_id: uuid.UUID, staff_id: uuid.UUID, absence_id: uuid.UUID) -> Response | str:
    member, there = _absence(school_id, staff_id, absence_id)
    form = ButtonForm()
    if form.validate_on_submit():
        remove_absence(SchoolScope(school_id), staff_id=staff_id, absence_id=absence_id)
        record_act("absence removed", account_id=account_id(), school_id=school_id, staff_id=str(staff_id))
        flash("The absence is removed.", "success")
        return _to_member(school_id, staff_id)
    return render_template(
        "school/staff/remove_absence.html", school_id=school_id, member=member, absence=there, form=form
    )


def _absence(school_id: uuid.UUID, staff_id: uuid.UUID, absence_id: uuid.UUID) -> tuple[StaffMember, StaffAbsence]:
    scope = SchoolScope(school_id)
    member = staff_member(scope, staff_id) or abort(404)
    return member, next((each for each in absences_of(scope, staff_id) if each.id == absence_id), None) or abort(404)


def _edited(school_id: uuid.UUID, member: StaffMember, form: AbsenceForm, there: StaffAbsence | None) -> Response | str:
    if form.validate_on_submit() and form.from_on.data:
        try:
            save_absence(
                SchoolScope(school_id), staff_id=member.id, absence_id=there.id if there else None,
                reason=AbsenceReason(form.reason.data), from_on=form.from_on.data, until_on=form.until_on.data,
                recorded_by=account_id(),
            )  # fmt: skip
        except StaffProblem as problem:
            for name, messages in problem.messages.items():
                form[name].errors = messages
        else:
            record_act("absence recorded", account_id=account_id(), school_id=school_id, staff_id=str(member.id))
            flash("Saved. The figures leave this person out on those days.", "success")
            return _to_member(school_id, member.id)
    return render_template("school/staff/absence.html", school_id=school_id, member=member, form=form, absence=there)


def _to_member(school_id: uuid.UUID, staff_id: uuid.UUID) -> Response:
    return redirect(url_for("school.staff_member", school_id=school_id, staff_id=staff_id), 303)
