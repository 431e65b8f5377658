"""Asking staff by mail when they did a course: each gets a link. The lead chooses the course, the people and a day."""

import uuid
from collections.abc import Callable
from typing import Any

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import SelectMultipleField
from wtforms.validators import ValidationError

from blueprints.school.blueprint import blueprint
from blueprints.school.plan import StartForm
from blueprints.school.reading_people import MAIL_NAMES
from blueprints.school.staff import BASE, chosen_course
from blueprints.web.access import account_id, requires, today
from blueprints.web.fields import DatePartsField, as_uuid
from blueprints.web.mailing import deliver_soon
from blueprints.web.presentation import long_date
from prevent_trust.config import Settings
from prevent_trust.signed_links import TRAINING_LINK, signed_ids
from prevent_trust.tenancy import SchoolScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.insights.measures.training import training_needs
from tenants.organisations.queries import names_of_organisations
from tenants.reading.campaigns import SentAs
from tenants.staff.models import StaffMember
from tenants.staff.queries import staff_of
from tenants.training.asking.links import (
    AskError,
    ask_about_training,
    ask_of,
    asked_about,
    running_ask,
    withdraw_ask,
)
from tenants.training.models import Course
from tenants.training.queries import courses


class AskForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    staff = SelectMultipleField("Who should be asked?", coerce=as_uuid)
    due_on = DatePartsField("By when should they answer?", called="Last day")

    def validate_staff(self, staff: SelectMultipleField) -> None:
        if not staff.data:
            raise ValidationError("Choose at least one person")


@blueprint.route(f"{BASE}/training/ask", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def training_ask(school_id: uuid.UUID) -> Response | str:
    """One course; those who miss it and have an address are ticked."""
    scope = SchoolScope(school_id)
    catalogue = courses(scope)
    course = chosen_course(catalogue)
    running, asked = running_ask(scope, course.id), asked_about(scope, course.id)
    missing = {
        need.staff_id for need in training_needs(scope, as_at=today()) if need.key == course.key and not need.holds
    }
    members = sorted(staff_of(scope, as_at=today()), key=lambda member: member.id not in missing)
    can_be_asked = [member for member in members if member.email]
    form = AskForm(due_on=running.due_on if running else None)
    form.staff.choices = [(member.id, member.full_name) for member in can_be_asked]
    if form.validate_on_submit():
        try:
            return _ask(scope, course, [member for member in can_be_asked if member.id in form.staff.data], form)
        except AskError as error:
            form.due_on.errors = [str(error)]
    if request.method == "GET":
        form.staff.data = [member.id for member in can_be_asked if member.id in missing and member.id not in asked]
    hints: dict[Any, str] = dict.fromkeys(missing, "Missing it") | {
        staff_id: f"Asked on {long_date(row.at)}; {MAIL_NAMES[row.mail]}" for staff_id, row in asked.items()
    }
    return render_template(
        "school/staff/ask.html",
        school_id=school_id,
        catalogue=catalogue,
        course=course,
        running=running,
        form=form,
        hints=hints,
        without_address=[member for member in members if member.id in missing and not member.email],
        any_staff=bool(members),
    )


def _ask(scope: SchoolScope, course: Course, people: list[StaffMember], form: AskForm) -> Response:
    written = ask_about_training(
        scope,
        course=course,
        people=people,
        due_on=form.due_on.data or today(),
        today=today(),
        made_by=account_id(),
        sent_as=sent_as(scope),
    )
    if written:
        deliver_soon()
    record_act(
        "training asked for", account_id=account_id(), school_id=scope.school_id, course=course.key, mails=written
    )
    flash(f"{written} {'person is' if written == 1 else 'people are'} sent a link by mail.", "success")
    return redirect(url_for("school.training_said", school_id=scope.school_id), 303)


def sent_as(scope: SchoolScope) -> SentAs:
    """From whom mails about training come, and where their links lead."""
    name = names_of_organisations({scope.school_id})[scope.school_id]
    return SentAs(name, current_user.name, _link_for(scope))


def _link_for(scope: SchoolScope) -> Callable[[uuid.UUID], str]:
    settings: Settings = current_app.extensions["settings"]

    def link_for(link_id: uuid.UUID) -> str:
        token = signed_ids(TRAINING_LINK, scope.school_id, link_id)
        return settings.base_url + url_for("public.training_done", token=token)

    return link_for


@blueprint.route(f"{BASE}/training/asks/<uuid:ask_id>/withdraw", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def training_ask_withdraw(school_id: uuid.UUID, ask_id: uuid.UUID) -> Response | str:
    """Asks first. Asking anew sends new links."""
    scope = SchoolScope(school_id)
    _, course = ask_of(scope, ask_id) or abort(404)
    form = StartForm()
    if form.validate_on_submit():
        withdraw_ask(scope, ask_id=ask_id)
        record_act("training links withdrawn", account_id=account_id(), school_id=school_id, course=course.key)
        flash("The links no longer work. What was said stays.", "success")
        return redirect(url_for("school.training_ask", school_id=school_id, course=course.key), 303)
    return render_template("school/staff/withdraw_ask.html", school_id=school_id, course=course, form=form)
