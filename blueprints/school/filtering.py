"""When were filtering and monitoring last reviewed, and what is due? The reviews, and the checks that blocking works."""

import uuid
from datetime import date
from typing import Any, cast

from flask import Response as FileResponse
from flask import abort, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import RadioField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length

from blueprints.school.blueprint import blueprint
from blueprints.web.access import account_id, as_at_day, can, requires, today
from blueprints.web.fields import DatePartsField
from blueprints.web.free_text import NoPupilData
from blueprints.web.import_steps import ButtonForm
from prevent_trust.csv_output import csv_bytes
from prevent_trust.tenancy import SchoolScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.filtering.actions import (
    CheckDetails,
    FilteringProblem,
    ReviewDetails,
    remove_check,
    remove_review,
    save_check,
    save_review,
)
from tenants.filtering.models import (
    OUTCOME_NAMES,
    RESULT_NAMES,
    REVIEWER_NAMES,
    CheckResult,
    FilteringCheck,
    FilteringReview,
    ReviewOutcome,
)
from tenants.filtering.queries import find_check, find_review
from tenants.filtering.rules import asked_for, due_after, not_looked_at, not_taking_part, points, points_asked
from tenants.insights.filtering_lists import CHECK_HEADERS, REVIEW_HEADERS, check_lines, review_lines
from tenants.insights.measures.filtering import filtering_checks, filtering_reviews, filtering_standings
from tenants.insights.review_progress import progress_of_reviews
from tenants.plan.evidence.queries import evidence_of_school

BASE = "/schools/<uuid:school_id>/filtering"
OUTCOMES = {outcome.value: name for outcome, name in OUTCOME_NAMES.items()}
RESULTS = {result.value: name for result, name in RESULT_NAMES.items()}


def _stripped(value: str | None) -> str:
    return (value or "").strip()


class ReviewForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    reviewed_on = DatePartsField(
        "When was it reviewed?", called="The day of the review", missing="Enter the day of the review"
    )
    reviewers = SelectMultipleField(
        "Who took part?",
        [InputRequired("Choose who took part")],
        choices=[(reviewer.value, name) for reviewer, name in REVIEWER_NAMES.items()],
    )
    names = StringField("Their names (optional)", [Length(max=500), NoPupilData()], filters=[_stripped])
    points = SelectMultipleField("What did you look at?", [InputRequired("Choose what was looked at")])
    outcome = RadioField(
        "What came of it?",
        [InputRequired("Choose what came of it")],
        choices=[(outcome.value, name) for outcome, name in OUTCOME_NAMES.items()],
    )
    actions = TextAreaField("What is to be done?", [Length(max=4000), NoPupilData()], filters=[_stripped])
    next_due_on = DatePartsField("When is the next review due? (optional)", optional=True, called="The next review")
    evidence = SelectField("The record of it, among your evidence (optional)")

    def details(self) -> ReviewDetails:
        return ReviewDetails(
            reviewed_on=cast("date", self.reviewed_on.data),  # the field insists on one
            reviewers=self.reviewers.data or [],
            names=self.names.data,
            points=self.points.data or [],
            outcome=ReviewOutcome(self.outcome.data),
            actions=self.actions.data,
            next_due_on=self.next_due_on.data,
            evidence_id=uuid.UUID(self.evidence.data) if self.evidence.data else None,
        )


class CheckForm(FlaskForm):  # type: ignore[misc]
    checked_on = DatePartsField(
        "When did you try it?", called="The day of the check", missing="Enter the day of the check"
    )
    place = StringField(
        "On which device, and where?",
        [DataRequired("Enter the device and where it was"), Length(max=200), NoPupilData()],
        filters=[_stripped],
    )
    tested = StringField(
        "What did you try?",
        [DataRequired("Enter what you tried"), Length(max=500), NoPupilData()],
        filters=[_stripped],
    )
    result = RadioField(
        "What happened?",
        [InputRequired("Choose what happened")],
        choices=[(result.value, name) for result, name in RESULT_NAMES.items()],
    )
    done = TextAreaField("What was done about it?", [Length(max=2000), NoPupilData()], filters=[_stripped])

    def details(self) -> CheckDetails:
        return CheckDetails(
            checked_on=cast("date", self.checked_on.data),  # the field insists on one
            place=self.place.data,
            tested=self.tested.data,
            result=CheckResult(self.result.data),
            done=self.done.data,
        )


