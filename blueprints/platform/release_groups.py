"""Groups of authorities whose releases are added up: which authorities, whose releases are out, and asking for the draft."""

import uuid
from collections.abc import Iterator

from flask import Response as FileResponse
from flask import abort, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length

from blueprints.platform.blueprint import blueprint
from blueprints.platform.lists import csv_file
from blueprints.platform.release_ledger import being_made
from blueprints.platform.releases import BASE, ask_for_group
from blueprints.web.access import account_id, requires, today
from blueprints.web.job_state import STATE_WORDS
from prevent_trust.tenancy import PlatformScope
from tenants.access.permissions import Permission
from tenants.calendar.rules import Term, term_of
from tenants.insights.disclosure.groups import (
    FEWEST,
    GROUP_STATES,
    TOO_FEW,
    GroupLine,
    GroupState,
    NotAGroup,
    group_by_id,
    group_line,
    group_lines,
    save_group,
)
from tenants.insights.disclosure.models import STATE_NAMES, ReleaseGroup
from tenants.insights.disclosure.review import drafts_of_group
from tenants.organisations.queries import all_authorities


class GroupForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    name = StringField(
        "Name of the group",
        [InputRequired("Enter what the group is called."), Length(max=200, message="Use at most 200 characters.")],
    )
    authorities = SelectMultipleField(
        "Authorities in the group", [Length(min=FEWEST, message=TOO_FEW)], validate_choice=False
    )


@blueprint.get(f"{BASE}/groups")
@requires(Permission.PUBLISH_RELEASES)
def release_groups() -> str | FileResponse:
    asked, words = request.args.get("state", ""), request.args.get("search", "").strip()
    state = GroupState(asked) if asked in set(GroupState) else None
    term = term_of(today()).previous
    lines = group_lines(PlatformScope(), term=term, words=words, state=state)
    if request.args.get("format") == "csv":
        headers = ("Group", "Release of the " + term.title.lower(), "Authority", "Its release is out")
        return csv_file("release-groups", headers, _rows(lines))
    return render_template(
        "platform/release_groups.html", lines=lines, term=term, states=GROUP_STATES, state=state, words=words
    )


def _rows(lines: list[GroupLine]) -> Iterator[tuple[str, ...]]:
    """A row for each authority of each group."""
    for line in lines:
        for each in line.members:
            yield line.name, GROUP_STATES[line.state], each.name, "Yes" if each.is_out else "No"


@blueprint.route(f"{BASE}/groups/new", methods=["GET", "POST"])
@requires(Permission.PUBLISH_RELEASES)
def release_group_new() -> Response | str:
    return _edit(None)


@blueprint.route(f"{BASE}/groups/<uuid:group_id>", methods=["GET", "POST"])
@requires(Permission.PUBLISH_RELEASES)
def release_group(group_id: uuid.UUID) -> Response | str:
    return _edit(group_by_id(PlatformScope(), group_id) or abort(404))


def _edit(group: ReleaseGroup | None) -> Response | str:
    form = GroupForm()
    form.authorities.choices = [(str(each.id), each.name) for each in all_authorities()]
    if form.validate_on_submit():
        try:
            saved = save_group(
                PlatformScope(),
                group_id=group.id if group else None,
                name=form.name.data or "",
                authorities=_chosen(form),
                account_id=account_id(),
            )
        except NotAGroup as problem:
            form[problem.field].errors = [str(problem)]
        else:
            flash("The group is saved. It holds from its next release on.", "success")
            return redirect(url_for("platform.release_group", group_id=saved.id), 303)
    if request.method == "GET" and group:
        form.name.data, form.authorities.data = group.name, list(map(str, group.authorities))
    return _page(group, form, term_of(today()).previous)


def _chosen(form: GroupForm) -> list[uuid.UUID]:
    """The authorities that were ticked; what is none of the register's is left out."""
    there = {key for key, _ in form.authorities.choices}
    return [uuid.UUID(key) for key in form.authorities.data or [] if key in there]


def _page(group: ReleaseGroup | None, form: GroupForm, term: Term) -> str:
    scope = PlatformScope()
    jobs = [job for job in being_made() if group and job.arguments.get("group_id") == str(group.id)]
    return render_template(
        "platform/release_group.html",
        group=group,
        form=form,
        term=term,
        line=group_line(scope, group, term=term) if group else None,
        drafts=drafts_of_group(scope, group.id) if group else [],
        jobs=jobs,
        under_way=not all(job.is_finished for job in jobs),
        job_words=STATE_WORDS,
        names=STATE_NAMES,
        fewest=FEWEST,
    )


@blueprint.post(f"{BASE}/groups/<uuid:group_id>/draft")
@requires(Permission.PUBLISH_RELEASES)
def release_group_draft(group_id: uuid.UUID) -> Response:
    """Asks for the draft of the last term, with the authorities whose releases are out now."""
    group = group_by_id(PlatformScope(), group_id) or abort(404)
    ask_for_group(group, term_of(today()).previous)
    return redirect(url_for("platform.release_group", group_id=group.id), 303)
