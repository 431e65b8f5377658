"""Changing the plan from its list: one action in place, many at once, everything a leaver had, an action of one's own."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

from flask import Response as FileResponse
from flask import abort, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from markupsafe import Markup
from werkzeug.wrappers import Response
from wtforms import HiddenField, IntegerField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, NumberRange, Optional

from blueprints.school.blueprint import blueprint
from blueprints.school.calendar import deadline_choices
from blueprints.school.plan_list import PLAN
from blueprints.web.access import account_id, requires, today
from blueprints.web.fields import DatePartsField, as_uuid
from blueprints.web.free_text import NoPupilData
from prevent_trust.tenancy import SchoolScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.insights.measures.flags import FLAG_RULES
from tenants.insights.plan_reading import read_plan
from tenants.plan.actions import (
    Answer,
    ChangedMeanwhile,
    PlanError,
    add_own_action,
    answer_action,
    change_many,
    hand_over,
)
from tenants.plan.models import ActionStatus
from tenants.plan.queries import (
    action_page,
    changes_since,
    current_answer,
    current_plan,
    expectations_of,
    owners_in_plan,
    possible_owners,
)
from tenants.plan.types import ROLE_WORDS, STATUS_NAMES, HistoryEntry

KEPT = ("section", "state", "owner", "role", "flag", "check", "order")
AS_IT_IS, NOBODY = "as_it_is", "nobody"


class RowForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    """Status, owner and due date of one action. The owner is `person:<id>` or `role:<key>`."""

    status = SelectField("Status", choices=[(value.value, name) for value, name in STATUS_NAMES.items()])
    owner = SelectField("Who")
    due_on = StringField("Due date")
    seen = HiddenField()
    back = HiddenField()

    def due(self) -> date | None:
        """The date of the box. Raises ValueError for words that are none."""
        return date.fromisoformat(self.due_on.data.strip()) if (self.due_on.data or "").strip() else None


class BulkForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    actions = SelectMultipleField("Actions", coerce=as_uuid, validate_choice=False)
    owner = SelectField("Give them to")
    due = SelectField("Due by")
    due_on = DatePartsField("Another date", optional=True)
    back = HiddenField()


class HandOverForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    from_id = SelectField("Who hands over")
    owner = SelectField("Who takes over")


class OwnActionForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    wording = TextAreaField(
        "What is to be done", [DataRequired("Enter what is to be done"), Length(max=1000), NoPupilData()]
    )
    expectation_id = SelectField("Which part of the plan it belongs to", coerce=as_uuid)
    role = SelectField("By whom", choices=[("", "Choose a role"), *ROLE_WORDS.items()])
    recurs_months = IntegerField(
        "Look at it again after how many months", [Optional(), NumberRange(1, 120, "Enter a number from 1 to 120")]
    )


def owner_choices(scope: SchoolScope) -> list[tuple[str, str]]:
    people = [(f"person:{key}", name) for key, name in possible_owners(scope, as_at=today())]
    return [*people, *((f"role:{key}", f"{words} (role)") for key, words in ROLE_WORDS.items())]


def owner_of(value: str) -> tuple[uuid.UUID | None, str | None]:
    """The person or the role that a choice stands for."""
    kind, _, key = value.partition(":")
    if kind == "person":
        return uuid.UUID(key), None
    return None, key or None


@blueprint.get(f"{PLAN}/actions/<uuid:action_id>/row")
@requires(Permission.EDIT_SCHOOL)
def plan_row(school_id: uuid.UUID, action_id: uuid.UUID) -> str:
    """One line of the list, to be put where it was; with `edit` as a form."""
    return _line(SchoolScope(school_id), action_id, editing="edit" in request.args)


@blueprint.post(f"{PLAN}/actions/<uuid:action_id>/row")
@requires(Permission.EDIT_SCHOOL)
def plan_row_save(school_id: uuid.UUID, action_id: uuid.UUID) -> Response | FileResponse | str:
    scope = SchoolScope(school_id)
    form = RowForm()
    form.owner.choices = [("", "Nobody yet"), *owner_choices(scope), *_present_owner(scope, action_id)]
    problem, meanwhile = "", []
    if form.validate_on_submit():
        try:
            _save_row(scope, action_id, form)
        except ChangedMeanwhile:
            seen = uuid.UUID(form.seen.data) if form.seen.data else None
            meanwhile = changes_since(scope, action_id, seen)
            problem = "Somebody else changed this action while you had it open. Yours is not saved yet."
        except (PlanError, ValueError) as error:
            problem = str(error) if isinstance(error, PlanError) else "Enter the due date as year, month and day."
    else:
        problem = "Choose a status and an owner from the lists."
    in_place = "X-In-Place" in request.headers
    if problem:
        if in_place:
            return FileResponse(
                _line(scope, action_id, editing=True, form=form, problem=problem, meanwhile=meanwhile), 409
            )
        return render_template(
            "school/plan/row_page.html",
            school_id=school_id,
            line=Markup(_line(scope, action_id, editing=True, form=form, problem=problem, meanwhile=meanwhile)),  # noqa: S704  # ours
            back=back_to_list(school_id, form.back.data),
        )
    if in_place:
        return _line(scope, action_id, editing=False)
    flash("Saved.", "success")
    return redirect(back_to_list(school_id, form.back.data, anchor=f"action-{action_id}"), 303)


def _save_row(scope: SchoolScope, action_id: uuid.UUID, form: RowForm) -> None:
    current = current_answer(scope, action_id)
    person, role = owner_of(form.owner.data)
    before = current or Answer(status=ActionStatus.NOT_ANSWERED)
    answer_action(
        scope,
        action_id=action_id,
        answer=replace(
            before,
            status=ActionStatus(form.status.data),
            owner_id=person,
            owner_role=role or (before.owner_role if person else None),
            due_on=form.due(),
        ),
        seen_answer_id=uuid.UUID(form.seen.data) if form.seen.data else None,
        changed_by=account_id(),
    )


def _present_owner(scope: SchoolScope, action_id: uuid.UUID) -> list[tuple[str, str]]:
    """Who has the action although they left, or a role of the plan's own words: they stay on offer."""
    page = action_page(scope, action_id) or abort(404)
    row = page.row
    offered = dict(owner_choices(scope))
    found = []
    if row.owner_id and f"person:{row.owner_id}" not in offered:
        found.append((f"person:{row.owner_id}", f"{row.owner_name} (no longer on the staff)"))
    if row.owner_role and f"role:{row.owner_role}" not in offered:
        found.append((f"role:{row.owner_role}", row.owner_role))
    return found


