"""Documents of one's own and editions of what is shared: what the pages of a school and of a trust have in common.

An edition is written part by part, compared with the one that it follows, and put in force. The routes are in
`document_routes.py`: each makes a `DocumentDesk` and calls one of these.
"""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from flask import Response as FileResponse
from flask import abort, current_app, flash, redirect, render_template, request
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from blueprints.web.access import account_id, can, today
from blueprints.web.document_forms import (
    MOST_CHARACTERS,
    PART_FORMS,
    AddressForm,
    ButtonForm,
    DocumentForm,
    DraftForm,
    MoveForm,
    PublishForm,
    StartForm,
    TextForm,
)
from blueprints.web.presentation import long_date, plural
from blueprints.web.uploads import keep_file, stored_file
from prevent_trust.config import Settings
from prevent_trust.storage import Storage
from prevent_trust.tenancy import SchoolScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.plan.actions import PlanError
from tenants.plan.evidence_files import ACCEPTED
from tenants.reading.edition_content import AddressContent, FileContent, PartContent, TextContent
from tenants.reading.models import DocumentEdition, EditionAsks, PartKind
from tenants.reading.own_editions import (
    EditionProblem,
    add_part,
    change_edition,
    change_part,
    delete_edition,
    move_part,
    publish_edition,
    remove_part,
    start_document,
    start_edition,
    take_back,
    withdraw_own,
)
from tenants.reading.own_queries import (
    OwnScope,
    PartState,
    changes_of,
    document_for,
    in_force_for,
    own_edition,
    own_editions,
    was_confirmed,
    without_own,
)
from tenants.reading.queries import Part, part_of, stored_part
from tenants.staff.models import STAFF_ROLE_NAMES

KINDS = {PartKind.TEXT: "A text", PartKind.FILE: "A file", PartKind.ADDRESS: "An address of a page or file elsewhere"}
STATE_WORDS = {
    PartState.NEW: "New",
    PartState.CHANGED: "Changed",
    PartState.SAME: "Says the same",
    PartState.SAME_ADDRESS: "The same address",
}


@dataclass(frozen=True)
class DocumentDesk:
    """Who writes, and where the pages are: `url(name, **values)` gives the address of a page of this audience."""

    scope: OwnScope
    url: Callable[..., str]
    audit: dict[str, Any] = field(default_factory=dict)

    @property
    def may_edit(self) -> bool:
        return can(Permission.EDIT_SCHOOL if isinstance(self.scope, SchoolScope) else Permission.EDIT_TRUST)

    @property
    def whose(self) -> str:
        return "your school’s" if isinstance(self.scope, SchoolScope) else "your trust’s"

    @property
    def where(self) -> str:
        return "at your school" if isinstance(self.scope, SchoolScope) else "at every school of your trust"


def _storage() -> Storage:
    storage: Storage = current_app.extensions["storage"]
    return storage


def new_document(desk: DocumentDesk) -> Response | str:
    form = DocumentForm(in_force_from=today())
    if form.validate_on_submit():
        edition = start_document(
            desk.scope,
            title=form.title.data.strip(),
            audience=form.audience.data,
            label=form.label.data.strip(),
            in_force_from=form.in_force_from.data or today(),
            made_by=account_id(),
        )
        record_act("document begun", account_id=account_id(), title=form.title.data.strip(), **desk.audit)
        return redirect(desk.url("edition", edition_id=edition.id), 303)
    return render_template("documents/new.html", desk=desk, form=form)


