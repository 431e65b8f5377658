"""Which schools' training and posts are short, and what the trust asks for at its schools."""

import uuid
from collections import defaultdict
from datetime import date
from typing import Any

from flask import Response as FileResponse
from flask import abort, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import IntegerField, RadioField, SelectMultipleField
from wtforms.validators import InputRequired, NumberRange, Optional

from blueprints.trust.blueprint import blueprint
from blueprints.web.access import account_id, as_at_day, requires, today
from blueprints.web.figure_file import figure_csv
from blueprints.web.presentation import long_date
from prevent_trust.csv_output import csv_bytes
from prevent_trust.tenancy import TrustScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.insights.figures.drawing import Figure
from tenants.insights.figures.forecast import forecast_by_month
from tenants.insights.figures.limits import place_in_words, shares_with_limits
from tenants.insights.limits import Judged, Share, judged, together
from tenants.insights.measures.cover import COVER_STATE_NAMES, CoverState, post_cover
from tenants.insights.measures.training import training_coverage_and_lapsing, training_forecast
from tenants.insights.measures.types import Coverage
from tenants.insights.next_steps import LAPSING_WITHIN
from tenants.insights.subjects import titles_of_subjects
from tenants.organisations.queries import names_of_organisations
from tenants.staff.models import STAFF_ROLE_NAMES, StaffRole
from tenants.training.actions import set_course_rule
from tenants.training.models import RuleStanding
from tenants.training.queries import CourseTerms, course_terms

BASE = "/trusts/<uuid:trust_id>/training"
CSV_HEADERS = ("School", "Course", "Hold it", "Need it", "Missing", "Lapse within 30 days")


class TermsForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    """Who needs a course, how often, and from when."""

    validity_months = IntegerField(
        "For how many months it counts",
        [Optional(), NumberRange(1, 120, "Enter a whole number of months from 1 to 120, or leave it empty")],
        description="Leave it empty where once is enough.",
    )
    audience = SelectMultipleField(
        "Who needs it",
        choices=[(role.value, name) for role, name in STAFF_ROLE_NAMES.items()],
        description="Choose no role where all staff need it.",
    )
    grace_days = IntegerField(
        "Days of grace for joiners",
        [
            InputRequired("Enter a whole number of days from 0 to 180"),
            NumberRange(0, 180, "Enter a whole number of days from 0 to 180"),
        ],
        description="Counted from the first day at the school. Until then a joiner is not counted as missing it.",
    )


class CourseRuleForm(TermsForm):
    standing = RadioField(
        "What holds at your schools?",
        choices=[
            (RuleStanding.SHIPPED.value, "As in the catalogue"),
            (RuleStanding.OWN.value, "Our own terms"),
            (RuleStanding.OFF.value, "Not asked of our schools"),
        ],
    )


@blueprint.get(BASE)
@requires(Permission.READ_TRUST)
def training(trust_id: uuid.UUID) -> FileResponse | str:
    scope = TrustScope(trust_id)
    day = as_at_day()
    terms = course_terms(scope, as_at=day)
    titles = {each.course.key: each.course.title for each in terms}
    coverage, lapsing = training_coverage_and_lapsing(scope, as_at=day, until=day + LAPSING_WITHIN)
    posts = [post for post in post_cover(scope, as_at=day) if post.state is not CoverState.FILLED]
    names = names_of_organisations({*(row.school_id for row in coverage), *(post.school_id for post in posts)})
    chosen = request.args.get("course", "")
    chosen = chosen if chosen in titles else ""
    rows = sorted(
        (row for row in coverage if chosen in {"", row.key}),
        key=lambda row: (row.percent if row.percent is not None else 100, names[row.school_id], titles[row.key]),
    )
    soon = {(each.school_id, each.course): each.people for each in lapsing}
    is_past = day < today()
    address: dict[str, Any] = {"course": chosen or None, "as_at": day.isoformat() if is_past else None}

    def csv_url(name: str) -> str:
        return url_for("trust.training", trust_id=trust_id, format=name, **address)

    schools = judged(_shares(rows))
    limits = _limits(schools, names, titles.get(chosen), as_at=day, csv_url=csv_url("limits"))
    figure = forecast_by_month(training_forecast(scope, as_at=day), titles, course=chosen, csv_url=csv_url("forecast"))
    match request.args.get("format"):
        case "csv":
            return _csv(rows, names, titles, soon)
        case "forecast":
            return figure_csv(figure)
        case "limits":
            return figure_csv(limits)
    return render_template(
        "trust/training.html",
        trust_id=trust_id,
        rows=rows,
        forecast=figure,
        limits=limits,
        schools=len(schools),
        outside=_outside(schools, names),
        as_at=day,
        is_past=is_past,
        today=today(),
        address=address,
        soon=soon,
        names=names,
        titles=titles,
        posts=[(post, COVER_STATE_NAMES[post.state], STAFF_ROLE_NAMES[post.role]) for post in posts],
        terms=[(each, in_words(each)) for each in terms],
        chosen=chosen,
        selects=[
            {"name": "course", "label": "Course", "value": chosen, "options": [("", "All courses"), *titles.items()]}
        ],
    )


