"""What would change? Editions to adopt, the difference row by row, the turn of the year, and taking either back."""

import uuid
from typing import Any

from flask import abort, flash, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from blueprints.school.blueprint import blueprint
from blueprints.school.plan_list import PLAN
from blueprints.web.access import account_id, can, requires, today
from prevent_trust.tenancy import SchoolScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.calendar.rules import academic_year_name, academic_year_of
from tenants.insights.subjects import titles_of_subjects
from tenants.plan.actions import PlanError
from tenants.plan.adoption.actions import adopt, prepare_adoption, undo_adoption
from tenants.plan.adoption.queries import adoptions
from tenants.plan.edition_difference import CHANGE_NAMES, difference
from tenants.plan.edition_queries import content_of, edition_for, editions_for
from tenants.plan.models import AdoptionKind, Carried, EditionSource
from tenants.plan.queries import current_plan

BASE = f"{PLAN}/editions"
KIND_NAMES = {
    AdoptionKind.EDITION: "Adopted",
    AdoptionKind.ROLL_OVER: "Rolled over to a new year",
    AdoptionKind.MATCH: "Moved from your own document",
}


class ButtonForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    """A button."""


@blueprint.get(BASE)
@requires(Permission.READ_SCHOOL)
def plan_editions(school_id: uuid.UUID) -> str:
    scope = SchoolScope(school_id)
    header = current_plan(scope)
    year = academic_year_of(today())
    past = adoptions(scope)
    return render_template(
        "school/editions/list.html",
        school_id=school_id,
        plan=header,
        editions=editions_for(scope),
        past=past,
        undoable=next((each for each in past if header and each.to_plan_id == header.id and not each.undone_at), None),
        kind_names=KIND_NAMES,
        sources=EditionSource,
        may_edit=can(Permission.EDIT_SCHOOL),
        year=academic_year_name(year),
        plan_year=academic_year_name(header.academic_year) if header else "",
        may_roll_over=header is not None and header.academic_year < year,
        form=ButtonForm(),
    )


@blueprint.get(f"{BASE}/<uuid:edition_id>")
@requires(Permission.READ_SCHOOL)
def plan_edition(school_id: uuid.UUID, edition_id: uuid.UUID) -> str:
    """The difference between the school's plan and an edition, and what would become of each answer."""
    scope = SchoolScope(school_id)
    header = current_plan(scope) or abort(404)
    edition = edition_for(scope, edition_id) or abort(404)
    imported = header.source is EditionSource.IMPORTED
    is_current = header.edition_id == edition_id
    changes = None
    if not imported and not is_current:
        changes = difference(content_of(header.edition_id), content_of(edition_id), titles=titles_of_subjects(scope))
    carrying = None
    if changes is not None:
        carrying = prepare_adoption(scope, edition_id=edition_id, kind=AdoptionKind.EDITION).carrying
    return render_template(
        "school/editions/difference.html",
        school_id=school_id,
        plan=header,
        edition=edition,
        imported=imported,
        is_current=is_current,
        changes=changes,
        change_names=CHANGE_NAMES,
        carrying=carrying,
        may_edit=can(Permission.EDIT_SCHOOL),
        form=ButtonForm(),
    )


@blueprint.post(f"{BASE}/<uuid:edition_id>/adopt")
@requires(Permission.EDIT_SCHOOL)
def plan_edition_adopt(school_id: uuid.UUID, edition_id: uuid.UUID) -> Response:
    scope = SchoolScope(school_id)
    edition_for(scope, edition_id) or abort(404)
    try:
        made = adopt(
            scope,
            edition_id=edition_id,
            kind=AdoptionKind.EDITION,
            academic_year=academic_year_of(today()),
            made_by=account_id(),
        )
    except PlanError as error:
        flash(str(error), "error")
        return redirect(url_for("school.plan_editions", school_id=school_id), 303)
    record_act("edition adopted", account_id=account_id(), school_id=school_id, plan_id=str(made.to_plan_id))
    flash(
        "The edition is your plan now. What was reworded asks to be confirmed; you can undo this for 14 days.",
        "success",
    )
    return redirect(url_for("school.plan", school_id=school_id), 303)


@blueprint.route(f"{PLAN}/new-year", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def plan_roll_over(school_id: uuid.UUID) -> Response | str:
    """The same plan for the new academic year: what recurs is asked anew, with last year's answer beside it."""
    scope = SchoolScope(school_id)
    header = current_plan(scope) or abort(404)
    year = academic_year_of(today())
    form = ButtonForm()
    if form.validate_on_submit():
        try:
            made = adopt(scope, edition_id=None, kind=AdoptionKind.ROLL_OVER, academic_year=year, made_by=account_id())
        except PlanError as error:
            flash(str(error), "error")
            return redirect(url_for("school.plan_editions", school_id=school_id), 303)
        record_act("plan rolled over", account_id=account_id(), school_id=school_id, plan_id=str(made.to_plan_id))
        flash(f"Your plan for {academic_year_name(year)} has begun. You can undo this for 14 days.", "success")
        return redirect(url_for("school.plan", school_id=school_id), 303)
    carrying = prepare_adoption(scope, edition_id=header.edition_id, kind=AdoptionKind.ROLL_OVER).carrying
    return render_template(
        "school/editions/roll_over.html",
        school_id=school_id,
        plan=header,
        year=academic_year_name(year),
        is_due=header.academic_year < year,
        reopened=_wordings(scope, carrying, header.edition_id),
        carrying=carrying,
        form=form,
    )


def _wordings(scope: SchoolScope, carrying: Any, edition_id: uuid.UUID) -> list[str]:
    words = {action.key: action.wording for action in content_of(edition_id).actions}
    return [
        each.answer.local_wording or words.get(each.key or "", each.wording)
        for each in carrying.actions
        if each.carried_as is Carried.REOPENED
    ]


@blueprint.post(f"{PLAN}/adoptions/<uuid:adoption_id>/undo")
@requires(Permission.EDIT_SCHOOL)
def plan_adoption_undo(school_id: uuid.UUID, adoption_id: uuid.UUID) -> Response:
    scope = SchoolScope(school_id)
    if adoption_id not in {each.id for each in adoptions(scope)}:
        abort(404)
    try:
        undone = undo_adoption(scope, adoption_id=adoption_id, undone_by=account_id())
    except PlanError as error:
        flash(str(error), "error")
    else:
        record_act("adoption undone", account_id=account_id(), school_id=school_id, adoption_id=str(undone.id))
        flash("Your plan is as it was before. What came of the other edition is in the archive.", "success")
    return redirect(url_for("school.plan_editions", school_id=school_id), 303)
