"""Where does each duty stand? The whole plan, in its own order or another, filtered, as at a day, and as a file."""

import io
import uuid
from collections.abc import Callable
from typing import BinaryIO

from flask import Response as FileResponse
from flask import abort, flash, redirect, render_template, request, url_for
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from blueprints.school.blueprint import blueprint
from blueprints.school.overview import section_rows
from blueprints.school.plan_edit import RowForm, bulk_form, row_form
from blueprints.school.plan_list import PLAN, PlanFilter
from blueprints.web.access import account_id, as_at_day, can, requires, today
from prevent_trust.tenancy import SchoolScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.insights.measures.flags import FLAG_RULES
from tenants.insights.plan_export import exported_plan
from tenants.insights.plan_reading import PlanReading, read_plan
from tenants.plan.actions import PlanError, dismiss_finding, put_back_own_action, restore_plan, start_plan
from tenants.plan.edition_queries import newest_edition
from tenants.plan.exports.csv_file import plan_as_csv
from tenants.plan.exports.pdf import plan_as_pdf
from tenants.plan.exports.sheet import plan_as_sheet
from tenants.plan.exports.types import ExportedPlan
from tenants.plan.exports.word import plan_as_word
from tenants.plan.openings import note_opening
from tenants.plan.queries import archived_plans, current_plan, findings, removed_actions
from tenants.references.frameworks import load_frameworks
from tenants.staff.queries import staff_with_email


class StartForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    """A button."""


@blueprint.get(PLAN)
@requires(Permission.READ_SCHOOL)
def plan(school_id: uuid.UUID) -> str | FileResponse:
    scope = SchoolScope(school_id)
    as_at = as_at_day()
    reading = read_plan(scope, as_at=as_at, today=today())
    if reading is None:
        return render_template(
            "school/plan/none.html",
            school_id=school_id,
            form=StartForm(),
            as_at=as_at,
            is_past=as_at < today(),
            edition=newest_edition(scope) if as_at == today() else None,
        )
    may_edit = can(Permission.EDIT_SCHOOL) and not reading.is_past
    if may_edit:
        note_opening(school_id=school_id, account_id=account_id(), day=today())
    mine = staff_with_email(scope, current_user.email)
    wanted = PlanFilter.from_address(reading, mine=mine)
    if request.args.get("format") in FORMATS:
        shown = wanted.sections() if wanted.is_active or wanted.order else None
        return as_file(
            exported_plan(scope, reading, sections=shown, not_covered=wanted.not_covered), request.args["format"]
        )
    return render_template(
        "school/plan/plan.html",
        school_id=school_id,
        reading=reading,
        plan=reading.header,
        wanted=wanted,
        standings={row["theme"]: row for row in section_rows(reading.states.values())},
        as_at=as_at,
        is_past=reading.is_past,
        may_edit=may_edit,
        open_findings=len(findings(scope, reading.header.id)),
        selects=wanted.selects(),
        frameworks=load_frameworks(),
        flag_rules=FLAG_RULES,
        formats=FORMATS,
        bulk=bulk_form(scope) if may_edit else None,
        editing=_row_in_question(scope, reading) if may_edit else None,
        today=today(),
    )


def _row_in_question(scope: SchoolScope, reading: PlanReading) -> tuple[uuid.UUID, RowForm] | None:
    """The line that the address asks to be shown as a form."""
    row = next((each for each in reading.actions if str(each.id) == request.args.get("edit")), None)
    return None if row is None else (row.id, row_form(scope, row, back=request.query_string.decode()))


def _bytes_of(write: Callable[[ExportedPlan, BinaryIO], None]) -> Callable[[ExportedPlan], bytes]:
    def written(plan: ExportedPlan) -> bytes:
        target = io.BytesIO()
        write(plan, target)
        return target.getvalue()

    return written


