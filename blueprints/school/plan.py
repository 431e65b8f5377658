"""Where does each duty stand? The whole plan, its filters, its file, its beginning and its archive."""

import uuid
from datetime import date, datetime, timedelta
from typing import Any

from flask import Response as FileResponse
from flask import abort, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import SelectField, TextAreaField
from wtforms.validators import DataRequired, Length

from blueprints.school.blueprint import blueprint
from blueprints.school.overview import section_rows
from blueprints.web.access import LONDON, account_id, can, requires, today
from blueprints.web.fields import as_uuid
from prevent_trust.tenancy import SchoolScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.imports.tabular.csv_output import csv_bytes
from tenants.insights.measures.compliance import action_states
from tenants.insights.measures.types import ActionState
from tenants.plan.actions import (
    PlanError,
    add_own_action,
    built_in_edition_id,
    dismiss_finding,
    put_back_own_action,
    restore_plan,
    start_plan,
)
from tenants.plan.queries import (
    archived_plans,
    current_plan,
    expectations_of,
    findings,
    outline,
    removed_actions,
)
from tenants.plan.types import (
    ROLE_WORDS,
    STATUS_NAMES,
    ActionRow,
    DutyOutline,
    ExpectationOutline,
    SectionOutline,
    role_words,
)

BASE = "/schools/<uuid:school_id>/plan"
OVERDUE = "overdue"
STATES = {status.value: name for status, name in STATUS_NAMES.items()} | {OVERDUE: "Overdue"}
CSV_HEADERS = (
    "Section", "Duty", "What it means", "Action", "By whom", "Status", "How known", "Owner role", "Owner", "Due date",
    "Overdue", "Note", "Evidence",
)  # fmt: skip


class StartForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    """A button."""


class OwnActionForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    wording = TextAreaField("What is to be done", [DataRequired("Enter what is to be done"), Length(max=1000)])
    expectation_id = SelectField("Which part of the plan it belongs to", coerce=as_uuid)
    role = SelectField("By whom", choices=[("", "Choose a role"), *ROLE_WORDS.items()])


@blueprint.get(BASE)
@requires(Permission.READ_SCHOOL)
def plan(school_id: uuid.UUID) -> str | FileResponse:
    scope = SchoolScope(school_id)
    as_at = _as_at()
    at = end_of(as_at) if as_at < today() else None
    header = current_plan(scope, at=at)
    if header is None:
        return render_template(
            "school/plan/none.html", school_id=school_id, form=StartForm(), as_at=as_at, is_past=as_at < today()
        )
    states = {state.action_id: state for state in action_states(scope, as_at=as_at)}
    sections = outline(scope, header, at=at)
    wanted = _Filter.from_address(sections, states)
    if request.args.get("format") == "csv":
        return _csv(sections, states, wanted)
    return render_template(
        "school/plan/plan.html",
        school_id=school_id,
        plan=header,
        sections=sections,
        states=states,
        wanted=wanted,
        standings={row["theme"]: row for row in section_rows(states.values())},
        as_at=as_at,
        is_past=as_at < today(),
        may_edit=can(Permission.EDIT_SCHOOL) and as_at == today(),
        open_findings=len(findings(scope, header.id)),
        selects=wanted.selects(sections),
        today=today(),
    )


def _as_at() -> date:
    """The day that the address asks for, never one to come."""
    try:
        return min(date.fromisoformat(request.args.get("as_at", "")), today())
    except ValueError:
        return today()


def end_of(day: date) -> datetime:
    """The first moment of the next day in England."""
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), LONDON)


class _Filter:
    """Which actions are shown: by section, state and who does it."""

    def __init__(self, section: str, state: str, owner: str, states: dict[uuid.UUID, ActionState]) -> None:
        self.section, self.state, self.owner = section, state, owner
        self._states = states

    @classmethod
    def from_address(cls, sections: list[SectionOutline], states: dict[uuid.UUID, ActionState]) -> "_Filter":
        asked = request.args
        places = {_place(section) for section in sections}
        section = asked.get("section", "")
        state = asked.get("state", "")
        return cls(
            section if section in places else "",
            state if state in STATES else "",
            asked.get("owner", "")[:100],
            states,
        )

    @property
    def is_active(self) -> bool:
        return bool(self.section or self.state or self.owner)

    def shows_section(self, section: SectionOutline) -> bool:
        return not self.section or self.section == _place(section)

    def shows(self, action: ActionRow) -> bool:
        known = self._states.get(action.id)
        if known is None:
            return False
        if self.state and not (known.is_overdue if self.state == OVERDUE else known.status == self.state):
            return False
        return not self.owner or self.owner in _owners(action)

    def rows(self, expectation: ExpectationOutline) -> list[ActionRow]:
        return [action for action in expectation.actions if self.shows(action)]

    def any_in(self, duty: DutyOutline) -> bool:
        return any(self.rows(expectation) for expectation in duty.expectations)

    def count(self, section: SectionOutline) -> int:
        return sum(len(self.rows(each)) for duty in section.duties for each in duty.expectations)

    def selects(self, sections: list[SectionOutline]) -> list[dict[str, Any]]:
        people = sorted({owner for section in sections for action in section.actions for owner in _owners(action)})
        places = {_place(section): section.title for section in sections}
        return [
            {"name": "section", "label": "Section", "value": self.section, "options": [("", "Any section"), *places.items()]},
            {"name": "state", "label": "State", "value": self.state, "options": [("", "Any state"), *STATES.items()]},
            {
                "name": "owner",
                "label": "Who",
                "value": self.owner,
                "options": [("", "Anybody"), *((name, name) for name in people)],
            },
        ]  # fmt: skip


