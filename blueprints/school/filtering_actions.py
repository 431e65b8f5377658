"""What came of a review of filtering and monitoring? What it asked for, in the action plan, and how far that is."""

import uuid

from flask import abort, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import HiddenField, SelectField, TextAreaField
from wtforms.validators import DataRequired, Length

from blueprints.school.blueprint import blueprint
from blueprints.school.filtering import BASE
from blueprints.school.plan_edit import owner_choices, owner_of
from blueprints.web.access import account_id, as_at_day, can, requires, today
from blueprints.web.fields import DatePartsField, as_uuid
from blueprints.web.free_text import NoPupilData
from prevent_trust.tenancy import SchoolScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.filtering.actions import FilteringProblem, NewAction, add_action, link_action, unlink_action
from tenants.filtering.models import FilteringReview
from tenants.filtering.queries import find_review
from tenants.filtering.rules import asked_for
from tenants.insights.measures.filtering import filtering_reviews
from tenants.insights.review_progress import ASKED_STATE_NAMES, AskedState, progress_of_reviews
from tenants.plan.actions import PlanError
from tenants.plan.models import Theme
from tenants.plan.queries import PlanHeader, current_plan, outline
from tenants.plan.types import SectionOutline

ACTIONS = f"{BASE}/reviews/<uuid:review_id>/actions"
REVIEWED = "filtering-reviewed"  # the edition's action for the reviews: what they ask for mostly belongs beside it
LOOKS = {
    AskedState.DONE: "met",
    AskedState.OPEN: "partly_met",
    AskedState.OVERDUE: "not_met",
    AskedState.NOT_IN_PLAN: "not_answered",
}


class NewActionForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    words = HiddenField()
    wording = TextAreaField(
        "What is to be done", [DataRequired("Enter what is to be done"), Length(max=1000), NoPupilData()]
    )
    expectation_id = SelectField("Which part of the plan it belongs to", coerce=as_uuid)
    owner = SelectField("Who does it")
    due_on = DatePartsField("Due date", optional=True)

    def new(self) -> NewAction:
        person, role = owner_of(self.owner.data)
        return NewAction(self.expectation_id.data, self.wording.data.strip(), person, role, self.due_on.data)


class LinkForm(FlaskForm):  # type: ignore[misc]
    words = HiddenField()
    action_id = SelectField("Which action of your plan does it?", coerce=as_uuid)


@blueprint.get(ACTIONS)
@requires(Permission.READ_SCHOOL)
def filtering_review_actions(school_id: uuid.UUID, review_id: uuid.UUID) -> str:
    scope, as_at = SchoolScope(school_id), as_at_day()
    found = [each for each in filtering_reviews(scope, as_at=as_at) if each.id == review_id]
    review = found[0] if found else abort(404)
    return render_template(
        "school/filtering/actions.html",
        school_id=school_id,
        review=review,
        progress=progress_of_reviews(scope, [review], as_at=as_at)[review.id],
        state_names=ASKED_STATE_NAMES,
        looks=LOOKS,
        asked=asked_for(review.actions),
        may_edit=can(Permission.EDIT_SCHOOL) and as_at == today(),
        has_plan=current_plan(scope) is not None,
        as_at=as_at,
        is_past=as_at < today(),
    )


@blueprint.route(f"{ACTIONS}/new", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def filtering_action_new(school_id: uuid.UUID, review_id: uuid.UUID) -> Response | str:
    """Makes a thing that the review asked for an action of the plan."""
    scope = SchoolScope(school_id)
    review, words, header = _asked(scope, review_id)
    sections = outline(scope, header)
    form = NewActionForm(words=words, wording=words[:1000], expectation_id=_beside_reviews(sections))
    form.expectation_id.choices = {
        section.title: [(each.id, each.wording) for duty in section.duties for each in duty.expectations]
        for section in sections
    }
    form.owner.choices = [("", "Nobody yet"), *owner_choices(scope)]
    if form.validate_on_submit():
        try:
            action = add_action(scope, review_id=review_id, words=form.words.data, new=form.new(), made_by=account_id())
        except FilteringProblem as problem:
            form.wording.errors = problem.messages["words"]
        except PlanError as error:
            form.expectation_id.errors = [str(error)]
        else:
            _record("filtering action added", school_id, review_id, action.id)
            flash("The action is in your plan.", "success")
            return _back(school_id, review_id)
    return render_template("school/filtering/new_action.html", school_id=school_id, form=form, review=review)


@blueprint.route(f"{ACTIONS}/link", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def filtering_action_link(school_id: uuid.UUID, review_id: uuid.UUID) -> Response | str:
    """Says that an action that is in the plan already does what the review asked for."""
    scope = SchoolScope(school_id)
    review, words, header = _asked(scope, review_id)
    form = LinkForm(words=words)
    form.action_id.choices = {
        section.title: [(action.id, action.wording) for action in section.actions]
        for section in outline(scope, header)
        if section.actions
    }
    if form.validate_on_submit():
        try:
            added = link_action(
                scope, review_id=review_id, action_id=form.action_id.data, words=form.words.data,
                recorded_by=account_id(),
            )  # fmt: skip
        except FilteringProblem as problem:
            form.action_id.errors = problem.messages["words"]
        except PlanError as error:
            form.action_id.errors = [str(error)]
        else:
            _record("filtering action linked", school_id, review_id, form.action_id.data)
            flash("The action is linked." if added else "The action was linked already.", "success")
            return _back(school_id, review_id)
    return render_template("school/filtering/link_action.html", school_id=school_id, form=form, review=review)


@blueprint.post(f"{ACTIONS}/<uuid:link_id>/unlink")
@requires(Permission.EDIT_SCHOOL)
def filtering_action_unlink(school_id: uuid.UUID, review_id: uuid.UUID, link_id: uuid.UUID) -> Response:
    if not unlink_action(SchoolScope(school_id), review_id=review_id, link_id=link_id):
        abort(404)
    _record("filtering action unlinked", school_id, review_id, link_id)
    flash("The link is taken away. The action stays in your plan; link it again to put it back.", "success")
    return _back(school_id, review_id)


def _asked(scope: SchoolScope, review_id: uuid.UUID) -> tuple[FilteringReview, str, PlanHeader]:
    """The review, which of the things it asked for is meant (`about`, from 1 on), and the plan; 404 without one of them."""
    review = find_review(scope, review_id) or abort(404)
    header = current_plan(scope) or abort(404)
    lines = asked_for(review.actions)
    about = request.args.get("about", 1, int)
    return review, lines[about - 1] if 0 < about <= len(lines) else abort(404), header


def _beside_reviews(sections: list[SectionOutline]) -> uuid.UUID | None:
    """Where in the plan the reviews themselves stand; else the first place of what is about being online."""
    actions = [action for section in sections for action in section.actions]
    online = [section for section in sections if section.theme is Theme.ONLINE_SAFETY]
    places = [action.expectation_id for action in actions if action.edition_key == REVIEWED]
    places += [each.id for section in online for duty in section.duties for each in duty.expectations]
    return next(iter(places), None)


def _record(act: str, school_id: uuid.UUID, review_id: uuid.UUID, thing: uuid.UUID) -> None:
    record_act(act, account_id=account_id(), school_id=school_id, review_id=str(review_id), thing=str(thing))


def _back(school_id: uuid.UUID, review_id: uuid.UUID) -> Response:
    to = url_for("school.filtering_review_actions", school_id=school_id, review_id=review_id)
    return redirect(to, 303)