_OFFICE = "application/vnd.openxmlformats-officedocument"
FORMATS: dict[str, tuple[str, str, Callable[[ExportedPlan], bytes]]] = {
    "docx": ("Word", f"{_OFFICE}.wordprocessingml.document", _bytes_of(plan_as_word)),
    "pdf": ("PDF", "application/pdf", _bytes_of(plan_as_pdf)),
    "xlsx": ("Excel", f"{_OFFICE}.spreadsheetml.sheet", _bytes_of(plan_as_sheet)),
    "csv": ("CSV", "text/csv", plan_as_csv),
}


def as_file(plan: ExportedPlan, kind: str) -> FileResponse:
    """The plan as a download."""
    _, media_type, made = FORMATS[kind]
    name = f"prevent-action-plan-{plan.as_at.isoformat()}.{kind}"
    return FileResponse(
        made(plan), mimetype=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@blueprint.post(f"{PLAN}/start")
@requires(Permission.EDIT_SCHOOL)
def plan_start(school_id: uuid.UUID) -> Response:
    scope = SchoolScope(school_id)
    if not StartForm().validate_on_submit():
        abort(400)
    try:
        made = start_plan(scope, edition_id=newest_edition(scope).id, made_by=account_id())
    except PlanError as error:
        flash(str(error), "error")
    else:
        record_act("plan started", account_id=account_id(), school_id=school_id, plan_id=str(made.id))
        flash("Your plan is here. Begin with the first section, or with what you know already.", "success")
    return redirect(url_for("school.plan", school_id=school_id), 303)


@blueprint.get(f"{PLAN}/findings")
@requires(Permission.READ_SCHOOL)
def plan_findings(school_id: uuid.UUID) -> str:
    scope = SchoolScope(school_id)
    header = current_plan(scope) or abort(404)
    return render_template(
        "school/plan/findings.html",
        school_id=school_id,
        plan=header,
        findings=findings(scope, header.id),
        form=StartForm(),
    )


@blueprint.post(f"{PLAN}/findings/<uuid:finding_id>/dismiss")
@requires(Permission.EDIT_SCHOOL)
def plan_finding_dismiss(school_id: uuid.UUID, finding_id: uuid.UUID) -> Response:
    if not dismiss_finding(SchoolScope(school_id), finding_id=finding_id, dismissed_by=account_id()):
        abort(404)
    flash("Marked as dealt with.", "success")
    return redirect(url_for("school.plan_findings", school_id=school_id), 303)


@blueprint.get(f"{PLAN}/archive")
@requires(Permission.READ_SCHOOL)
def plan_archive(school_id: uuid.UUID) -> str:
    scope = SchoolScope(school_id)
    header = current_plan(scope)
    return render_template(
        "school/plan/archive.html",
        school_id=school_id,
        archived=archived_plans(scope),
        removed=removed_actions(scope, header.id) if header else [],
        form=StartForm(),
    )


@blueprint.route(f"{PLAN}/archive/<uuid:plan_id>/restore", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def plan_restore(school_id: uuid.UUID, plan_id: uuid.UUID) -> Response | str:
    scope = SchoolScope(school_id)
    wanted = next((each for each in archived_plans(scope) if each.id == plan_id), None) or abort(404)
    form = StartForm()
    if form.validate_on_submit():
        try:
            restore_plan(scope, plan_id=plan_id)
        except PlanError as error:
            flash(str(error), "error")
        else:
            record_act("plan restored", account_id=account_id(), school_id=school_id, plan_id=str(plan_id))
            flash(f"“{wanted.title}” is your plan again. The other is in the archive.", "success")
        return redirect(url_for("school.plan", school_id=school_id), 303)
    return render_template("school/plan/restore.html", school_id=school_id, plan=wanted, form=form)


@blueprint.post(f"{PLAN}/actions/<uuid:action_id>/put-back")
@requires(Permission.EDIT_SCHOOL)
def plan_action_put_back(school_id: uuid.UUID, action_id: uuid.UUID) -> Response:
    if not put_back_own_action(SchoolScope(school_id), action_id=action_id):
        abort(404)
    flash("The action is in your plan again.", "success")
    return redirect(url_for("school.plan", school_id=school_id), 303)
