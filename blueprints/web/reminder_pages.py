"""Rules of reminders and standing in: what the school's and the trust's pages share.

An audience's routes are thin: each makes its `ReminderPages` and calls one of the methods.
"""

from dataclasses import dataclass, fields
from datetime import date
from itertools import groupby
from typing import Any

from flask import abort, flash, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import IntegerField, RadioField, SelectField, SelectMultipleField
from wtforms.validators import InputRequired, NumberRange, ValidationError

from blueprints.web.access import account_id, today
from blueprints.web.fields import DatePartsField, as_uuid
from prevent_trust.tenancy import SchoolScope, TrustScope
from tenants.access.actions import record_act
from tenants.reminders.actions import DelegationProblem, change_rule, delegate, end_delegation, reset_rule
from tenants.reminders.planning import Planned
from tenants.reminders.queries import RuleHere, people_who_can_stand_in, rules_here, stand_in_of
from tenants.reminders.rule_book import NOBODY, TO_NAMES, Rule, in_words

LONGEST_DAYS = 180


def _days(label: str, *, least: int = 0) -> IntegerField:
    words = f"Enter a whole number of days from {least} to {LONGEST_DAYS}"
    return IntegerField(label, [InputRequired(words), NumberRange(least, LONGEST_DAYS, words)])


class RuleForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    """All that can be changed about a rule; what does not apply to one is taken out."""

    active = RadioField("Is it sent?", choices=[("yes", "Yes"), ("no", "No, switch it off")])
    days_before = _days("How many days before")
    days_after = _days("How many days after")
    every_days = _days("Then again every so many days", least=1)
    recipients = SelectMultipleField("To whom")
    escalate_to = SelectField("To whom else, when nothing is done")
    escalate_after = _days("After how many days", least=1)
    at_most = IntegerField(
        "At most how many mails a week to one person",
        [InputRequired("Enter a number from 1 to 7"), NumberRange(1, 7, "Enter a number from 1 to 7")],
    )

    def validate_recipients(self, recipients: SelectMultipleField) -> None:
        if not recipients.data:
            raise ValidationError("Choose at least one role")


class ResetForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    """A button."""


class AwayForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    to = RadioField("Who gets them instead?", coerce=as_uuid)
    from_on = DatePartsField("First day away")
    until_on = DatePartsField("Last day away")


@dataclass(frozen=True)
class MailOfPreview:
    """What one mailbox would get on a day: of each rule its lines, all for the same reason."""

    name: str
    address: str
    instead_of: list[str]
    rules: list[list[Planned]]


def by_day(lines: list[Planned]) -> list[tuple[date, list[MailOfPreview]]]:
    """What would be sent on each day, mailbox after mailbox."""
    ordered = sorted(lines, key=lambda line: (line.day, line.to.name, line.to.recipient, line.escalated, line.position))
    return [
        (day, [_mail(list(lines)) for _, lines in groupby(of_day, key=lambda line: line.to.recipient)])
        for day, of_day in groupby(ordered, key=lambda line: line.day)
    ]


def _mail(lines: list[Planned]) -> MailOfPreview:
    rules = [list(each) for _, each in groupby(lines, key=lambda line: (line.escalated, line.rule, line.because))]
    absent = sorted({line.instead_of for line in lines if line.instead_of})
    return MailOfPreview(lines[0].to.name, lines[0].to.email, absent, rules)


