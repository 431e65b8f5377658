"""What shows it? Files, links and notes: adding them to an action, newer revisions, which actions each serves, downloads."""

import uuid
from dataclasses import dataclass, replace
from typing import Any

from flask import Response as FileResponse
from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from flask_wtf.file import FileRequired, MultipleFileField
from werkzeug.wrappers import Response
from wtforms import SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Optional

from blueprints.school.blueprint import blueprint
from blueprints.school.plan_list import PLAN
from blueprints.web.access import account_id, can, requires, today
from blueprints.web.fields import DatePartsField, as_uuid
from blueprints.web.free_text import NoPupilData
from blueprints.web.uploads import keep_file, stored_file
from prevent_trust.config import Settings
from prevent_trust.csv_output import csv_bytes
from prevent_trust.storage import Storage
from prevent_trust.tenancy import SchoolScope
from tenants.access.permissions import Permission
from tenants.plan.actions import PlanError
from tenants.plan.evidence.actions import (
    Content,
    LinkContent,
    NoteContent,
    StoredContent,
    add_evidence,
    revise_evidence,
    serve_actions,
    stop_using_evidence,
    use_evidence,
)
from tenants.plan.evidence.models import EvidenceKind
from tenants.plan.evidence.queries import (
    EvidencePiece,
    evidence_file,
    evidence_of,
    evidence_of_school,
    evidence_piece,
)
from tenants.plan.evidence_files import ACCEPTED
from tenants.plan.queries import action_page, current_plan, outline

ACTION = f"{PLAN}/actions/<uuid:action_id>"
BASE = "/schools/<uuid:school_id>/evidence"
KIND_NAMES = {EvidenceKind.FILE: "File", EvidenceKind.LINK: "Link", EvidenceKind.NOTE: "Note"}
EXPIRED, EXPIRING, UNUSED = "expired", "in_date", "unused"


