"""The publisher's review: drafts of releases, what they would make known, the decision; requests; catalogues."""

import uuid

from flask import Response as FileResponse
from flask import abort, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import SelectMultipleField, TextAreaField
from wtforms.validators import Length

from blueprints.platform.blueprint import blueprint
from blueprints.web.access import account_id, requires, today
from blueprints.web.free_text import NoPupilData
from blueprints.web.released_pages import table_data
from prevent_trust.jobs.ledger import request_job
from prevent_trust.tenancy import AuthorityScope, PlatformScope
from tenants.access.permissions import Permission
from tenants.calendar.rules import Term, parse_term, term_of
from tenants.insights.disclosure.catalogue import catalogue
from tenants.insights.disclosure.groups import FEWEST, GroupState, group_by_id, group_line
from tenants.insights.disclosure.models import STATE_NAMES, DraftState, ReleaseDraft, ReleaseGroup
from tenants.insights.disclosure.publishing import CannotDecide, approve, decline, leave_out, send_back, withdraw
from tenants.insights.disclosure.requests import request_of
from tenants.insights.disclosure.review import (
    complaints,
    draft_by_id,
    draft_file,
    earlier_releases,
    hidden_cells,
    left_out_by,
    preview,
    unseen_cells,
)
from tenants.organisations.queries import authority_by_id

BASE = "/platform/releases"
REMADE = (DraftState.REFUSED, DraftState.SENT_BACK, DraftState.OVERTAKEN)


class ReasonForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    reason = TextAreaField("Reason", [Length(max=1000), NoPupilData()])


class CatalogueForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    tables = SelectMultipleField("Tables in coming releases")


@blueprint.get(f"{BASE}/drafts/<uuid:draft_id>")
@requires(Permission.PUBLISH_RELEASES)
def release_draft(draft_id: uuid.UUID) -> str:
    return _page(draft_id, ReasonForm())


def _page(draft_id: uuid.UUID, form: ReasonForm) -> str:
    scope = PlatformScope()
    line = draft_by_id(scope, draft_id) or abort(404)
    shown = preview(scope, draft_id)
    return render_template(
        "platform/release_draft.html",
        line=line,
        draft=line.draft,
        state_name=STATE_NAMES[line.draft.state],
        content=shown[0] if shown else None,
        tables=[(table, table_data(table)) for table in shown[0].tables] if shown else [],
        figures=shown[1] if shown else [],
        files=shown[2] if shown else [],
        hidden=hidden_cells(line.draft),
        unseen=unseen_cells(line.draft),
        complaints=complaints(line.draft),
        earlier=earlier_releases(scope, line.draft),
        can_remake=line.draft.state in REMADE,
        form=form,
    )


@blueprint.get(f"{BASE}/drafts/<uuid:draft_id>/files/<filename>")
@requires(Permission.PUBLISH_RELEASES)
def release_draft_file(draft_id: uuid.UUID, filename: str) -> FileResponse:
    body, media_type = draft_file(PlatformScope(), draft_id, filename) or abort(404)
    disposition = f'attachment; filename="draft-{filename}"'
    return FileResponse(body, content_type=media_type, headers={"Content-Disposition": disposition})


@blueprint.post(f"{BASE}/drafts/<uuid:draft_id>/approve")
@requires(Permission.PUBLISH_RELEASES)
def release_approve(draft_id: uuid.UUID) -> Response | str:
    form = ReasonForm()
    try:
        draft = approve(PlatformScope(), draft_id=draft_id, account_id=account_id())
    except CannotDecide as problem:
        return _refused(draft_id, form, problem)
    _settle(draft)
    flash("The release is approved. It comes out within a minute, and the officers are told.", "success")
    return redirect(url_for("platform.release_draft", draft_id=draft_id), 303)


@blueprint.post(f"{BASE}/drafts/<uuid:draft_id>/send-back")
@requires(Permission.PUBLISH_RELEASES)
def release_send_back(draft_id: uuid.UUID) -> Response | str:
    form = ReasonForm()
    if not form.validate_on_submit():
        return _page(draft_id, form)
    try:
        send_back(PlatformScope(), draft_id=draft_id, account_id=account_id(), reason=form.reason.data or "")
    except CannotDecide as problem:
        return _refused(draft_id, form, problem)
    flash("The draft is sent back. Make it again when the reason is dealt with.", "success")
    return redirect(url_for("platform.release_draft", draft_id=draft_id), 303)


@blueprint.post(f"{BASE}/drafts/<uuid:draft_id>/withdraw")
@requires(Permission.PUBLISH_RELEASES)
def release_withdraw(draft_id: uuid.UUID) -> Response | str:
    form = ReasonForm()
    if not form.validate_on_submit():
        return _page(draft_id, form)
    try:
        draft = withdraw(PlatformScope(), draft_id=draft_id, account_id=account_id(), note=form.reason.data or "")
    except CannotDecide as problem:
        return _refused(draft_id, form, problem)
    _settle(draft)
    flash("The release is being withdrawn. Its readers see your note in its place.", "success")
    return redirect(url_for("platform.release_draft", draft_id=draft_id), 303)


def _refused(draft_id: uuid.UUID, form: ReasonForm, problem: CannotDecide) -> str:
    form.reason.errors = [str(problem)]
    return _page(draft_id, form)


def _settle(draft: ReleaseDraft) -> None:
    """The worker does what was decided; its job is in the ledger with the decision, so that neither is lost."""
    of_authority = {"authority_id": str(draft.authority_id)} if draft.authority_id else {}
    request_job(
        "settle_release",
        scope=AuthorityScope(draft.authority_id) if draft.authority_id else PlatformScope(),
        title=f"{draft.authority_name}: {draft.title}",
        arguments=of_authority | {"draft_id": str(draft.id)},
        requested_by=account_id(),
    )