def _shares(rows: list[Coverage]) -> dict[uuid.UUID, Share]:
    """What is held of what is needed at each school, the courses together."""
    shares: dict[uuid.UUID, list[Share]] = defaultdict(list)
    for row in rows:
        shares[row.school_id].append(Share(row.numerator, row.denominator))
    return {school_id: together(each) for school_id, each in shares.items()}


def _limits(
    schools: dict[uuid.UUID, Judged], names: dict[uuid.UUID, str], course: str | None, *, as_at: date, csv_url: str
) -> Figure:
    return shares_with_limits(
        schools,
        names,
        what=course or "All courses together",
        whole=int(100 * together(each.share for each in schools.values()).value),
        as_at=long_date(as_at),
        href=lambda school_id: url_for("school.overview", school_id=school_id),
        csv_url=csv_url,
    )


def _outside(schools: dict[uuid.UUID, Judged], names: dict[uuid.UUID, str]) -> list[tuple[uuid.UUID, str, Judged, str]]:
    """Those that lie outside their limits, the furthest first, with how far in words."""
    found = [
        (school_id, names[school_id], each, place_in_words(each))
        for school_id, each in schools.items()
        if each.points_outside
    ]
    return sorted(found, key=lambda row: (not row[2].is_below, -row[2].points_outside, row[1]))


def _csv(
    rows: list[Coverage], names: dict[uuid.UUID, str], titles: dict[str, str], soon: dict[tuple[uuid.UUID, str], int]
) -> FileResponse:
    lines = (
        (
            names[row.school_id],
            titles[row.key],
            row.numerator,
            row.denominator,
            row.missing,
            soon.get((row.school_id, row.key), 0),
        )
        for row in rows
    )
    return FileResponse(
        csv_bytes(CSV_HEADERS, lines),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="training.csv"'},
    )


def in_words(terms: CourseTerms) -> str:
    """Who is asked for the course, and how often."""
    if not terms.is_asked:
        return "Not asked of your schools."
    who = ", ".join(STAFF_ROLE_NAMES[StaffRole(role)] for role in terms.audience) or "All staff"
    often = f"every {terms.validity_months} months" if terms.validity_months else "once"
    grace = f" Joiners have {terms.grace_days} days." if terms.grace_days else ""
    return f"{who}, {often}.{grace}"


@blueprint.route(f"{BASE}/rules/<key>", methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def course_rule(trust_id: uuid.UUID, key: str) -> Response | str:
    scope = TrustScope(trust_id)
    terms = next((each for each in course_terms(scope, as_at=today()) if each.course.key == key), None) or abort(404)
    if terms.course.trust_id is not None:
        return redirect(url_for("trust.own_course", trust_id=trust_id, course_id=terms.course.id), 303)
    form = CourseRuleForm(
        standing=terms.standing.value,
        validity_months=terms.validity_months,
        audience=list(terms.audience),
        grace_days=terms.grace_days,
    )
    if form.validate_on_submit():
        set_course_rule(
            scope,
            course_id=terms.course.id,
            standing=RuleStanding(form.standing.data),
            from_on=today(),
            changed_by=account_id(),
            validity_months=form.validity_months.data,
            audience=form.audience.data,
            grace_days=form.grace_days.data,
        )
        record_act("course rule changed", account_id=account_id(), trust_id=trust_id, course=key, to=form.standing.data)
        flash(f"The rule for {terms.course.title} is saved. It holds from today.", "success")
        return redirect(url_for("trust.training", trust_id=trust_id), 303)
    return render_template(
        "trust/course_rule.html",
        trust_id=trust_id,
        form=form,
        course=terms.course,
        first=titles_of_subjects(scope).get(terms.course.prerequisite or ""),
        words=in_words(terms),
    )