class Dated(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    """A piece or a revision says from when on it shows what it shows, and until when."""

    kind = ""  # before the names of its fields, since the forms stand on one page

    effective_from = DatePartsField("Effective from", optional=True)
    expires_on = DatePartsField("Expires after", optional=True)

    def __init__(self, *arguments: Any, **values: Any) -> None:
        super().__init__(*arguments, prefix=self.kind, **values)


class LinkForm(Dated):
    kind = "link"

    address = StringField(
        "Address", [DataRequired("Enter the address of the page or file"), Length(max=2000), NoPupilData()]
    )
    title = StringField("What it is", [Length(max=200), NoPupilData()])

    def content(self) -> Content:
        return LinkContent(self.address.data.strip())


class NoteForm(Dated):
    kind = "note"

    text = TextAreaField("Note", [DataRequired("Enter what shows that this is done"), Length(max=4000), NoPupilData()])
    title = StringField("What it is", [Length(max=200), NoPupilData()])

    def content(self) -> Content:
        return NoteContent(self.text.data.strip())


class FileForm(Dated):
    kind = "file"

    files = MultipleFileField("Files", [FileRequired("Choose a file")])
    title = StringField("What it shows", [Length(max=200), NoPupilData()])


class UseForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    evidence_id = SelectField("Evidence that is here already", coerce=as_uuid)


class ServesForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    actions = SelectMultipleField("Actions that it serves", [Optional()], coerce=as_uuid)


@dataclass(frozen=True)
class EvidenceForms:
    """The four ways to show something for an action."""

    link: LinkForm
    note: NoteForm
    files: FileForm
    use: UseForm


def evidence_forms(scope: SchoolScope, action_id: uuid.UUID) -> EvidenceForms:
    """Empty forms; the last offers what the school has and the action does not use."""
    use = UseForm(formdata=None)
    used = {piece.id for piece in evidence_of(scope, action_id)}
    use.evidence_id.choices = [
        (piece.id, f"{piece.title} ({KIND_NAMES[piece.kind].lower()})")
        for piece in evidence_of_school(scope)
        if piece.id not in used
    ]
    return EvidenceForms(LinkForm(formdata=None), NoteForm(formdata=None), FileForm(formdata=None), use)


@blueprint.post(f"{ACTION}/links")
@requires(Permission.EDIT_SCHOOL)
def plan_evidence_link(school_id: uuid.UUID, action_id: uuid.UUID) -> Response | str:
    scope, form = SchoolScope(school_id), LinkForm()
    if _added(scope, action_id, form, form.address):
        flash("The link is added.", "success")
        return _back(school_id, action_id)
    return _shown_again(scope, action_id, link=form)


@blueprint.post(f"{ACTION}/notes")
@requires(Permission.EDIT_SCHOOL)
def plan_evidence_note(school_id: uuid.UUID, action_id: uuid.UUID) -> Response | str:
    scope, form = SchoolScope(school_id), NoteForm()
    if _added(scope, action_id, form, form.text):
        flash("The note is added.", "success")
        return _back(school_id, action_id)
    return _shown_again(scope, action_id, note=form)


def _added(scope: SchoolScope, action_id: uuid.UUID, form: LinkForm | NoteForm, field: Any) -> bool:
    if not form.validate_on_submit():
        return False
    try:
        add_evidence(
            scope,
            action_id=action_id,
            title=form.title.data.strip(),
            content=form.content(),
            effective_from=form.effective_from.data,
            expires_on=form.expires_on.data,
            added_by=account_id(),
        )
    except PlanError as error:
        field.errors = [str(error)]
        return False
    return True


@blueprint.post(f"{ACTION}/files")
@requires(Permission.EDIT_SCHOOL)
def plan_evidence_files(school_id: uuid.UUID, action_id: uuid.UUID) -> Response | str:
    """Several files at once are several pieces. When one cannot be taken, none is, and the page says which and why."""
    scope, form = SchoolScope(school_id), FileForm()
    if form.validate_on_submit():
        stored: list[StoredContent] = []
        try:
            for upload in form.files.data:
                stored.append(keep_file(scope, upload))  # noqa: PERF401  # what was kept is forgotten when one fails
            for content in stored:
                add_evidence(
                    scope,
                    action_id=action_id,
                    title=form.title.data.strip(),
                    content=content,
                    effective_from=form.effective_from.data,
                    expires_on=form.expires_on.data,
                    added_by=account_id(),
                )
        except PlanError as error:
            _forget(stored)
            form.files.errors = [str(error)]
        else:
            flash("The file is added." if len(stored) == 1 else f"{len(stored)} files are added.", "success")
            return _back(school_id, action_id)
    return _shown_again(scope, action_id, files=form)


def _forget(stored: list[StoredContent]) -> None:
    storage: Storage = current_app.extensions["storage"]
    for content in stored:
        storage.delete(content.storage_key)


@blueprint.post(f"{ACTION}/evidence")
@requires(Permission.EDIT_SCHOOL)
def plan_evidence_use(school_id: uuid.UUID, action_id: uuid.UUID) -> Response | str:
    """A piece that is here already serves this action, too."""
    scope = SchoolScope(school_id)
    forms = evidence_forms(scope, action_id)
    form = UseForm()
    form.evidence_id.choices = forms.use.evidence_id.choices
    if form.validate_on_submit():
        try:
            use_evidence(scope, evidence_id=form.evidence_id.data, action_id=action_id, added_by=account_id())
        except PlanError as error:
            form.evidence_id.errors = [str(error)]
        else:
            flash("It serves this action as well.", "success")
            return _back(school_id, action_id)
    return _shown_again(scope, action_id, use=form)


def _shown_again(scope: SchoolScope, action_id: uuid.UUID, **wrong: Any) -> str:
    from blueprints.school.plan_action import render_action  # that page holds these forms

    page = action_page(scope, action_id) or abort(404)
    return render_action(scope, page, evidence=replace(evidence_forms(scope, action_id), **wrong))


@blueprint.post(f"{ACTION}/evidence/<uuid:evidence_id>/remove")
@requires(Permission.EDIT_SCHOOL)
def plan_evidence_remove(school_id: uuid.UUID, action_id: uuid.UUID, evidence_id: uuid.UUID) -> Response:
    scope = SchoolScope(school_id)
    if not stop_using_evidence(scope, action_id=action_id, evidence_id=evidence_id, removed_by=account_id()):
        abort(404)
    flash("The evidence is taken from this action. You can put it back below.", "success")
    return _back(school_id, action_id)


@blueprint.post(f"{ACTION}/evidence/<uuid:evidence_id>/put-back")
@requires(Permission.EDIT_SCHOOL)
def plan_evidence_put_back(school_id: uuid.UUID, action_id: uuid.UUID, evidence_id: uuid.UUID) -> Response:
    try:
        use_evidence(SchoolScope(school_id), evidence_id=evidence_id, action_id=action_id, added_by=account_id())
    except PlanError:
        abort(404)
    flash("The evidence is back.", "success")
    return _back(school_id, action_id)


def _back(school_id: uuid.UUID, action_id: uuid.UUID) -> Response:
    return redirect(url_for("school.plan_action", school_id=school_id, action_id=action_id, _anchor="evidence"), 303)


# The school's evidence as a whole


@blueprint.get(BASE)
@requires(Permission.READ_SCHOOL)
def evidence(school_id: uuid.UUID) -> str | FileResponse:
    scope = SchoolScope(school_id)
    wordings = _wordings(scope)
    state = request.args.get("state", "")
    pieces = [piece for piece in evidence_of_school(scope) if _is_in(piece, state, wordings)]
    if request.args.get("format") == "csv":
        return _csv(pieces, wordings)
    return render_template(
        "school/evidence/list.html",
        school_id=school_id,
        pieces=pieces,
        wordings=wordings,
        kinds=KIND_NAMES,
        today=today(),
        state=state,
        selects=[
            {
                "name": "state",
                "label": "Which",
                "value": state,
                "options": [
                    ("", "All evidence"),
                    (EXPIRED, "Expired"),
                    (EXPIRING, "In date"),
                    (UNUSED, "Serves no action of the plan"),
                ],
            }
        ],
    )


def _is_in(piece: EvidencePiece, state: str, wordings: dict[uuid.UUID, str]) -> bool:
    expired = piece.now.has_expired(today())
    used = any(action_id in wordings for action_id in piece.action_ids)
    return {EXPIRED: expired, EXPIRING: not expired, UNUSED: not used}.get(state, True)


def _wordings(scope: SchoolScope) -> dict[uuid.UUID, str]:
    """The actions of the current plan."""
    header = current_plan(scope)
    if header is None:
        return {}
    return {action.id: action.wording for section in outline(scope, header) for action in section.actions}


def _csv(pieces: list[EvidencePiece], wordings: dict[uuid.UUID, str]) -> FileResponse:
    lines = [
        (
            piece.title,
            KIND_NAMES[piece.kind],
            piece.now.number,
            piece.now.effective_from,
            piece.now.expires_on,
            piece.now.file_name or piece.now.address or piece.now.note,
            piece.now.sha256,
            "; ".join(wordings[action_id] for action_id in piece.action_ids if action_id in wordings),
        )
        for piece in pieces
    ]
    headers = ("Evidence", "Kind", "Revision", "Effective from", "Expires after", "Content", "SHA-256", "Serves")
    return FileResponse(
        csv_bytes(headers, lines),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="evidence.csv"'},
    )


@blueprint.get(f"{BASE}/<uuid:evidence_id>/revisions")
@requires(Permission.READ_SCHOOL)
def evidence_revisions(school_id: uuid.UUID, evidence_id: uuid.UUID) -> str:
    scope = SchoolScope(school_id)
    return _piece_page(scope, evidence_piece(scope, evidence_id) or abort(404))


def _piece_page(scope: SchoolScope, piece: EvidencePiece, form: Dated | None = None) -> str:
    wordings = _wordings(scope)
    serves = ServesForm(formdata=None, actions=[key for key in piece.action_ids if key in wordings])
    serves.actions.choices = list(wordings.items())
    settings: Settings = current_app.extensions["settings"]
    return render_template(
        "school/evidence/piece.html",
        school_id=scope.school_id,
        piece=piece,
        kinds=KIND_NAMES,
        wordings=wordings,
        form=form or _FORMS[piece.kind](formdata=None),
        serves=serves,
        may_edit=can(Permission.EDIT_SCHOOL),
        accepted=ACCEPTED,
        megabytes=settings.upload_megabytes,
        today=today(),
    )


_FORMS: dict[EvidenceKind, type[Any]] = {
    EvidenceKind.FILE: FileForm,
    EvidenceKind.LINK: LinkForm,
    EvidenceKind.NOTE: NoteForm,
}


@blueprint.post(f"{BASE}/<uuid:evidence_id>/revisions")
@requires(Permission.EDIT_SCHOOL)
def evidence_revise(school_id: uuid.UUID, evidence_id: uuid.UUID) -> Response | str:
    """A newer revision; the earlier ones stay to be read."""
    scope = SchoolScope(school_id)
    piece = evidence_piece(scope, evidence_id) or abort(404)
    form = _FORMS[piece.kind]()
    if not form.validate_on_submit():
        return _piece_page(scope, piece, form)
    kept: list[StoredContent] = []
    try:
        if isinstance(form, FileForm):
            kept.append(keep_file(scope, form.files.data[0]))
        revise_evidence(
            scope,
            evidence_id=evidence_id,
            content=kept[0] if kept else form.content(),
            effective_from=form.effective_from.data,
            expires_on=form.expires_on.data,
            added_by=account_id(),
        )
    except PlanError as error:
        _forget(kept)
        form.effective_from.errors = [str(error)]
        return _piece_page(scope, piece, form)
    flash("The new revision is here. The earlier ones can still be read.", "success")
    return redirect(url_for("school.evidence_revisions", school_id=school_id, evidence_id=evidence_id), 303)


@blueprint.post(f"{BASE}/<uuid:evidence_id>/serves")
@requires(Permission.EDIT_SCHOOL)
def evidence_serves(school_id: uuid.UUID, evidence_id: uuid.UUID) -> Response:
    scope = SchoolScope(school_id)
    evidence_piece(scope, evidence_id) or abort(404)
    form = ServesForm()
    form.actions.choices = list(_wordings(scope).items())
    if not form.validate_on_submit():
        flash("Choose actions of the current plan.", "error")
    else:
        added, removed = serve_actions(
            scope, evidence_id=evidence_id, action_ids=set(form.actions.data or []), changed_by=account_id()
        )
        flash(f"It serves {added} more and {removed} fewer actions than before.", "success")
    return redirect(url_for("school.evidence_revisions", school_id=school_id, evidence_id=evidence_id), 303)


@blueprint.get(f"{BASE}/<uuid:evidence_id>")
@requires(Permission.READ_SCHOOL)
def plan_evidence(school_id: uuid.UUID, evidence_id: uuid.UUID) -> FileResponse:
    """The file itself, always as a download: nothing that somebody uploaded is shown as a page of ours."""
    number = request.args.get("revision", type=int)
    revision = evidence_file(SchoolScope(school_id), evidence_id, number) or abort(404)
    return stored_file(
        revision.storage_key or "", revision.file_name or "evidence", revision.media_type or "", revision.size or 0
    )