def new_edition(desk: DocumentDesk, key: str) -> Response | str:
    """Begins an edition, or goes on with the one that is being written."""
    document = document_for(desk.scope, key) or abort(404)
    draft = next((each for each in own_editions(desk.scope, key) if each.published_on is None), None)
    if draft is not None and request.method == "GET":
        return redirect(desk.url("edition", edition_id=draft.id), 303)
    before = next((each for each in in_force_for(desk.scope, today()) if each.key == key), None)
    form = StartForm(in_force_from=today())
    if form.validate_on_submit():
        try:
            edition = start_edition(
                desk.scope,
                key=key,
                label=form.label.data.strip(),
                in_force_from=form.in_force_from.data or today(),
                from_the_one_before=form.from_the_one_before.data,
                today=today(),
                made_by=account_id(),
                storage=_storage(),
            )
        except EditionProblem as problem:
            form.label.errors = [str(problem)]
        else:
            return redirect(desk.url("edition", edition_id=edition.id), 303)
    has_content = before is not None and any(part.kind is not PartKind.WHOLE for part in before.parts)
    return render_template(
        "documents/start.html", desk=desk, document=document, before=before, has_content=has_content, form=form
    )


def edition_page(desk: DocumentDesk, edition_id: uuid.UUID) -> Response | str:
    """One edition of one's own: to be written, or as it is in force."""
    edition = own_edition(desk.scope, edition_id) or abort(404)
    form = DraftForm(label=edition.label, in_force_from=edition.in_force_from, rule=edition.reading_rule)
    if request.method == "POST" and form.validate_on_submit():
        try:
            change_edition(
                desk.scope,
                edition_id=edition_id,
                label=form.label.data.strip(),
                in_force_from=form.in_force_from.data or today(),
                rule=form.rule.data.strip(),
            )
        except EditionProblem as problem:
            form.label.errors = [str(problem)]
        else:
            flash("Saved.", "success")
            return redirect(desk.url("edition", edition_id=edition_id), 303)
    holds = any(each.edition_id == edition_id for each in in_force_for(desk.scope, today()))
    return render_template(
        "documents/edition.html",
        desk=desk,
        edition=edition,
        parts=[part_of(part) for part in edition.parts],
        form=form,
        move=MoveForm(formdata=None),
        kinds=KINDS,
        holds=holds,
        was_confirmed=edition.published_on is not None and was_confirmed(edition_id),
        role_names=STAFF_ROLE_NAMES,
    )


def new_part(desk: DocumentDesk, edition_id: uuid.UUID) -> Response | str:
    edition = _being_written(desk, edition_id)
    kinds = {kind.value: kind for kind in KINDS}
    kind = kinds.get(request.args.get("kind", ""), PartKind.TEXT)
    form = PART_FORMS[kind]()
    if form.validate_on_submit():
        content = _content(desk, form)
        if content is None and not form.errors:
            form.file.errors = ["Choose a file"]
        if content is not None:
            try:
                add_part(
                    desk.scope,
                    edition_id=edition_id,
                    title=form.title.data.strip(),
                    audience=form.audience.data,
                    content=content,
                )
            except EditionProblem as problem:
                _forget(content)
                form.title.errors = [str(problem)]
            else:
                return redirect(desk.url("edition", edition_id=edition_id), 303)
    return _part_page(desk, edition, form, kind, None)


def part_page(desk: DocumentDesk, edition_id: uuid.UUID, part_id: uuid.UUID) -> Response | str:
    """Changing a part that is being written. A file that is not replaced stays."""
    edition = _being_written(desk, edition_id)
    part = _part(edition, part_id)
    form = PART_FORMS[part.kind](title=part.title, audience=list(part.audience), text=part.text, address=part.address)
    if form.validate_on_submit():
        content = _content(desk, form)
        if content is not None or not form.errors:
            try:
                change_part(
                    desk.scope,
                    edition_id=edition_id,
                    part_id=part_id,
                    title=form.title.data.strip(),
                    audience=form.audience.data,
                    content=content,
                    storage=_storage(),
                )
            except EditionProblem as problem:
                _forget(content)
                form.title.errors = [str(problem)]
            else:
                return redirect(desk.url("edition", edition_id=edition_id), 303)
    return _part_page(desk, edition, form, part.kind, part)