def _line(
    scope: SchoolScope,
    action_id: uuid.UUID,
    *,
    editing: bool,
    form: RowForm | None = None,
    problem: str = "",
    meanwhile: list[HistoryEntry] | None = None,
) -> str:
    reading = read_plan(scope, as_at=today(), today=today()) or abort(404)
    row = next((each for each in reading.actions if each.id == action_id), None) or abort(404)
    if editing and form is None:
        form = row_form(scope, row, back=request.args.get("back", ""))
    elif form is not None:
        form.seen.data = str(row.answer_id or "")  # who saves once more has seen the change
    return render_template(
        "school/plan/_line.html",
        school_id=scope.school_id,
        row=row,
        known=reading.states[row.id],
        flags=reading.flags.get(row.id, []),
        check=reading.checks.get(row.id),
        form=form if editing else None,
        problem=problem,
        meanwhile=meanwhile or [],
        flag_rules=FLAG_RULES,
    )


def row_form(scope: SchoolScope, row: Any, *, back: str) -> RowForm:
    """The form for a line, filled with what stands."""
    owner = f"person:{row.owner_id}" if row.owner_id else f"role:{row.owner_role}" if row.owner_role else ""
    current = current_answer(scope, row.id)
    form = RowForm(
        formdata=None,
        status=(current.status if current else ActionStatus.NOT_ANSWERED).value,
        owner=owner,
        due_on=row.due_on.isoformat() if row.due_on else "",
        seen=str(row.answer_id or ""),
        back=back,
    )
    form.owner.choices = [("", "Nobody yet"), *owner_choices(scope), *_present_owner(scope, row.id)]
    return form


def back_to_list(school_id: uuid.UUID, kept: str | None, *, anchor: str | None = None) -> str:
    """The list as it was filtered. Only the list's own words are taken from what the page sends back."""
    values: dict[str, Any] = {name: value for name, value in parse_qsl(kept or "") if name in KEPT}
    return url_for("school.plan", school_id=school_id, **values, _anchor=anchor)


