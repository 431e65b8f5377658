"""What is asked, is it true, who does what by when? One action: its answer, its evidence, its check, its history."""

import uuid
from datetime import date, datetime
from typing import Any

from flask import abort, current_app, flash, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import BooleanField, HiddenField, RadioField, SelectField, TextAreaField
from wtforms.validators import Length

from blueprints.school.blueprint import blueprint
from blueprints.school.calendar import deadline_choices
from blueprints.school.plan import StartForm
from blueprints.school.plan_evidence import EvidenceForms, evidence_forms
from blueprints.school.plan_list import PLAN
from blueprints.web.access import account_id, as_at_day, can, requires, today
from blueprints.web.fields import DatePartsField
from blueprints.web.free_text import NoPupilData, outdated_in
from prevent_trust.config import Settings
from prevent_trust.tenancy import SchoolScope
from tenants.access.permissions import Permission
from tenants.insights.measures.flags import FLAG_RULES, states_with_flags
from tenants.insights.measures.reading import reading_needs
from tenants.insights.measures.review_actions import linked_actions
from tenants.insights.measures.training import training_needs
from tenants.insights.measures.types import ActionState, PersonNeed
from tenants.insights.plan_export import how_known
from tenants.insights.plan_reading import end_of_day
from tenants.plan.actions import Answer, ChangedMeanwhile, PlanError, answer_action, remove_own_action
from tenants.plan.adoption.queries import answer_before, predecessors
from tenants.plan.evidence.queries import EvidencePiece, evidence_of, removed_evidence
from tenants.plan.evidence_files import ACCEPTED
from tenants.plan.models import ActionStatus
from tenants.plan.queries import (
    ActionPage,
    action_history,
    action_page,
    changes_since,
    overrides_of,
    possible_owners,
    successor_of,
)
from tenants.plan.types import ROLE_WORDS, STATUS_NAMES, HistoryEntry
from tenants.plan.verification.queries import steps_of, verifications
from tenants.plan.verification.rules import STEP_NAMES, Side, possible_steps
from tenants.references.frameworks import items_served
from tenants.references.queries import references_by_key
from tenants.staff.queries import staff_of

BASE = f"{PLAN}/actions/<uuid:action_id>"
MOST_NAMED = 12
HINTS = {
    "not_met": "What is asked is not in place",
    "partly_met": "Some of it is in place",
    "met": "All of it is in place and you could show it to an inspector today",
    "not_applicable": "It cannot apply to this school. Say why in the note",
}


class AnswerForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    status = RadioField("Where does this stand?", choices=[(value.value, name) for value, name in STATUS_NAMES.items()])
    confirmed = BooleanField("I have looked at this today and it is still so")
    override_reason = TextAreaField("Why the records are not right about this", [Length(max=1000), NoPupilData()])
    owner_role = SelectField("Role", choices=[("", "No role"), *ROLE_WORDS.items()])
    owner_id = SelectField("Person", validate_choice=True)
    due_on = DatePartsField("Due date", optional=True)
    due_by = SelectField("Or by the end of a half term", default="")
    review_on = DatePartsField("Next review", optional=True)
    note = TextAreaField("Note", [Length(max=2000), NoPupilData()])
    local_wording = TextAreaField("How you word this action for your school", [Length(max=1000), NoPupilData()])
    seen = HiddenField()

    def answer(self, *, is_own: bool) -> Answer:
        local = (self.local_wording.data or "").strip()
        return Answer(
            status=ActionStatus(self.status.data),
            owner_role=self.owner_role.data or None,
            owner_id=uuid.UUID(self.owner_id.data) if self.owner_id.data else None,
            due_on=date.fromisoformat(self.due_by.data) if self.due_by.data else self.due_on.data,
            review_on=self.review_on.data,
            note=self.note.data.strip(),
            override_reason=(self.override_reason.data or "").strip() or None,
            local_wording=None if is_own else local or None,
            confirmed=self.confirmed.data,
        )


class StepForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    step = HiddenField()
    comment = TextAreaField("Comment", [Length(max=1000), NoPupilData()])


