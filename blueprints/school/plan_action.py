"""What is asked, is it true, who does what by when? One action: its answer, its evidence, its history."""

import uuid
from typing import Any

from flask import Response as FileResponse
from flask import abort, current_app, flash, redirect, render_template, url_for
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from werkzeug.wrappers import Response
from wtforms import HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from blueprints.school.blueprint import blueprint
from blueprints.school.plan import StartForm, how_known
from blueprints.web.access import account_id, can, requires, today
from blueprints.web.fields import DatePartsField
from prevent_trust.config import Settings
from prevent_trust.database import new_id
from prevent_trust.storage import Storage, StoredFileMissing
from prevent_trust.tenancy import SchoolScope
from tenants.access.permissions import Permission
from tenants.insights.measures.compliance import action_states
from tenants.insights.measures.types import ActionState
from tenants.plan.actions import (
    Answer,
    ChangedMeanwhile,
    PlanError,
    add_file,
    add_link,
    answer_action,
    put_back_evidence,
    remove_evidence,
    remove_own_action,
)
from tenants.plan.edition_source import DFE_AREAS
from tenants.plan.evidence_files import ACCEPTED, media_type_of, safe_name
from tenants.plan.models import ActionStatus
from tenants.plan.queries import ActionPage, action_history, action_page, evidence_file, evidence_of, possible_owners
from tenants.plan.types import ROLE_WORDS, STATUS_NAMES
from tenants.references.queries import references_by_key

BASE = "/schools/<uuid:school_id>/plan/actions/<uuid:action_id>"
CHUNK = 256 * 1024
HINTS = {
    "not_met": "What is asked is not in place",
    "partly_met": "Some of it is in place",
    "met": "All of it is in place and you could show it to an inspector today",
    "not_applicable": "It cannot apply to this school. Say why in the note",
}


class AnswerForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    status = RadioField("Where does this stand?", choices=[(value.value, name) for value, name in STATUS_NAMES.items()])
    override_reason = TextAreaField("Why the records are not right about this", [Length(max=1000)])
    owner_role = SelectField("Role", choices=[("", "No role"), *ROLE_WORDS.items()])
    owner_id = SelectField("Person", validate_choice=True)
    due_on = DatePartsField("Due date", optional=True)
    note = TextAreaField("Note", [Length(max=2000)])
    seen = HiddenField()

    def answer(self) -> Answer:
        return Answer(
            status=ActionStatus(self.status.data),
            owner_role=self.owner_role.data or None,
            owner_id=uuid.UUID(self.owner_id.data) if self.owner_id.data else None,
            due_on=self.due_on.data,
            note=self.note.data.strip(),
            override_reason=(self.override_reason.data or "").strip() or None,
        )


class LinkForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    address = StringField("Address", [DataRequired("Enter the address of the page or file"), Length(max=2000)])
    title = StringField("What it is", [Length(max=200)])


class FileForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    file = FileField("File", [FileRequired("Choose a file")])
    title = StringField("What it shows", [Length(max=200)])


@blueprint.get(BASE)
@requires(Permission.READ_SCHOOL)
def plan_action(school_id: uuid.UUID, action_id: uuid.UUID) -> str:
    scope = SchoolScope(school_id)
    page = action_page(scope, action_id) or abort(404)
    return _render(scope, page, _state(scope, action_id))


@blueprint.post(BASE)
@requires(Permission.EDIT_SCHOOL)
def plan_action_answer(school_id: uuid.UUID, action_id: uuid.UUID) -> Response | str:
    scope = SchoolScope(school_id)
    page = action_page(scope, action_id) or abort(404)
    form = AnswerForm()
    _offer_choices(form, scope, page)
    if form.validate_on_submit():
        answered = _save(scope, form, action_id)
        if answered is not None:
            return answered
    return _render(scope, page, _state(scope, action_id), form=form)


def _state(scope: SchoolScope, action_id: uuid.UUID) -> ActionState | None:
    """How the action stands today; none when it is not in the current plan."""
    return next((each for each in action_states(scope, as_at=today()) if each.action_id == action_id), None)


def _filled_form(page: ActionPage, state: ActionState | None) -> AnswerForm:
    row = page.row
    return AnswerForm(
        formdata=None,
        status=(state.declared_status if state else ActionStatus.NOT_ANSWERED).value,
        override_reason=row.override_reason or "",
        owner_role=row.owner_role or "",
        owner_id=str(row.owner_id or ""),
        due_on=row.due_on,
        note=row.note,
        seen=str(row.answer_id or ""),
    )