def _content(desk: DocumentDesk, form: Any) -> PartContent | None:
    """What was entered; none where no file was chosen, or it is not taken, which the form then says."""
    match form:
        case TextForm():
            return TextContent(form.text.data)
        case AddressForm():
            return AddressContent(form.address.data)
    if form.file.data is None or not form.file.data.filename:
        return None
    try:
        return FileContent(**vars(keep_file(desk.scope, form.file.data)))
    except PlanError as problem:
        form.file.errors = [str(problem)]
        return None


def _forget(content: PartContent | None) -> None:
    if isinstance(content, FileContent):
        _storage().delete(content.storage_key)


def _part_page(desk: DocumentDesk, edition: DocumentEdition, form: Any, kind: PartKind, part: Part | None) -> str:
    settings: Settings = current_app.extensions["settings"]
    return render_template(
        "documents/part.html",
        desk=desk,
        edition=edition,
        form=form,
        kind=kind,
        kinds=KINDS,
        part=part,
        most_characters=MOST_CHARACTERS,
        accepted=ACCEPTED,
        megabytes=settings.upload_megabytes,
    )


def _being_written(desk: DocumentDesk, edition_id: uuid.UUID) -> DocumentEdition:
    edition = own_edition(desk.scope, edition_id)
    if edition is None or edition.published_on is not None:
        abort(404)
    return edition


def _part(edition: DocumentEdition, part_id: uuid.UUID) -> Part:
    return next((part_of(part) for part in edition.parts if part.id == part_id), None) or abort(404)


def part_move(desk: DocumentDesk, edition_id: uuid.UUID, part_id: uuid.UUID) -> Response:
    edition, form = _being_written(desk, edition_id), MoveForm()
    _part(edition, part_id)
    if form.validate_on_submit() and form.by.data in {"-1", "1"}:
        move_part(desk.scope, edition_id=edition_id, part_id=part_id, by=int(form.by.data))
    return redirect(desk.url("edition", edition_id=edition_id), 303)


def part_remove(desk: DocumentDesk, edition_id: uuid.UUID, part_id: uuid.UUID) -> Response | str:
    edition, form = _being_written(desk, edition_id), ButtonForm()
    part = _part(edition, part_id)
    if form.validate_on_submit():
        remove_part(desk.scope, edition_id=edition_id, part_id=part_id, storage=_storage())
        flash("The part is removed.", "success")
        return redirect(desk.url("edition", edition_id=edition_id), 303)
    words = [f"“{part.title}” is taken out of edition {edition.label}. You cannot get it back."]
    return _ask_first(desk, edition, form, "Remove this part?", words, "Remove it")


def part_file(desk: DocumentDesk, edition_id: uuid.UUID, part_id: uuid.UUID) -> FileResponse:
    _part(own_edition(desk.scope, edition_id) or abort(404), part_id)
    kept = stored_part(desk.scope, part_id) or abort(404)
    return stored_file(kept.storage_key, kept.file_name, kept.media_type, kept.size)


def publish_page(desk: DocumentDesk, edition_id: uuid.UUID) -> Response | str:
    """Shows what changed, asks whom to ask again, and puts the edition in force."""
    edition = _being_written(desk, edition_id)
    before, changed = changes_of(desk.scope, edition, today=today())
    form = PublishForm()
    form.same_pages.choices = [(part.id, part.title) for part in changed.to_be_told]
    if form.validate_on_submit():
        try:
            carried = publish_edition(
                desk.scope,
                edition_id=edition_id,
                asks=EditionAsks(form.asks.data) if before else EditionAsks.EVERYBODY,
                same_pages=form.same_pages.data or (),
                today=today(),
                published_by=account_id(),
            )
        except EditionProblem as problem:
            form.asks.errors = [str(problem)]
        else:
            _say_published(desk, edition, carried)
            return redirect(desk.url("edition", edition_id=edition_id), 303)
    return render_template(
        "documents/publish.html",
        desk=desk,
        edition=edition,
        before=before,
        changes=changed,
        words=STATE_WORDS,
        form=form,
        role_names=STAFF_ROLE_NAMES,
    )