def _place(section: SectionOutline) -> str:
    return section.theme.value if section.theme else "other"


def _owners(action: ActionRow) -> set[str]:
    """The person who has it, else the role that was chosen, else the roles that the plan names."""
    if action.owner_name:
        return {action.owner_name}
    if action.owner_role:
        return {role_words(action.owner_role)}
    return {role_words(role) for role in action.roles}


def _csv(sections: list[SectionOutline], states: dict[uuid.UUID, ActionState], wanted: _Filter) -> FileResponse:
    lines = [
        (
            section.title,
            duty.wording,
            expectation.wording,
            action.wording,
            action.by_whom,
            STATUS_NAMES[states[action.id].status],
            how_known(states[action.id]),
            role_words(action.owner_role) if action.owner_role else "",
            action.owner_name or "",
            action.due_on,
            "Yes" if states[action.id].is_overdue else "No",
            action.note,
            action.evidence_count,
        )
        for section in sections
        if wanted.shows_section(section)
        for duty in section.duties
        for expectation in duty.expectations
        for action in wanted.rows(expectation)
    ]
    return FileResponse(
        csv_bytes(CSV_HEADERS, lines),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="action-plan.csv"'},
    )


def how_known(state: ActionState) -> str:
    """Where a status comes from, in words."""
    if state.is_derived:
        if not state.denominator:
            return "From records: nobody is on the list yet"
        return f"From records: {state.numerator} of {state.denominator}, target {state.target_percent}%"
    return "Declared against the records" if state.is_overridden else "Declared"


@blueprint.post(f"{BASE}/start")
@requires(Permission.EDIT_SCHOOL)
def plan_start(school_id: uuid.UUID) -> Response:
    scope = SchoolScope(school_id)
    if not StartForm().validate_on_submit():
        abort(400)
    try:
        made = start_plan(scope, edition_id=built_in_edition_id(), made_by=account_id())
    except PlanError as error:
        flash(str(error), "error")
    else:
        record_act("plan started", account_id=account_id(), school_id=school_id, plan_id=str(made.id))
        flash("Your plan is here. Begin with the first section, or with what you know already.", "success")
    return redirect(url_for("school.plan", school_id=school_id), 303)


@blueprint.route(f"{BASE}/actions/new", methods=["GET", "POST"])
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
                made_by=account_id(),
            )
        except PlanError as error:
            form.expectation_id.errors = [*form.expectation_id.errors, str(error)]
        else:
            flash("The action is in your plan. Give it an owner and a due date.", "success")
            return redirect(url_for("school.plan_action", school_id=school_id, action_id=action.id), 303)
    return render_template("school/plan/new_action.html", school_id=school_id, form=form)


@blueprint.get(f"{BASE}/findings")
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


@blueprint.post(f"{BASE}/findings/<uuid:finding_id>/dismiss")
@requires(Permission.EDIT_SCHOOL)
def plan_finding_dismiss(school_id: uuid.UUID, finding_id: uuid.UUID) -> Response:
    if not dismiss_finding(SchoolScope(school_id), finding_id=finding_id, dismissed_by=account_id()):
        abort(404)
    flash("Marked as dealt with.", "success")
    return redirect(url_for("school.plan_findings", school_id=school_id), 303)


@blueprint.get(f"{BASE}/archive")
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


@blueprint.route(f"{BASE}/archive/<uuid:plan_id>/restore", methods=["GET", "POST"])
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


@blueprint.post(f"{BASE}/actions/<uuid:action_id>/put-back")
@requires(Permission.EDIT_SCHOOL)
def plan_action_put_back(school_id: uuid.UUID, action_id: uuid.UUID) -> Response:
    if not put_back_own_action(SchoolScope(school_id), action_id=action_id):
        abort(404)
    flash("The action is in your plan again.", "success")
    return redirect(url_for("school.plan", school_id=school_id), 303)
