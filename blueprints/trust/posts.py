"""Which posts does the trust ask for at its schools, from when, and what must their holders hold?"""

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import IntegerField, SelectField, SelectMultipleField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, ValidationError

from blueprints.trust.blueprint import blueprint
from blueprints.trust.training import BASE
from blueprints.web.access import account_id, requires, today
from blueprints.web.fields import DatePartsField
from blueprints.web.free_text import NoPupilData
from blueprints.web.import_steps import ButtonForm
from blueprints.web.presentation import long_date
from prevent_trust.tenancy import TrustScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.insights.comparison import choices
from tenants.staff.cover import CoverTerms, cover_rules, rules_of_post, set_cover_rule, take_back_cover_rule
from tenants.staff.models import STAFF_ROLE_NAMES, CoverRule, StaffRole
from tenants.training.queries import courses

POSTS = f"{BASE}/posts"


class PostForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    at_least = IntegerField(
        "How many must each school have?",
        [
            InputRequired("Enter a whole number from 0 to 50"),
            NumberRange(0, 50, "Enter a whole number from 0 to 50"),
        ],
        description="Enter 0 to stop asking for the post.",
    )
    phases = SelectMultipleField("At which schools?", description="Choose none where every school must have it.")
    courses = SelectMultipleField(
        "What must the holder hold?", description="Choose none where the post asks for no training."
    )
    warning_days = IntegerField(
        "How long before training lapses is a post pointed out?",
        [
            InputRequired("Enter a whole number of days from 0 to 365"),
            NumberRange(0, 365, "Enter a whole number of days from 0 to 365"),
        ],
    )
    reason = StringField(
        "Why is it asked for?",
        [DataRequired("Enter why the post is asked for"), Length(max=300), NoPupilData()],
        description="Schools read it beside a post that is vacant.",
    )
    from_on = DatePartsField("From which day does this hold?", called="the day")

    def validate_from_on(self, from_on: DatePartsField) -> None:
        if from_on.data and from_on.data < today():
            raise ValidationError(
                "The day must be today or to come: earlier days are counted by the rules of that time"
            )

    def terms(self, role: StaffRole) -> CoverTerms:
        return CoverTerms(
            role=role,
            at_least=self.at_least.data,
            courses=self.courses.data,
            phases=self.phases.data,
            warning_days=self.warning_days.data,
            reason=self.reason.data.strip(),
        )


class NewPostForm(PostForm):
    role = SelectField("Which post?")


@blueprint.get(POSTS)
@requires(Permission.READ_TRUST)
def posts(trust_id: uuid.UUID) -> str:
    scope = TrustScope(trust_id)
    titles = _titles(scope)
    return render_template(
        "trust/posts.html",
        trust_id=trust_id,
        rules=[
            (rule, STAFF_ROLE_NAMES[rule.role], rule_in_words(rule, titles))
            for rule in cover_rules(scope, as_at=today())
        ],
    )


def rule_in_words(rule: CoverRule, titles: Mapping[str, str]) -> str:
    """What a rule asks for, in sentences."""
    if not rule.at_least:
        return "Not asked of your schools."
    where = f"every school of the phase {' or '.join(rule.phases)}" if rule.phases else "every school"
    held = ", ".join(titles.get(key, "a course that is no longer there") for key in rule.courses)
    training = (
        f" They hold {held}; the post is pointed out {rule.warning_days} days before that lapses." if held else ""
    )
    return f"At least {rule.at_least} at {where}.{training}"


def _titles(scope: TrustScope) -> dict[str, str]:
    return {course.key: course.title for course in courses(scope)}


def _offer(form: PostForm, scope: TrustScope, rule: CoverRule | None) -> None:
    """Phases that the schools have, and what the rule names already."""
    phases = [*choices(scope).phases, *(rule.phases if rule else ())]
    form.phases.choices = [(each, each) for each in dict.fromkeys(phases)]
    form.courses.choices = list(_titles(scope).items())


@blueprint.route(f"{POSTS}/new", methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def post_rule_new(trust_id: uuid.UUID) -> Response | str:
    """A post that no rule asks for yet."""
    scope = TrustScope(trust_id)
    there = {rule.role for rule in cover_rules(scope, as_at=date.max)}
    form = NewPostForm(at_least=1, warning_days=30, from_on=today())
    form.role.choices = [(role.value, name) for role, name in STAFF_ROLE_NAMES.items() if role not in there]
    _offer(form, scope, None)
    if form.validate_on_submit():
        return _save(scope, form, None, StaffRole(form.role.data))
    return render_template("trust/post_rule.html", trust_id=trust_id, form=form, post=None)


@blueprint.route(f"{POSTS}/<key>", methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def post_rule(trust_id: uuid.UUID, key: str) -> Response | str:
    """What holds, to be changed from today or from a day to come, and what held before."""
    scope = TrustScope(trust_id)
    said = rules_of_post(scope, key) or abort(404)
    rule = next((each for each in cover_rules(scope, as_at=today()) if each.key == key), said[-1].rule)
    form = PostForm(**_values(rule), from_on=today())
    _offer(form, scope, rule)
    if form.validate_on_submit():
        return _save(scope, form, key, rule.role)
    titles = _titles(scope)
    return render_template(
        "trust/post_rule.html",
        trust_id=trust_id,
        form=form,
        post=STAFF_ROLE_NAMES[rule.role],
        key=key,
        words=rule_in_words(rule, titles),
        history=[(each, rule_in_words(each.rule, titles)) for each in said],
        today=today(),
        button=ButtonForm(formdata=None),
    )


def _values(rule: CoverRule) -> dict[str, Any]:
    return {
        "at_least": rule.at_least,
        "phases": list(rule.phases),
        "courses": list(rule.courses),
        "warning_days": rule.warning_days,
        "reason": rule.reason,
    }


def _save(scope: TrustScope, form: PostForm, key: str | None, role: StaffRole) -> Response:
    from_on = form.from_on.data or today()
    set_cover_rule(scope, key=key, terms=form.terms(role), from_on=from_on, changed_by=account_id())
    record_act(
        "post rule changed", account_id=account_id(), trust_id=scope.trust_id, post=role.value,
        from_on=from_on.isoformat(), at_least=form.at_least.data,
    )  # fmt: skip
    when = "today" if from_on == today() else long_date(from_on)
    flash(f"The rule for the post of {STAFF_ROLE_NAMES[role]} is saved. It holds from {when}.", "success")
    return redirect(url_for("trust.posts", trust_id=scope.trust_id), 303)


@blueprint.post(f"{POSTS}/<key>/take-back")
@requires(Permission.EDIT_TRUST)
def post_rule_take_back(trust_id: uuid.UUID, key: str) -> Response:
    """Forgets a rule of today or of a day to come."""
    scope = TrustScope(trust_id)
    day = request.form.get("from_on", type=date.fromisoformat)
    if ButtonForm().validate_on_submit() and day and take_back_cover_rule(scope, key=key, from_on=day, today=today()):
        record_act("post rule taken back", account_id=account_id(), trust_id=trust_id, from_on=day.isoformat())
        flash(f"The rule from {long_date(day)} is taken back. What was said before it holds.", "success")
    return redirect(url_for("trust.posts", trust_id=trust_id), 303)