def bulk_form(scope: SchoolScope) -> BulkForm:
    form = BulkForm(formdata=None)
    _offer_bulk(form, scope)
    return form


def _offer_bulk(form: BulkForm, scope: SchoolScope) -> None:
    form.owner.choices = [(AS_IT_IS, "Leave as it is"), ("", "Nobody"), *owner_choices(scope)]
    form.due.choices = [
        (AS_IT_IS, "Leave as it is"),
        ("", "No date"),
        *deadline_choices(scope),
        ("other", "Another date"),
    ]


@blueprint.post(f"{PLAN}/bulk")
@requires(Permission.EDIT_SCHOOL)
def plan_bulk(school_id: uuid.UUID) -> Response:
    """The same owner or due date for all that were ticked."""
    scope = SchoolScope(school_id)
    form = BulkForm()
    _offer_bulk(form, scope)
    back = back_to_list(school_id, form.back.data, anchor="bulk")
    if not form.validate_on_submit():
        flash(" ".join(error for errors in form.errors.values() for error in errors), "error")
        return redirect(back, 303)
    if not form.actions.data:
        flash("Tick the actions first, then choose what they all get.", "error")
        return redirect(back, 303)
    if form.due.data == "other" and form.due_on.data is None:
        flash("Enter the other date by which they are due.", "error")
        return redirect(back, 303)
    count = change_many(scope, action_ids=form.actions.data, change=_bulk_change(form), changed_by=account_id())
    flash(f"{count} of {len(form.actions.data)} actions were changed.", "success" if count else "info")
    return redirect(back_to_list(school_id, form.back.data), 303)


def _bulk_change(form: BulkForm) -> Callable[[Answer], Answer]:
    changes: dict[str, Any] = {}
    if form.owner.data != AS_IT_IS:
        changes["owner_id"], changes["owner_role"] = owner_of(form.owner.data)
    if form.due.data == "other":
        changes["due_on"] = form.due_on.data
    elif form.due.data != AS_IT_IS:
        changes["due_on"] = date.fromisoformat(form.due.data) if form.due.data else None
    return lambda answer: replace(answer, **changes)


@blueprint.route(f"{PLAN}/hand-over", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def plan_hand_over(school_id: uuid.UUID) -> Response | str:
    """Everything that one person has goes to another in one go; who had it before stays in each action's history."""
    scope = SchoolScope(school_id)
    form = HandOverForm()
    having = owners_in_plan(scope)
    form.from_id.choices = [(str(key), f"{name} ({count})") for key, name, count in having]
    form.owner.choices = owner_choices(scope)
    if having and form.validate_on_submit():
        person, role = owner_of(form.owner.data)
        if str(person) == form.from_id.data:
            form.owner.errors = ["Choose somebody else"]
        else:
            moved = hand_over(
                scope, from_id=uuid.UUID(form.from_id.data), to_id=person, to_role=role, changed_by=account_id()
            )
            record_act("plan handed over", account_id=account_id(), school_id=school_id, actions=moved)
            flash(f"{moved} actions were handed over.", "success")
            return redirect(url_for("school.plan", school_id=school_id), 303)
    return render_template("school/plan/hand_over.html", school_id=school_id, form=form, having=having)


@blueprint.route(f"{PLAN}/actions/new", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def plan_action_new(school_id: uuid.UUID) -> Response | str:
    scope = SchoolScope(school_id)
    header = current_plan(scope) or abort(404)
    form = OwnActionForm()
    form.expectation_id.choices = {title: list(rows) for title, rows in expectations_of(scope, header).items()}
    if form.validate_on_submit():
        try:
            action = add_own_action(
                scope,
                expectation_id=form.expectation_id.data,
                wording=form.wording.data.strip(),
                roles=[form.role.data] if form.role.data else [],
                recurs_months=form.recurs_months.data,
                made_by=account_id(),
            )
        except PlanError as error:
            form.expectation_id.errors = [*form.expectation_id.errors, str(error)]
        else:
            flash("The action is in your plan. Give it an owner and a due date.", "success")
            return redirect(url_for("school.plan_action", school_id=school_id, action_id=action.id), 303)
    return render_template("school/plan/new_action.html", school_id=school_id, form=form)