@dataclass(frozen=True)
class ReminderPages:
    """The pages of one school or trust. `address` is what its routes take."""

    scope: SchoolScope | TrustScope
    audience: str

    @property
    def address(self) -> dict[str, Any]:
        return {field.name: getattr(self.scope, field.name) for field in fields(self.scope)}

    @property
    def home(self) -> str:
        return url_for(f"{self.audience}.reminders", **self.address)

    def rule(self, key: str) -> Response | str:
        """The form of a rule, and what comes of it."""
        here = self._rule(key)
        form = _form_for(here.rule)
        if form.validate_on_submit():
            values = _values(form, here.above)
            change_rule(self.scope, key=key, values=values, changed_by=account_id())
            record_act("reminder rule changed", account_id=account_id(), **self.address, rule=key)
            flash("Saved. It holds from the next reminders on.", "success")
            return redirect(self.home, 303)
        return render_template(
            "reminders/rule.html",
            here=here,
            words=in_words(here.rule),
            above=in_words(here.above),
            form=form,
            audience=self.audience,
            home=self.home,
            reset_form=ResetForm(formdata=None),
            reset=url_for(f"{self.audience}.reminder_rule_reset", key=key, **self.address),
        )

    def reset(self, key: str) -> Response:
        self._rule(key)
        reset_rule(self.scope, key=key)
        record_act("reminder rule reset", account_id=account_id(), **self.address, rule=key)
        flash("Your change is taken back.", "success")
        return redirect(self.home, 303)

    def _rule(self, key: str) -> RuleHere:
        return next((here for here in rules_here(self.scope) if here.rule.key == key), None) or abort(404)

    def away(self) -> Response | str:
        """Who stands in for the reader while they are away."""
        people = people_who_can_stand_in(self.scope, account_id(), today=today())
        form = AwayForm()
        form.to.choices = [(account.id, account.name) for account in people]
        if people and form.validate_on_submit() and form.from_on.data and form.until_on.data:
            try:
                delegate(
                    self.scope,
                    account_id=account_id(),
                    to_account_id=form.to.data,
                    from_on=form.from_on.data,
                    until_on=form.until_on.data,
                    today=today(),
                )
            except DelegationProblem as problem:
                form.until_on.errors = [str(problem)]
            else:
                record_act("reminders delegated", account_id=account_id(), **self.address, to=str(form.to.data))
                flash("Saved. Your reminders go to them on those days, with a note that you are away.", "success")
                return redirect(url_for(f"{self.audience}.reminders_away", **self.address), 303)
        return render_template(
            "reminders/away.html",
            form=form,
            people=people,
            stand_in=stand_in_of(self.scope, account_id=account_id(), today=today()),
            end=url_for(f"{self.audience}.reminders_away_end", **self.address),
            end_form=ResetForm(formdata=None),
        )

    def end_away(self) -> Response:
        end_delegation(self.scope, account_id=account_id())
        record_act("reminders come back", account_id=account_id(), **self.address)
        flash("Your reminders come to you again.", "success")
        return redirect(url_for(f"{self.audience}.reminders_away", **self.address), 303)


def _form_for(rule: Rule) -> RuleForm:
    form = RuleForm(
        active="yes" if rule.active else "no",
        days_before=rule.days_before,
        days_after=rule.days_after,
        every_days=rule.every_days,
        recipients=[to.value for to in rule.recipients],
        escalate_to=rule.escalate_to.value if rule.escalate_to else NOBODY,
        escalate_after=rule.escalate_after or 14,
        at_most=rule.at_most,
    )
    form.recipients.choices = [(to.value, TO_NAMES[to]) for to in rule.may_go_to]
    form.escalate_to.choices = [(NOBODY, "Nobody"), *((to.value, TO_NAMES[to]) for to in rule.may_escalate_to)]
    leave_out = {
        "days_before": not rule.asks_days_before,
        "days_after": not rule.asks_days_after,
        "every_days": rule.is_dated and not rule.asks_days_after,
        "recipients": len(rule.may_go_to) == 1,
        "escalate_to": not rule.may_escalate_to,
        "escalate_after": not rule.may_escalate_to,
    }
    for name, left_out in leave_out.items():
        if left_out:
            delattr(form, name)
    return form


def _values(form: RuleForm, above: Rule) -> dict[str, Any]:
    """What differs from the rule above; only that is kept, so that a later change there comes through."""
    wanted: dict[str, Any] = {"active": form.active.data == "yes"}
    for name in ("days_before", "days_after", "every_days", "at_most"):
        if name in form:
            wanted[name] = form[name].data
    if "recipients" in form:
        wanted["recipients"] = form.recipients.data
    if "escalate_to" in form:
        wanted["escalate_to"] = form.escalate_to.data
        if form.escalate_to.data != NOBODY:
            wanted["escalate_after"] = form.escalate_after.data
    now = {
        "active": above.active,
        "days_before": above.days_before,
        "days_after": above.days_after,
        "every_days": above.every_days,
        "at_most": above.at_most,
        "recipients": [to.value for to in above.recipients],
        "escalate_to": above.escalate_to.value if above.escalate_to else NOBODY,
        "escalate_after": above.escalate_after,
    }
    return {name: value for name, value in wanted.items() if value != now[name]}