@blueprint.get(BASE)
@requires(Permission.READ_SCHOOL)
def filtering(school_id: uuid.UUID) -> str | FileResponse:
    scope, as_at = SchoolScope(school_id), as_at_day()
    reviews, checks = filtering_reviews(scope, as_at=as_at), filtering_checks(scope, as_at=as_at)
    outcome, result = _chosen("outcome", OUTCOMES), _chosen("result", RESULTS)
    shown = [each for each in reviews if outcome in {"", each.outcome}]
    tried = [each for each in checks if result in {"", each.result}]
    titles = {piece.id: piece.title for piece in evidence_of_school(scope)}
    progress = progress_of_reviews(scope, reviews, as_at=as_at)
    wanted = request.args.get("format")
    if wanted == "reviews":
        return _csv("filtering-reviews", REVIEW_HEADERS, review_lines(shown, titles, progress))
    if wanted == "checks":
        return _csv("filtering-checks", CHECK_HEADERS, check_lines(tried))
    return render_template(
        "school/filtering/list.html",
        school_id=school_id,
        as_at=as_at,
        today=today(),
        is_past=as_at < today(),
        may_edit=can(Permission.EDIT_SCHOOL) and as_at == today(),
        standing=filtering_standings(scope, as_at=as_at)[0],
        last=reviews[0] if reviews else None,
        reviews=shown,
        checks=tried,
        any_review=bool(reviews),
        any_check=bool(checks),
        titles=titles,
        progress=progress,
        asked_for=asked_for,
        not_looked_at=not_looked_at,
        not_taking_part=not_taking_part,
        outcome_names=OUTCOME_NAMES,
        result_names=RESULT_NAMES,
        reviewer_names=REVIEWER_NAMES,
        kept={"as_at": as_at.isoformat()} if as_at < today() else {},
        review_selects=[_select("outcome", "Outcome", "Any outcome", outcome, OUTCOMES)],
        check_selects=[_select("result", "What happened", "Any result", result, RESULTS)],
    )


def _chosen(name: str, choices: dict[str, str]) -> str:
    value = request.args.get(name, "")
    return value if value in choices else ""


def _select(name: str, label: str, anything: str, value: str, choices: dict[str, str]) -> dict[str, Any]:
    return {"name": name, "label": label, "value": value, "options": [("", anything), *choices.items()]}