def _offer_choices(form: AnswerForm, scope: SchoolScope, page: ActionPage) -> None:
    """Who works here today; who has the action although they left, and roles of the plan's own, stay on offer."""
    row = page.row
    people = [(str(key), name) for key, name in possible_owners(scope, as_at=today())]
    if row.owner_id and str(row.owner_id) not in dict(people):
        people.append((str(row.owner_id), f"{row.owner_name} (no longer on the staff)"))
    form.owner_id.choices = [("", "Nobody yet"), *people]
    roles = dict(ROLE_WORDS) | {role: role for role in (*row.roles, row.owner_role) if role and role not in ROLE_WORDS}
    form.owner_role.choices = [("", "No role"), *roles.items()]


def _save(scope: SchoolScope, form: AnswerForm, action_id: uuid.UUID) -> Response | None:
    """Writes the answer; none when the form must be shown again with what is wrong."""
    try:
        changed = answer_action(
            scope,
            action_id=action_id,
            answer=form.answer(),
            seen_answer_id=uuid.UUID(form.seen.data) if form.seen.data else None,
            changed_by=account_id(),
        )
    except ChangedMeanwhile:
        form.status.errors = [
            "Somebody else has changed this action since you opened it. Nothing of yours was saved: "
            "open the action again, look at the history, and answer once more"
        ]
        return None
    except (PlanError, ValueError) as error:
        form.status.errors = [str(error)]
        return None
    flash("Saved." if changed else "Nothing was changed.", "success" if changed else "info")
    return redirect(url_for("school.plan_action", school_id=scope.school_id, action_id=action_id), 303)


def _render(
    scope: SchoolScope,
    page: ActionPage,
    state: ActionState | None,
    *,
    form: AnswerForm | None = None,
    link_form: LinkForm | None = None,
    file_form: FileForm | None = None,
) -> str:
    settings: Settings = current_app.extensions["settings"]
    if form is None:
        form = _filled_form(page, state)
        _offer_choices(form, scope, page)
    evidence = evidence_of(scope, page.row.id, removed=True)
    return render_template(
        "school/plan/action.html",
        school_id=scope.school_id,
        page=page,
        row=page.row,
        state=state,
        known=how_known(state) if state else "",
        gap=_gap(scope, state),
        area=DFE_AREAS.get(page.row.dfe_area or ""),
        references=references_by_key(page.reference_keys),
        evidence=[piece for piece in evidence if not piece.removed_at],
        removed=[piece for piece in evidence if piece.removed_at],
        history=action_history(scope, page.row.id),
        form=form,
        link_form=link_form or LinkForm(formdata=None),
        file_form=file_form or FileForm(formdata=None),
        may_edit=can(Permission.EDIT_SCHOOL) and state is not None,
        hints=HINTS,
        accepted=ACCEPTED,
        megabytes=settings.upload_megabytes,
        today=today(),
    )


def _gap(scope: SchoolScope, state: ActionState | None) -> str | None:
    """Where the people who are missing from a measured action are listed."""
    if state is None or state.measure is None or not can(Permission.READ_STAFF):
        return None
    kind, _, key = state.measure.partition(":")
    if kind == "training":
        return url_for("school.staff", school_id=scope.school_id, gap=key)
    return url_for("school.reading_document", school_id=scope.school_id, key=key)


@blueprint.post(f"{BASE}/links")
@requires(Permission.EDIT_SCHOOL)
def plan_evidence_link(school_id: uuid.UUID, action_id: uuid.UUID) -> Response | str:
    scope = SchoolScope(school_id)
    form = LinkForm()
    if form.validate_on_submit():
        try:
            add_link(
                scope,
                action_id=action_id,
                title=form.title.data.strip(),
                address=form.address.data.strip(),
                added_by=account_id(),
            )
        except PlanError as error:
            form.address.errors = [str(error)]
        else:
            flash("The link is added.", "success")
            return _back(school_id, action_id)
    return _shown_again(scope, action_id, link_form=form)


