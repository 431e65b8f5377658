"""Writing an edition: what the pages of a trust and those of the platform share.

A draft says at first what its base says. It is changed action by action, shown as the difference that schools will see, and
published; from then on nobody can change it.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import abort, flash, redirect, render_template
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import HiddenField, IntegerField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, NumberRange, Optional

from blueprints.web.access import account_id, today
from blueprints.web.fields import as_uuid
from blueprints.web.free_text import NoPupilData, outdated_in
from prevent_trust.database import new_id
from prevent_trust.tenancy import PlatformScope, TrustScope
from tenants.access.actions import record_act
from tenants.insights.subjects import measure_choices, titles_of_subjects
from tenants.plan.edition_actions import (
    DraftChangedMeanwhile,
    change_draft,
    drop_draft,
    open_draft,
    publish_draft,
    start_draft,
)
from tenants.plan.edition_content import (
    ContentAction,
    EditionContent,
    EditionError,
    add_action,
    change_action,
    move_action,
    retire_action,
    shift_action,
)
from tenants.plan.edition_difference import CHANGE_NAMES, difference
from tenants.plan.edition_queries import content_of, edition_for, editions_for
from tenants.plan.edition_source import DFE_AREAS
from tenants.plan.models import EditionDraft
from tenants.plan.types import ROLE_WORDS
from tenants.references.frameworks import load_frameworks

CHANGED = (
    "Somebody else has changed the draft since you opened it. Nothing of yours was saved: look at it and try again."
)


@dataclass(frozen=True)
class EditionDesk:
    """Who writes, and where the pages are: `url(name, **values)` gives the address of a page of this audience."""

    scope: TrustScope | PlatformScope
    url: Callable[..., str]
    audit: dict[str, Any] = field(default_factory=dict)


class StartForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    title = StringField("What the edition is called", [DataRequired("Enter a title"), Length(max=150), NoPupilData()])
    based_on = SelectField("Based on", coerce=as_uuid)


class DraftForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    title = StringField("Title", [DataRequired("Enter a title"), Length(max=150), NoPupilData()])
    notes = TextAreaField("What changed and why", [Length(max=2000), NoPupilData()])
    revision = HiddenField()


class ActionForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    wording = TextAreaField("Wording", [DataRequired("Enter what is to be done"), Length(max=1000), NoPupilData()])
    good_looks_like = TextAreaField("What good looks like", [Length(max=1000), NoPupilData()])
    expectation = SelectField("Part of the plan")
    roles = SelectMultipleField("By whom", choices=list(ROLE_WORDS.items()))
    measure = SelectField("Status")
    target_percent = IntegerField(
        "Target in per cent", [Optional(), NumberRange(1, 100, "Enter a number from 1 to 100")]
    )
    recurs_months = IntegerField(
        "Look at it again after how many months", [Optional(), NumberRange(1, 120, "Enter a number from 1 to 120")]
    )
    dfe_area = SelectField("DfE self-assessment area", choices=[("", "None"), *DFE_AREAS.items()])
    serves = SelectMultipleField("What it serves")
    revision = HiddenField()

    def fields(self) -> dict[str, Any]:
        """The action's fields, apart from where it stands."""
        measure = self.measure.data or None
        return {
            "wording": self.wording.data.strip(),
            "good_looks_like": (self.good_looks_like.data or "").strip(),
            "roles": tuple(self.roles.data or ()),
            "measure": measure,
            "target_percent": (self.target_percent.data or 100) if measure else None,
            "recurs_months": self.recurs_months.data,
            "dfe_area": self.dfe_area.data or None,
            "serves": tuple(self.serves.data or ()),
        }


class StepForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    step = HiddenField()
    key = HiddenField()
    revision = HiddenField()


def start_form(desk: EditionDesk) -> StartForm:
    form = StartForm()
    form.based_on.choices = [(line.edition.id, line.edition.title) for line in editions_for(desk.scope)]
    return form