def _csv(name: str, headers: tuple[str, ...], lines: list[tuple[Any, ...]]) -> FileResponse:
    return FileResponse(
        csv_bytes(headers, lines),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


@blueprint.route(f"{BASE}/reviews/new", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def filtering_review_new(school_id: uuid.UUID) -> Response | str:
    return _review_edited(school_id, ReviewForm(reviewed_on=today()), None)


@blueprint.route(f"{BASE}/reviews/<uuid:review_id>", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def filtering_review(school_id: uuid.UUID, review_id: uuid.UUID) -> Response | str:
    there = find_review(SchoolScope(school_id), review_id) or abort(404)
    form = ReviewForm(
        reviewed_on=there.reviewed_on,
        reviewers=there.reviewers,
        names=there.names,
        points=there.points,
        outcome=there.outcome.value,
        actions=there.actions,
        next_due_on=there.next_due_on if there.next_due_on != due_after(there.reviewed_on) else None,
        evidence=str(there.evidence_id or ""),
    )
    return _review_edited(school_id, form, there)


def _review_edited(school_id: uuid.UUID, form: ReviewForm, there: FilteringReview | None) -> Response | str:
    scope = SchoolScope(school_id)
    # What is no longer asked for stays on the records that have it.
    offered = [point for point in points() if point.asked or (there is not None and point.key in there.points)]
    form.points.choices = [(point.key, point.title) for point in offered]
    pieces = evidence_of_school(scope)
    form.evidence.choices = [("", "None"), *((str(piece.id), piece.title) for piece in pieces)]
    if form.validate_on_submit():
        try:
            saved = save_review(
                scope, review_id=there.id if there else None, details=form.details(), recorded_by=account_id(),
                today=today(),
            )  # fmt: skip
        except FilteringProblem as problem:
            _show(form, problem)
        else:
            saved = cast("FilteringReview", saved)  # it was found above
            act = "filtering review changed" if there else "filtering review recorded"
            record_act(act, account_id=account_id(), school_id=school_id, review_id=str(saved.id))
            if saved.outcome is ReviewOutcome.ACTIONS_NEEDED:
                advice = "Put what is to be done into your action plan, so that it has an owner and a date."
                flash(f"The review is saved. {advice}", "success")
                to = url_for("school.filtering_review_actions", school_id=school_id, review_id=saved.id)
                return redirect(to, 303)
            flash("The review is saved.", "success")
            return _to_list(school_id)
    return render_template(
        "school/filtering/review.html",
        school_id=school_id,
        form=form,
        review=there,
        hints={point.key: point.hint for point in offered},
        all_points=len(points_asked()),
        has_evidence=bool(pieces),
    )


@blueprint.route(f"{BASE}/reviews/<uuid:review_id>/remove", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def filtering_review_remove(school_id: uuid.UUID, review_id: uuid.UUID) -> Response | str:
    scope, form = SchoolScope(school_id), ButtonForm()
    there = find_review(scope, review_id) or abort(404)
    if form.validate_on_submit():
        remove_review(scope, review_id=review_id)
        record_act("filtering review removed", account_id=account_id(), school_id=school_id, review_id=str(review_id))
        flash("The review is removed.", "success")
        return _to_list(school_id)
    return render_template("school/filtering/remove_review.html", school_id=school_id, review=there, form=form)


@blueprint.route(f"{BASE}/checks/new", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def filtering_check_new(school_id: uuid.UUID) -> Response | str:
    return _check_edited(school_id, CheckForm(checked_on=today()), None)


@blueprint.route(f"{BASE}/checks/<uuid:check_id>", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def filtering_check(school_id: uuid.UUID, check_id: uuid.UUID) -> Response | str:
    there = find_check(SchoolScope(school_id), check_id) or abort(404)
    form = CheckForm(
        checked_on=there.checked_on, place=there.place, tested=there.tested, result=there.result.value, done=there.done
    )
    return _check_edited(school_id, form, there)


def _check_edited(school_id: uuid.UUID, form: CheckForm, there: FilteringCheck | None) -> Response | str:
    if form.validate_on_submit():
        try:
            saved = save_check(
                SchoolScope(school_id), check_id=there.id if there else None, details=form.details(),
                recorded_by=account_id(), today=today(),
            )  # fmt: skip
        except FilteringProblem as problem:
            _show(form, problem)
        else:
            saved = cast("FilteringCheck", saved)  # it was found above
            act = "filtering check changed" if there else "filtering check recorded"
            record_act(act, account_id=account_id(), school_id=school_id, check_id=str(saved.id))
            flash("The check is saved.", "success")
            return _to_list(school_id)
    return render_template("school/filtering/check.html", school_id=school_id, form=form, check=there)


@blueprint.route(f"{BASE}/checks/<uuid:check_id>/remove", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def filtering_check_remove(school_id: uuid.UUID, check_id: uuid.UUID) -> Response | str:
    scope, form = SchoolScope(school_id), ButtonForm()
    there = find_check(scope, check_id) or abort(404)
    if form.validate_on_submit():
        remove_check(scope, check_id=check_id)
        record_act("filtering check removed", account_id=account_id(), school_id=school_id, check_id=str(check_id))
        flash("The check is removed.", "success")
        return _to_list(school_id)
    return render_template("school/filtering/remove_check.html", school_id=school_id, check=there, form=form)


def _show(form: FlaskForm, problem: FilteringProblem) -> None:
    for name, messages in problem.messages.items():
        form[name].errors = messages


def _to_list(school_id: uuid.UUID) -> Response:
    return redirect(url_for("school.filtering", school_id=school_id), 303)