@blueprint.post(f"{BASE}/drafts/<uuid:draft_id>/again")
@requires(Permission.PUBLISH_RELEASES)
def release_draft_again(draft_id: uuid.UUID) -> Response:
    draft = (draft_by_id(PlatformScope(), draft_id) or abort(404)).draft
    if draft.state not in REMADE:
        abort(404)
    if draft.authority_id:
        _ask_for(draft.authority_id, draft.authority_name, draft.term, draft.request_id)
    elif draft.group_id:
        ask_for_group(group_by_id(PlatformScope(), draft.group_id) or abort(404), parse_term(draft.term))
        return redirect(url_for("platform.release_group", group_id=draft.group_id), 303)
    flash("The draft will be made again, with the figures and releases as they are now.", "success")
    return redirect(url_for("platform.releases"), 303)


def _ask_for(authority_id: uuid.UUID, name: str, term: str, request_id: uuid.UUID | None) -> None:
    arguments = {"authority_id": str(authority_id)}
    arguments |= {"request_id": str(request_id)} if request_id else {"term": term}
    request_job(
        "make_requested_release" if request_id else "make_release",
        scope=AuthorityScope(authority_id),
        title=f"Draft release for {name}",
        arguments=arguments,
        requested_by=account_id(),
    )


def ask_for_group(group: ReleaseGroup, term: Term) -> None:
    """Asks for the draft of a group's release, if one can be made, and says what comes of it."""
    line = group_line(PlatformScope(), group, term=term)
    if line.state is GroupState.READY:
        request_job(
            "make_group_release",
            scope=PlatformScope(),
            title=f"Draft release for {group.name}, {term.title}",
            arguments={"group_id": str(group.id), "term": term.key},
            requested_by=account_id(),
        )
        flash("The draft is being made. It is in this group’s list when it is done.", "success")
    elif line.state is GroupState.WAITING:
        flash(
            f"{line.out} of the {len(line.members)} authorities have a release of the {term.title.lower()} that is out;"
            f" at least {FEWEST} are needed.",
            "error",
        )
    else:
        flash("There is a draft or a release of that term already. Send the draft back to have another made.", "error")


@blueprint.get(f"{BASE}/requests/<uuid:request_id>")
@requires(Permission.PUBLISH_RELEASES)
def release_request(request_id: uuid.UUID) -> str:
    return _request_page(request_id, ReasonForm())


def _request_page(request_id: uuid.UUID, form: ReasonForm) -> str:
    asked = request_of(PlatformScope(), request_id) or abort(404)
    line = draft_by_id(PlatformScope(), asked.draft_id) if asked.draft_id else None
    names = STATE_NAMES
    return render_template("platform/release_request.html", asked=asked, line=line, names=names, form=form)


@blueprint.post(f"{BASE}/requests/<uuid:request_id>/try")
@requires(Permission.PUBLISH_RELEASES)
def release_request_try(request_id: uuid.UUID) -> Response:
    """Makes the table as a draft, so that its publisher sees what it would disclose together with all before."""
    asked = request_of(PlatformScope(), request_id) or abort(404)
    _ask_for(asked.authority_id, asked.authority, asked.term, asked.id)
    flash("The table is being made as a draft. Come back in a minute to see what it would make known.", "success")
    return redirect(url_for("platform.release_request", request_id=request_id), 303)


@blueprint.post(f"{BASE}/requests/<uuid:request_id>/decline")
@requires(Permission.PUBLISH_RELEASES)
def release_request_decline(request_id: uuid.UUID) -> Response | str:
    form = ReasonForm()
    if not form.validate_on_submit():
        return _request_page(request_id, form)
    try:
        decline(PlatformScope(), request_id=request_id, account_id=account_id(), answer=form.reason.data or "")
    except CannotDecide as problem:
        form.reason.errors = [str(problem)]
        return _request_page(request_id, form)
    flash("The officer reads your answer on the authority’s page of requests.", "success")
    return redirect(url_for("platform.releases"), 303)


@blueprint.route(f"{BASE}/catalogues/<uuid:organisation_id>", methods=["GET", "POST"])
@requires(Permission.PUBLISH_RELEASES)
def release_catalogue(organisation_id: uuid.UUID) -> Response | str:
    """Which tables an authority's coming releases have; and asking for the draft of the last term now."""
    scope, data = PlatformScope(), catalogue()
    authority = authority_by_id(organisation_id) or abort(404)
    form = CatalogueForm()
    made = [table for table in data.tables if not table.waits]
    form.tables.choices = [(table.key, table.title) for table in made]
    if form.validate_on_submit():
        left_out = [table.key for table in made if table.key not in (form.tables.data or [])]
        leave_out(scope, authority_id=authority.id, keys=left_out, account_id=account_id())
        if request.form.get("draft") == "yes":
            _ask_for(authority.id, authority.name, term_of(today()).previous.key, None)
        flash("The catalogue is saved. It holds from the next draft on.", "success")
        return redirect(url_for("platform.releases"), 303)
    if request.method == "GET":
        absent = left_out_by(scope, authority.id)
        form.tables.data = [table.key for table in made if table.key not in absent]
    waiting = [table for table in data.tables if table.waits]
    return render_template(
        "platform/release_catalogue.html",
        authority=authority,
        form=form,
        waiting=waiting,
        term=term_of(today()).previous,
    )