@blueprint.get(BASE)
@requires(Permission.READ_SCHOOL)
def plan_action(school_id: uuid.UUID, action_id: uuid.UUID) -> str:
    scope = SchoolScope(school_id)
    as_at = as_at_day()
    page = action_page(scope, action_id, at=_moment(as_at)) or abort(404)
    return render_action(scope, page, as_at=as_at)


def _moment(as_at: date) -> datetime | None:
    """The end of a past day; none today."""
    return end_of_day(as_at) if as_at < today() else None


@blueprint.post(BASE)
@requires(Permission.EDIT_SCHOOL)
def plan_action_answer(school_id: uuid.UUID, action_id: uuid.UUID) -> Response | str:
    scope = SchoolScope(school_id)
    page = action_page(scope, action_id) or abort(404)
    form = AnswerForm()
    _offer_choices(form, scope, page)
    if form.validate_on_submit():
        seen = uuid.UUID(form.seen.data) if form.seen.data else None
        try:
            changed = answer_action(
                scope,
                action_id=action_id,
                answer=form.answer(is_own=page.row.is_own),
                seen_answer_id=seen,
                changed_by=account_id(),
            )
        except ChangedMeanwhile:
            form.status.errors = [
                "Somebody else has changed this action since you opened it. What you entered is still here and not saved: "
                "look at what changed, then save again"
            ]
            form.seen.data = str(page.row.answer_id or "")
            return render_action(scope, page, form=form, meanwhile=changes_since(scope, action_id, seen))
        except (PlanError, ValueError) as error:
            form.status.errors = [str(error)]
        else:
            flash("Saved." if changed else "Nothing was changed.", "success" if changed else "info")
            return redirect(url_for("school.plan_action", school_id=school_id, action_id=action_id), 303)
    return render_action(scope, page, form=form)


def _filled_form(page: ActionPage, state: ActionState | None) -> AnswerForm:
    row = page.row
    return AnswerForm(
        formdata=None,
        status=(state.declared_status if state else ActionStatus.NOT_ANSWERED).value,
        override_reason=row.override_reason or "",
        owner_role=row.owner_role or "",
        owner_id=str(row.owner_id or ""),
        due_on=row.due_on,
        review_on=row.review_on,
        note=row.note,
        local_wording=row.local_wording or "",
        seen=str(row.answer_id or ""),
    )


def _offer_choices(form: AnswerForm, scope: SchoolScope, page: ActionPage) -> None:
    """Who works here today; who has the action although they left, and roles of the plan's own, stay on offer."""
    row = page.row
    people = [(str(key), name) for key, name in possible_owners(scope, as_at=today())]
    if row.owner_id and str(row.owner_id) not in dict(people):
        people.append((str(row.owner_id), f"{row.owner_name} (no longer on the staff)"))
    form.owner_id.choices = [("", "Nobody yet"), *people]
    form.due_by.choices = [("", "Take the due date above"), *deadline_choices(scope)]
    roles = dict(ROLE_WORDS) | {role: role for role in (*row.roles, row.owner_role) if role and role not in ROLE_WORDS}
    form.owner_role.choices = [("", "No role"), *roles.items()]