def _say_published(desk: DocumentDesk, edition: DocumentEdition, carried: int) -> None:
    record_act(
        "document edition put in force",
        account_id=account_id(),
        document=edition.document.key,
        edition=edition.label,
        carried=carried,
        **desk.audit,
    )
    kept = (
        f" {plural(carried, 'confirmation')} of the edition before still count{'s' if carried == 1 else ''}."
        if carried
        else ""
    )
    flash(f"Edition {edition.label} is in force.{kept}", "success")


def take_back_page(desk: DocumentDesk, edition_id: uuid.UUID) -> Response | str:
    edition, form = own_edition(desk.scope, edition_id) or abort(404), ButtonForm()
    if edition.published_on is None or edition.withdrawn_on is not None or was_confirmed(edition_id):
        abort(404)
    if form.validate_on_submit():
        try:
            again = take_back(desk.scope, edition_id=edition_id, today=today())
        except EditionProblem as problem:
            form.form_errors.append(str(problem))
        else:
            record_act(
                "document edition taken back", account_id=account_id(), document=edition.document.key, edition=edition.label,
                **desk.audit,
            )  # fmt: skip
            flash("You can correct the edition now. Put it in force again when it is right.", "success")
            return redirect(desk.url("edition", edition_id=again.id), 303)
    words = [
        f"Nobody has confirmed edition {edition.label} yet, so it can be corrected.",
        "While you do so, the edition before holds again, and past days stay as they were. Links that ask people to read "
        "this one do not work. Which confirmations still count is worked out anew when you put it in force.",
    ]
    return _ask_first(desk, edition, form, "Take this edition back to correct it?", words, "Take it back")


def delete_page(desk: DocumentDesk, edition_id: uuid.UUID) -> Response | str:
    edition, form = _being_written(desk, edition_id), ButtonForm()
    title, label = edition.document.title, edition.label
    if form.validate_on_submit():
        try:
            delete_edition(desk.scope, edition_id=edition_id, storage=_storage())
        except EditionProblem as problem:
            form.form_errors.append(str(problem))
        else:
            record_act("document edition deleted", account_id=account_id(), document=title, edition=label, **desk.audit)
            flash("The edition is deleted.", "success")
            return redirect(desk.url("reading"), 303)
    words = [
        f"Edition {label} of “{title}” and its parts are deleted. Nobody has confirmed it. You cannot get it back."
    ]
    return _ask_first(desk, edition, form, "Delete this edition?", words, "Delete it")


def withdraw_page(desk: DocumentDesk, key: str) -> Response | str:
    """Says first what will hold instead."""
    own = next((each for each in own_editions(desk.scope, key) if each.published_on and not each.withdrawn_on), None)
    edition, form = own or abort(404), ButtonForm()
    if form.validate_on_submit():
        withdraw_own(desk.scope, key=key, today=today())
        record_act("own document withdrawn", account_id=account_id(), document=key, **desk.audit)
        flash("It is withdrawn. Who confirmed it stays on record.", "success")
        return redirect(desk.url("reading"), 303)
    then = without_own(desk.scope, key, today())
    if then is None:
        what = f"From today nobody {desk.where} has to read “{edition.document.title}”."
    else:
        whose = "your trust’s" if then.owner.value == "trust" else "the shared"
        what = (
            f"From today {whose} edition {then.edition} holds {desk.where}, in force since {long_date(then.in_force_from)}. "
            "Only those who confirmed that edition count as having read it."
        )
    words = [what, "What was confirmed stays on record, and past days show it."]
    return _ask_first(desk, edition, form, f"Withdraw “{edition.document.title}”?", words, "Withdraw it")


def _ask_first(
    desk: DocumentDesk, edition: DocumentEdition, form: FlaskForm, title: str, words: Iterable[str], button: str
) -> str:
    return render_template(
        "documents/ask_first.html", desk=desk, edition=edition, form=form, title=title, words=list(words), button=button
    )
