"""Read and confirm by a mailed link: no account, two taps. Looking writes nothing, for mail scanners follow links."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from flask import Response as FileResponse
from flask import abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from blueprints.public.pages import blueprint
from blueprints.public.reading_questions import Asked, ReadForm, chosen_in, explain_wrong_answers, read_form
from blueprints.web.access import public, today
from blueprints.web.uploads import stored_file
from prevent_trust.signed_links import READING_LINK, read_signed_ids
from prevent_trust.tenancy import SchoolScope, bind_scope
from tenants.organisations.queries import names_of_organisations
from tenants.reading.campaigns import OpenedLink, confirm_by_link, opened_link
from tenants.reading.models import ConfirmationSource
from tenants.reading.queries import stored_part
from tenants.reading.questions.actions import answer_questions
from tenants.reading.questions.queries import answers_of, current_questions

REASON = "the signed link names one person and one document, expires and can be withdrawn"


@dataclass(frozen=True)
class Door:
    """How somebody came to what they read: where its page is, and where the file of a part."""

    source: ConfirmationSource
    page: str
    file: Callable[[uuid.UUID], str]


@blueprint.get("/read/<token>")
@public(REASON)
def read_and_confirm(token: str) -> str | tuple[str, int]:
    school_id, link = _link(token)
    if link.document is None:
        return render_template("public/reading_over.html", confirmed_on=link.confirmed_on), 410
    return reading_page(school_id, link, _by_link(token))


@blueprint.post("/read/<token>")
@public(REASON)
def read_and_confirm_now(token: str) -> Response | str:
    school_id, link = _link(token)
    return confirmed_page(school_id, link, _by_link(token))


def _by_link(token: str) -> Door:
    return Door(
        ConfirmationSource.LINK,
        url_for("public.read_and_confirm", token=token),
        lambda part_id: url_for("public.read_part_file", token=token, part_id=part_id),
    )


def reading_page(school_id: uuid.UUID, link: OpenedLink, door: Door, *, form: ReadForm | None = None) -> str:
    """What somebody is asked to read and to answer; the link must not be over."""
    asked = _asked(school_id, link)
    return render_template(
        "public/reading.html",
        school=names_of_organisations({school_id})[school_id],
        link=link,
        form=form or read_form(asked, shown=link.shown),
        asked=asked,
        by_slip=door.source is ConfirmationSource.SHEET,
        file=door.file,
        changed=bool(request.args.get("changed")),
    )


def confirmed_page(school_id: uuid.UUID, link: OpenedLink, door: Door) -> Response | str:
    """Writes what the reader answered, and that they confirmed once every answer is right; then leads back to their page.

    A wrong answer is explained on the page, and tried again there. Nobody confirms what came there while they read.
    """
    if link.document is None or link.confirmed_on:
        return redirect(door.page, 303)
    form = read_form(_asked(school_id, link), shown=link.shown)
    if form.shown.data and form.shown.data != link.shown:
        return redirect(f"{door.page}?changed=1", 303)
    again = _questions_again(school_id, link, door, form)
    if again is not None:
        return again
    if form.validate_on_submit():
        confirm_by_link(SchoolScope(school_id), link, today=today(), source=door.source)
    return redirect(door.page, 303)


def _questions_again(school_id: uuid.UUID, link: OpenedLink, door: Door, form: ReadForm) -> str | None:
    """Writes the answers. The page anew where one is missing or wrong, or they answer other questions; else none."""
    scope, asked = SchoolScope(school_id), _asked(school_id, link)
    if link.document is None or asked.set_id is None or not asked.questions:
        return None
    if form.asked.data != str(asked.set_id):
        return _asked_anew(school_id, link, door)
    if not form.validate_on_submit():
        return reading_page(school_id, link, door, form=form)
    edition_id, chosen = link.document.edition_id, chosen_in(form, asked)
    if not answer_questions(scope, edition_id=edition_id, set_id=asked.set_id, staff_id=link.staff_id, chosen=chosen):
        return _asked_anew(school_id, link, door)
    explain_wrong_answers(form, asked)
    return reading_page(school_id, link, door, form=form) if form.errors else None


def _asked_anew(school_id: uuid.UUID, link: OpenedLink, door: Door) -> str:
    """The page after the school has changed its questions: what was sent answers others."""
    form = read_form(_asked(school_id, link), shown=link.shown, with_what_was_sent=False)
    form.form_errors.append("The school has changed its questions. Answer these")
    return reading_page(school_id, link, door, form=form)


def _asked(school_id: uuid.UUID, link: OpenedLink) -> Asked:
    """The questions, with what the reader has answered rightly before; none once they have confirmed."""
    scope = SchoolScope(school_id)
    found = current_questions(scope, link.document.edition_id) if link.document and not link.confirmed_on else None
    if found is None:
        return Asked(None, (), {})
    return Asked(found.id, found.questions, answers_of(scope, found.id, link.staff_id))


@blueprint.get("/read/<token>/parts/<uuid:part_id>")
@public(REASON)
def read_part_file(token: str, part_id: uuid.UUID) -> FileResponse:
    """The file of a part that is the reader's to read, and of no other."""
    school_id, link = _link(token)
    return part_file(school_id, link, part_id)


def part_file(school_id: uuid.UUID, link: OpenedLink, part_id: uuid.UUID) -> FileResponse:
    """The file of a part that the link asks its reader to read. Not found for any other."""
    part = next((each for each in link.parts if each.id == part_id), None) or abort(404)
    kept = stored_part(SchoolScope(school_id), part.id) or abort(404)
    return stored_file(kept.storage_key, kept.file_name, kept.media_type, kept.size)


def _link(token: str) -> tuple[uuid.UUID, OpenedLink]:
    """The link, in its school's scope from here on. An address that was not signed here does not exist."""
    ids = read_signed_ids(READING_LINK, token, count=2)
    if ids is None:
        abort(404)
    school_id, link_id = ids
    bind_scope(SchoolScope(school_id))
    return school_id, opened_link(SchoolScope(school_id), link_id, today=today()) or abort(404)