def begin_draft(desk: EditionDesk, form: StartForm) -> Response | None:
    """Opens a draft; none when the form must be shown again."""
    if not form.validate_on_submit():
        return None
    try:
        draft = start_draft(
            desk.scope, based_on_id=form.based_on.data, title=form.title.data.strip(), made_by=account_id()
        )
    except EditionError as error:
        form.based_on.errors = [str(error)]
        return None
    return redirect(desk.url("draft", draft_id=draft.id), 303)


def edition_page(desk: EditionDesk, edition_id: uuid.UUID) -> str:
    """An edition to be read, with what changed against the one that it is based on."""
    edition = edition_for(desk.scope, edition_id) or abort(404)
    content = content_of(edition.id)
    changes = None
    if edition.based_on_id:
        changes = difference(content_of(edition.based_on_id), content, titles=titles_of_subjects(desk.scope))
    return render_template(
        "editions/edition.html", desk=desk, edition=edition, content=content, changes=changes, change_names=CHANGE_NAMES
    )


def draft_page(desk: EditionDesk, draft_id: uuid.UUID, form: DraftForm | None = None) -> str:
    """The draft, action by action, and the difference as schools will see it."""
    draft = open_draft(desk.scope, draft_id) or abort(404)
    content = EditionContent.from_json(draft.content)
    base = content_of(draft.based_on_id)
    there = {action.key for action in content.actions}
    return render_template(
        "editions/draft.html",
        desk=desk,
        draft=draft,
        content=content,
        retired=[action for action in base.actions if action.key not in there],
        changes=difference(base, content, titles=titles_of_subjects(desk.scope)),
        change_names=CHANGE_NAMES,
        outdated=outdated_in(*(action.wording for action in content.actions)),
        form=form or DraftForm(formdata=None, title=draft.title, notes=draft.notes, revision=str(draft.revision)),
        step_form=StepForm(formdata=None),
    )


def save_draft(desk: EditionDesk, draft_id: uuid.UUID) -> Response | str:
    """The title and the notes."""
    draft = open_draft(desk.scope, draft_id) or abort(404)
    form = DraftForm()
    if not form.validate_on_submit():
        return draft_page(desk, draft_id, form)
    return _changed(
        desk, draft, form.revision.data, title=form.title.data.strip(), notes=(form.notes.data or "").strip()
    )


def step_draft(desk: EditionDesk, draft_id: uuid.UUID) -> Response:
    """Moves an action up or down, retires it, or takes a retired one in again."""
    draft = open_draft(desk.scope, draft_id) or abort(404)
    form = StepForm()
    content = EditionContent.from_json(draft.content)
    key = form.key.data or ""
    try:
        match form.step.data:
            case "up":
                content = shift_action(content, key, by=-1)
            case "down":
                content = shift_action(content, key, by=1)
            case "retire":
                content = retire_action(content, key)
            case "keep":
                content = _taken_in_again(content, content_of(draft.based_on_id), key)
            case _:
                raise EditionError("choose what is to be done with the action")  # told like the others
    except EditionError as error:
        flash(f"That cannot be done: {error}.", "error")
        return redirect(desk.url("draft", draft_id=draft_id), 303)
    return _changed(desk, draft, form.revision.data, content=content, anchor=f"action-{key}")


def _taken_in_again(content: EditionContent, base: EditionContent, key: str) -> EditionContent:
    placed = next((each for each in base.placed() if each.action.key == key), None)
    if placed is None:
        raise EditionError(f"the base has no action {key}")
    at = placed.expectation.actions.index(placed.action)
    return add_action(content, placed.expectation.key, placed.action, at=at)


def action_of_draft(desk: EditionDesk, draft_id: uuid.UUID, key: str | None) -> Response | str:
    """The form of one action: of the draft's, or with no key a new one."""
    draft = open_draft(desk.scope, draft_id) or abort(404)
    content = EditionContent.from_json(draft.content)
    placed = next((each for each in content.placed() if each.action.key == key), None)
    if key is not None and placed is None:
        abort(404)
    form = ActionForm()
    _offer(desk, form, content)
    if form.validate_on_submit():
        try:
            content = _with_action(content, placed.action if placed else None, form)
        except EditionError as error:
            form.wording.errors = [str(error)]
        else:
            return _changed(desk, draft, form.revision.data, content=content, anchor=f"action-{key or ''}")
    elif not form.is_submitted():
        form = _filled(placed.action if placed else None, placed.expectation.key if placed else None, draft)
        _offer(desk, form, content)
    return render_template("editions/action.html", desk=desk, draft=draft, form=form, placed=placed)


