"""Courses of the trust's own: added, changed and ended, each from a day; today's change can be taken back."""

import uuid

from flask import abort, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField
from wtforms.validators import DataRequired, Length, Optional, ValidationError

from blueprints.trust.blueprint import blueprint
from blueprints.trust.training import BASE, TermsForm, in_words
from blueprints.web.access import account_id, requires, today
from blueprints.web.free_text import NoPupilData
from blueprints.web.import_steps import ButtonForm
from prevent_trust.tenancy import TrustScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.training.actions import (
    CourseProblem,
    CourseWords,
    add_own_course,
    change_own_course,
    set_course_rule,
    take_back_course_rule,
)
from tenants.training.models import Course, CourseRule, RuleStanding
from tenants.training.queries import CourseTerms, course_terms, courses, own_course, rules_of_course

COURSES = f"{BASE}/courses"
ONE = f"{COURSES}/<uuid:course_id>"
LINKS = ("https://", "http://")


class OwnCourseForm(TermsForm):
    title = StringField(
        "What is it called?",
        [DataRequired("Enter what the course is called"), Length(max=120), NoPupilData()],
        description="Lists that are imported name it like this.",
    )
    provider = StringField("Who gives it", [Length(max=120), NoPupilData()])
    address = StringField(
        "Where it is found on the web",
        [Optional(), Length(max=500)],
        description="Leave it empty where it is not given online.",
    )
    requirement = StringField(
        "What it is for",
        [Length(max=300), NoPupilData()],
        description="Which requirement it meets, in a sentence that staff understand.",
    )
    prerequisite = SelectField("What must be taken first")

    def validate_address(self, address: StringField) -> None:
        if not address.data.strip().startswith(LINKS):
            raise ValidationError("Enter an address that begins with https://")

    def words(self) -> CourseWords:
        return CourseWords(
            title=" ".join(self.title.data.split()),
            provider=(self.provider.data or "").strip(),
            address=(self.address.data or "").strip() or None,
            requirement=(self.requirement.data or "").strip(),
            prerequisite=self.prerequisite.data or None,
        )

    def differs_from(self, terms: CourseTerms) -> bool:
        """Whether what is asked for is not what holds."""
        held = (terms.validity_months, sorted(terms.audience), terms.grace_days)
        return not terms.is_asked or held != (
            self.validity_months.data,
            sorted(self.audience.data),
            self.grace_days.data,
        )


def _offer(form: OwnCourseForm, scope: TrustScope, *, of: Course | None = None) -> None:
    others = [(each.key, each.title) for each in courses(scope) if of is None or each.key != of.key]
    form.prerequisite.choices = [("", "Nothing"), *others]


@blueprint.route(f"{COURSES}/new", methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def own_course_new(trust_id: uuid.UUID) -> Response | str:
    scope, form = TrustScope(trust_id), OwnCourseForm(grace_days=0)
    _offer(form, scope)
    if form.validate_on_submit():
        try:
            course = add_own_course(scope, words=form.words())
        except CourseProblem as problem:
            form[problem.field].errors = [str(problem)]
        else:
            _say(scope, course, form)
            record_act("own course added", account_id=account_id(), trust_id=trust_id, course=course.title)
            flash(f"{course.title} is asked for at your schools from today.", "success")
            return redirect(url_for("trust.training", trust_id=trust_id), 303)
    return render_template("trust/own_course.html", trust_id=trust_id, form=form, course=None)


def _say(scope: TrustScope, course: Course, form: OwnCourseForm) -> None:
    set_course_rule(
        scope,
        course_id=course.id,
        standing=RuleStanding.OWN,
        from_on=today(),
        changed_by=account_id(),
        validity_months=form.validity_months.data,
        audience=form.audience.data,
        grace_days=form.grace_days.data,
    )


@blueprint.route(ONE, methods=["GET", "POST"], endpoint="own_course")
@requires(Permission.EDIT_TRUST)
def own_course_page(trust_id: uuid.UUID, course_id: uuid.UUID) -> Response | str:
    """Its words and terms; new terms hold from today, and so does asking again for one that was ended."""
    scope, terms = TrustScope(trust_id), _terms(trust_id, course_id)
    course = terms.course
    said = rules_of_course(scope, course_id)
    last = next((each.rule for each in said if each.rule.standing is RuleStanding.OWN), None)
    form = OwnCourseForm(
        title=course.title,
        provider=course.provider,
        address=course.address or "",
        requirement=course.requirement,
        prerequisite=course.prerequisite or "",
        validity_months=last.validity_months if last else None,
        audience=list(last.audience) if last else [],
        grace_days=last.grace_days if last else 0,
    )
    _offer(form, scope, of=course)
    if form.validate_on_submit():
        try:
            change_own_course(scope, course=course, words=form.words())
        except CourseProblem as problem:
            form[problem.field].errors = [str(problem)]
        else:
            if form.differs_from(terms):
                _say(scope, course, form)
            record_act("own course changed", account_id=account_id(), trust_id=trust_id, course=course.title)
            flash(f"{course.title} is saved.", "success")
            return redirect(url_for("trust.own_course", trust_id=trust_id, course_id=course_id), 303)
    return render_template(
        "trust/own_course.html",
        trust_id=trust_id,
        form=form,
        course=course,
        terms=terms,
        history=[(each, in_words(_as_said(course, each.rule))) for each in said],
        since_today=bool(said) and said[0].rule.from_on == today(),
        button=ButtonForm(formdata=None),
    )


@blueprint.route(f"{ONE}/end", methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def own_course_end(trust_id: uuid.UUID, course_id: uuid.UUID) -> Response | str:
    """Asks first. What was completed stays, and past days are counted as they were."""
    course = _terms(trust_id, course_id).course
    form = ButtonForm()
    if form.validate_on_submit():
        set_course_rule(
            TrustScope(trust_id),
            course_id=course_id,
            standing=RuleStanding.OFF,
            from_on=today(),
            changed_by=account_id(),
        )
        record_act("own course ended", account_id=account_id(), trust_id=trust_id, course=course.title)
        flash(f"Nobody is asked for {course.title} from today.", "success")
        return redirect(url_for("trust.own_course", trust_id=trust_id, course_id=course_id), 303)
    return render_template("trust/own_course_end.html", trust_id=trust_id, course=course, form=form)


@blueprint.post(f"{ONE}/take-back")
@requires(Permission.EDIT_TRUST)
def own_course_take_back(trust_id: uuid.UUID, course_id: uuid.UUID) -> Response:
    """What was said today is forgotten; what held yesterday holds again."""
    course = _terms(trust_id, course_id).course
    if ButtonForm().validate_on_submit() and take_back_course_rule(
        TrustScope(trust_id), course_id=course_id, from_on=today()
    ):
        record_act("own course taken back", account_id=account_id(), trust_id=trust_id, course=course.title)
        flash(f"Today’s change to {course.title} is taken back. What held yesterday holds again.", "success")
    return redirect(url_for("trust.own_course", trust_id=trust_id, course_id=course_id), 303)


def _terms(trust_id: uuid.UUID, course_id: uuid.UUID) -> CourseTerms:
    scope = TrustScope(trust_id)
    course = own_course(scope, course_id) or abort(404)
    return next(each for each in course_terms(scope, as_at=today()) if each.course.id == course.id)


def _as_said(course: Course, rule: CourseRule) -> CourseTerms:
    return CourseTerms(course, rule.standing, rule.validity_months, tuple(rule.audience), rule.grace_days)
