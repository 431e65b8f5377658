"""Groups of authorities whose releases are added up: which authorities, whose releases are out, and asking for the draft."""

import uuid

from flask import abort, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length

from blueprints.platform.blueprint import blueprint
from blueprints.platform.releases import BASE, ask_for_group
from blueprints.web.access import account_id, requires, today
from prevent_trust.tenancy import PlatformScope
from tenants.access.permissions import Permission
from tenants.calendar.rules import term_of
from tenants.insights.disclosure.groups import FEWEST, NotAGroup, group_by_id, groups, members, save_group
from tenants.insights.disclosure.models import ReleaseGroup
from tenants.organisations.queries import all_authorities


class GroupForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    name = StringField("Name of the group", [InputRequired("Enter what the group is called."), Length(max=200)])
    authorities = SelectMultipleField("Authorities in the group")


@blueprint.get(f"{BASE}/groups")
@requires(Permission.PUBLISH_RELEASES)
def release_groups() -> str:
    return render_template("platform/release_groups.html", groups=groups(PlatformScope()))


@blueprint.route(f"{BASE}/groups/new", methods=["GET", "POST"])
@requires(Permission.PUBLISH_RELEASES)
def release_group_new() -> Response | str:
    return _edit(None)


@blueprint.route(f"{BASE}/groups/<uuid:group_id>", methods=["GET", "POST"])
@requires(Permission.PUBLISH_RELEASES)
def release_group(group_id: uuid.UUID) -> Response | str:
    return _edit(group_by_id(PlatformScope(), group_id) or abort(404))


def _edit(group: ReleaseGroup | None) -> Response | str:
    form, term = GroupForm(), term_of(today()).previous
    form.authorities.choices = [(str(each.id), each.name) for each in all_authorities()]
    if form.validate_on_submit():
        try:
            saved = save_group(
                PlatformScope(),
                group_id=group.id if group else None,
                name=form.name.data or "",
                authorities=[uuid.UUID(key) for key in form.authorities.data or []],
                account_id=account_id(),
            )
        except NotAGroup as problem:
            form.authorities.errors = [str(problem)]
        else:
            flash("The group is saved. It holds from its next release on.", "success")
            return redirect(url_for("platform.release_group", group_id=saved.id), 303)
    if request.method == "GET" and group:
        form.name.data, form.authorities.data = group.name, list(map(str, group.authorities))
    inside = members(PlatformScope(), group, term=term) if group else []
    return render_template(
        "platform/release_group.html",
        group=group,
        form=form,
        term=term,
        members=inside,
        is_enough=sum(each.is_out for each in inside) >= FEWEST,
        fewest=FEWEST,
    )


@blueprint.post(f"{BASE}/groups/<uuid:group_id>/draft")
@requires(Permission.PUBLISH_RELEASES)
def release_group_draft(group_id: uuid.UUID) -> Response:
    """Asks for the draft of the last term, with the authorities whose releases are out now."""
    group = group_by_id(PlatformScope(), group_id) or abort(404)
    ask_for_group(group.id, group.name, term_of(today()).previous.key)
    flash("The draft is being made. It is on the page of releases when it is done.", "success")
    return redirect(url_for("platform.releases"), 303)