def _with_action(content: EditionContent, action: ContentAction | None, form: ActionForm) -> EditionContent:
    if action is None:
        new = ContentAction(key=f"own-{new_id().hex[-12:]}", **form.fields())
        return add_action(content, form.expectation.data, new)
    changed = change_action(content, action.key, **form.fields())
    here = next(each.expectation.key for each in changed.placed() if each.action.key == action.key)
    return changed if here == form.expectation.data else move_action(changed, action.key, to=form.expectation.data)


def _filled(action: ContentAction | None, place: str | None, draft: EditionDraft) -> ActionForm:
    values: dict[str, Any] = {"revision": str(draft.revision)}
    if action is not None:
        values |= {
            "wording": action.wording,
            "good_looks_like": action.good_looks_like,
            "expectation": place,
            "roles": list(action.roles),
            "measure": action.measure or "",
            "target_percent": action.target_percent,
            "recurs_months": action.recurs_months,
            "dfe_area": action.dfe_area or "",
            "serves": list(action.serves),
        }
    return ActionForm(formdata=None, **values)


def _offer(desk: EditionDesk, form: ActionForm, content: EditionContent) -> None:
    form.expectation.choices = {
        section.title: [(each.key, each.wording) for duty in section.duties for each in duty.expectations]
        for section in content.sections
    }
    form.measure.choices = [("", "Declared by the school"), *measure_choices(desk.scope)]
    form.serves.choices = [
        (item.code, f"{framework.title}: {item.place}, {item.title}")
        for framework in load_frameworks()
        for item in framework.items
        if item.dfe_area is None
    ]


def publish(desk: EditionDesk, draft_id: uuid.UUID) -> Response:
    draft = open_draft(desk.scope, draft_id) or abort(404)
    form = StepForm()
    try:
        edition = publish_draft(
            desk.scope, draft_id=draft.id, seen_revision=_revision(form.revision.data), today=today()
        )
    except DraftChangedMeanwhile:
        flash(CHANGED, "error")
        return redirect(desk.url("draft", draft_id=draft_id), 303)
    except EditionError as error:
        flash(str(error), "error")
        return redirect(desk.url("draft", draft_id=draft_id), 303)
    record_act("edition published", account_id=account_id(), edition_id=str(edition.id), **desk.audit)
    flash(f"“{edition.title}” is published. Nobody can change it from now on.", "success")
    return redirect(desk.url("edition", edition_id=edition.id), 303)


def drop(desk: EditionDesk, draft_id: uuid.UUID, *, dropped: bool) -> Response:
    if not drop_draft(desk.scope, draft_id=draft_id, dropped=dropped):
        abort(404)
    if dropped:
        flash("The draft is put away.", "success")
        return redirect(desk.url("editions", dropped=draft_id), 303)
    flash("The draft is here again.", "success")
    return redirect(desk.url("draft", draft_id=draft_id), 303)


def _revision(seen: str | None) -> int:
    """The state of the draft that the page showed; none of them for a page that does not say."""
    return int(seen) if seen and seen.isdecimal() else 0


def _changed(
    desk: EditionDesk, draft: EditionDraft, seen: str | None, *, anchor: str | None = None, **values: Any
) -> Response:
    try:
        change_draft(desk.scope, draft_id=draft.id, seen_revision=_revision(seen), changed_by=account_id(), **values)
    except DraftChangedMeanwhile:
        flash(CHANGED, "error")
    else:
        flash("Saved in the draft.", "success")
    return redirect(desk.url("draft", draft_id=draft.id, _anchor=anchor), 303)
