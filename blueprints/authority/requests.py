"""An officer asks for a table that the releases do not have, and reads the publisher's answer."""

import uuid

from flask import flash, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import RadioField, SelectField, SelectMultipleField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length

from blueprints.authority.blueprint import blueprint
from blueprints.authority.releases import BASE
from blueprints.web.access import account_id, requires
from blueprints.web.free_text import NoPupilData
from prevent_trust.released import released_to
from prevent_trust.tenancy import AuthorityScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.insights.disclosure.queries import release_list
from tenants.insights.disclosure.requests import CLASSIFICATIONS, SUBJECTS, NotAsked, ask, requests_of


class AskForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    subject = RadioField("What is the table about?", [InputRequired("Choose what the table is about")])
    by = SelectMultipleField("By which classifications?", description="One or two")
    term = SelectField("Of which release?")
    purpose = TextAreaField(
        "What is it for?", [DataRequired("Say what the table is for"), Length(max=1000), NoPupilData()]
    )


def _form(authority_id: uuid.UUID) -> AskForm:
    scope = AuthorityScope(authority_id)
    with released_to(scope) as session:
        out = [each for each in release_list(session, scope) if not each.term.startswith("request-")]
    form = AskForm()
    form.subject.choices = list(SUBJECTS.items())
    form.by.choices = list(CLASSIFICATIONS.items())
    form.term.choices = [(each.term, each.title) for each in out if each.withdrawn_at is None]
    return form


@blueprint.get(f"{BASE}/requests")
@requires(Permission.READ_RELEASES)
def requests(authority_id: uuid.UUID) -> str:
    return _page(authority_id, _form(authority_id))


def _page(authority_id: uuid.UUID, form: AskForm) -> str:
    asked = requests_of(AuthorityScope(authority_id))
    return render_template("authority/requests.html", authority_id=authority_id, asked=asked, form=form)


@blueprint.post(f"{BASE}/requests")
@requires(Permission.READ_RELEASES)
def request_send(authority_id: uuid.UUID) -> Response | str:
    form = _form(authority_id)
    if not form.term.choices or not form.validate_on_submit():
        return _page(authority_id, form)
    try:
        made = ask(
            AuthorityScope(authority_id),
            account_id=account_id(),
            term=form.term.data,
            subject=form.subject.data,
            by=form.by.data or [],
            purpose=form.purpose.data,
        )
    except NotAsked as problem:
        form.by.errors = [str(problem)]
        return _page(authority_id, form)
    record_act("release table asked for", account_id=account_id(), request=str(made.id), subject=made.subject)
    flash("Your request is with the publisher. The answer will stand on this page.", "success")
    return redirect(url_for("authority.requests", authority_id=authority_id), 303)