@blueprint.post(f"{BASE}/files")
@requires(Permission.EDIT_SCHOOL)
def plan_evidence_file(school_id: uuid.UUID, action_id: uuid.UUID) -> Response | str:
    scope = SchoolScope(school_id)
    form = FileForm()
    if form.validate_on_submit():
        try:
            _keep_file(scope, action_id, form)
        except PlanError as error:
            form.file.errors = [str(error)]
        else:
            flash("The file is added.", "success")
            return _back(school_id, action_id)
    return _shown_again(scope, action_id, file_form=form)


def _keep_file(scope: SchoolScope, action_id: uuid.UUID, form: FileForm) -> None:
    storage: Storage = current_app.extensions["storage"]
    upload = form.file.data
    media_type = media_type_of(upload.stream)
    stored = storage.save(upload.stream, key=f"evidence/{scope.school_id}/{new_id()}")
    try:
        add_file(
            scope,
            action_id=action_id,
            title=form.title.data.strip(),
            storage_key=stored.key,
            file_name=safe_name(upload.filename or ""),
            media_type=media_type,
            size=stored.size,
            sha256=stored.sha256,
            added_by=account_id(),
        )
    except PlanError:
        storage.delete(stored.key)
        raise


def _shown_again(scope: SchoolScope, action_id: uuid.UUID, **wrong: Any) -> str:
    page = action_page(scope, action_id) or abort(404)
    return _render(scope, page, _state(scope, action_id), **wrong)


@blueprint.get("/schools/<uuid:school_id>/evidence/<uuid:evidence_id>")
@requires(Permission.READ_SCHOOL)
def plan_evidence(school_id: uuid.UUID, evidence_id: uuid.UUID) -> FileResponse:
    """The file itself, always as a download: nothing that somebody uploaded is shown as a page of ours."""
    evidence = evidence_file(SchoolScope(school_id), evidence_id) or abort(404)
    storage: Storage = current_app.extensions["storage"]
    opened = storage.open(evidence.storage_key or "")
    try:
        stream = opened.__enter__()
    except StoredFileMissing:
        abort(404)

    def chunks() -> Any:
        try:
            while chunk := stream.read(CHUNK):
                yield chunk
        finally:
            opened.__exit__(None, None, None)

    response = FileResponse(chunks(), mimetype=evidence.media_type)
    response.headers.set("Content-Disposition", "attachment", filename=evidence.file_name or "evidence")
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.content_length = evidence.size  # type: ignore[assignment]  # werkzeug takes none, too
    return response


@blueprint.post(f"{BASE}/evidence/<uuid:evidence_id>/remove")
@requires(Permission.EDIT_SCHOOL)
def plan_evidence_remove(school_id: uuid.UUID, action_id: uuid.UUID, evidence_id: uuid.UUID) -> Response:
    scope = SchoolScope(school_id)
    if not remove_evidence(scope, action_id=action_id, evidence_id=evidence_id, removed_by=account_id()):
        abort(404)
    flash("The evidence is out of view. You can put it back below.", "success")
    return _back(school_id, action_id)


@blueprint.post(f"{BASE}/evidence/<uuid:evidence_id>/put-back")
@requires(Permission.EDIT_SCHOOL)
def plan_evidence_put_back(school_id: uuid.UUID, action_id: uuid.UUID, evidence_id: uuid.UUID) -> Response:
    if not put_back_evidence(SchoolScope(school_id), action_id=action_id, evidence_id=evidence_id):
        abort(404)
    flash("The evidence is back.", "success")
    return _back(school_id, action_id)


@blueprint.route(f"{BASE}/remove", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def plan_action_remove(school_id: uuid.UUID, action_id: uuid.UUID) -> Response | str:
    scope = SchoolScope(school_id)
    page = action_page(scope, action_id) or abort(404)
    form = StartForm()
    if form.validate_on_submit():
        try:
            remove_own_action(scope, action_id=action_id)
        except PlanError as error:
            flash(str(error), "error")
            return _back(school_id, action_id)
        flash("The action is out of your plan. You can put it back from the archive.", "success")
        return redirect(url_for("school.plan", school_id=school_id), 303)
    return render_template("school/plan/remove_action.html", school_id=school_id, row=page.row, form=form)


def _back(school_id: uuid.UUID, action_id: uuid.UUID) -> Response:
    return redirect(url_for("school.plan_action", school_id=school_id, action_id=action_id, _anchor="evidence"), 303)