def render_action(
    scope: SchoolScope,
    page: ActionPage,
    *,
    form: AnswerForm | None = None,
    evidence: EvidenceForms | None = None,
    step_form: StepForm | None = None,
    meanwhile: list[HistoryEntry] | None = None,
    as_at: date | None = None,
) -> str:
    """The page of an action; with a form that was sent, what is wrong with it. As at a past day it is there to be read."""
    settings: Settings = current_app.extensions["settings"]
    row = page.row
    day = as_at or today()
    at = _moment(day)
    states = {each.action_id: (each, found) for each, found in states_with_flags(scope, as_at=day)}
    state, flags = states.get(row.id, (None, []))
    if form is None:
        form = _filled_form(page, state)
        _offer_choices(form, scope, page)
    chain = predecessors(scope, row.id)
    pieces = evidence_of(scope, row.id, at=at)
    check = verifications(scope, at=at).get(row.id)
    may_edit = can(Permission.EDIT_SCHOOL) and state is not None and at is None
    side = Side.SCHOOL if can(Permission.EDIT_SCHOOL) else Side.TRUST if can(Permission.VERIFY_SCHOOL) else None
    return render_template(
        "school/plan/action.html",
        school_id=scope.school_id,
        page=page,
        row=row,
        state=state,
        known=how_known(state) if state else "",
        gap=_gap(scope, state) if at is None else None,
        missing=_missing(scope, state, day),
        served=items_served(key=row.edition_key, dfe_area=row.dfe_area, serves=row.serves),
        references=references_by_key(page.reference_keys),
        outdated=outdated_in(row.wording, row.note, row.override_reason or "", *_words_of(pieces)),
        before=answer_before(scope, row.id),
        successor=successor_of(scope, row.id) if state is None and at is None else None,
        overrides=overrides_of(scope, chain, at=at),
        flags=flags,
        flag_rules=FLAG_RULES,
        reviews=[each for each in linked_actions(scope, as_at=day) if each.action_id == row.id],
        evidence=pieces,
        removed=removed_evidence(scope, row.id) if may_edit else [],
        evidence_forms=evidence or evidence_forms(scope, row.id),
        check=check,
        steps=steps_of(scope, chain, at=at),
        step_names=STEP_NAMES,
        possible=possible_steps(side=side, last=check.step if check else None) if side and state and at is None else [],
        step_form=step_form or StepForm(formdata=None),
        history=action_history(scope, row.id, at=at),
        meanwhile=meanwhile or [],
        status_names=STATUS_NAMES,
        form=form,
        may_edit=may_edit,
        is_past=at is not None,
        as_at=day,
        hints=HINTS,
        accepted=ACCEPTED,
        megabytes=settings.upload_megabytes,
        today=today(),
    )


def _words_of(pieces: list[EvidencePiece]) -> list[str]:
    """What somebody wrote of the evidence: its titles and notes."""
    return [text for piece in pieces for text in (piece.title, piece.now.note or "")]


def _gap(scope: SchoolScope, state: ActionState | None) -> str | None:
    """Where the people or things that are missing from a measured action are listed."""
    if state is None or state.measure is None:
        return None
    kind, _, key = state.measure.partition(":")
    pages: dict[str, tuple[str, Permission, dict[str, Any]]] = {
        "training": ("school.staff", Permission.READ_STAFF, {"gap": key}),
        "reading": ("school.reading_document", Permission.READ_STAFF, {"key": key}),
        "post": ("school.staff", Permission.READ_STAFF, {}),
        "referrals": ("school.referrals", Permission.READ_REFERRALS, {"state": "open"}),
        "contacts": ("school.contacts", Permission.READ_SCHOOL, {}),
        "filtering": ("school.filtering", Permission.READ_SCHOOL, {}),
    }
    endpoint, permission, values = pages[kind]
    return url_for(endpoint, school_id=scope.school_id, **values) if can(permission) else None


def _missing(scope: SchoolScope, state: ActionState | None, day: date) -> tuple[list[str], int]:
    """Who is missing from a measure over staff: the first names, and how many more."""
    if state is None or state.measure is None or not state.is_derived or not can(Permission.READ_STAFF):
        return [], 0
    kind, _, key = state.measure.partition(":")
    needs: list[PersonNeed] = []
    if kind == "training":
        needs = training_needs(scope, as_at=day)
    elif kind == "reading":
        needs = reading_needs(scope, as_at=day)
    missing = {need.staff_id for need in needs if need.key == key and not need.holds}
    names = [person.full_name for person in staff_of(scope, as_at=day) if person.id in missing]
    return names[:MOST_NAMED], max(0, len(names) - MOST_NAMED)


@blueprint.route(f"{BASE}/remove", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def plan_action_remove(school_id: uuid.UUID, action_id: uuid.UUID) -> Response | str:
    scope = SchoolScope(school_id)
    page = action_page(scope, action_id) or abort(404)
    form = StartForm()
    if form.validate_on_submit():
        try:
            remove_own_action(scope, action_id=action_id)
        except PlanError as error:
            flash(str(error), "error")
            return redirect(url_for("school.plan_action", school_id=school_id, action_id=action_id), 303)
        flash("The action is out of your plan. You can put it back from the archive.", "success")
        return redirect(url_for("school.plan", school_id=school_id), 303)
    return render_template("school/plan/remove_action.html", school_id=school_id, row=page.row, form=form)
