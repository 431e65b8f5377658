"""Read and confirm by a mailed link: no account, two taps. Looking writes nothing, for mail scanners follow links."""

import uuid

from flask import abort, redirect, render_template, url_for
from werkzeug.wrappers import Response

from blueprints.public.pages import blueprint
from blueprints.public.reading_questions import Asked, ReadForm, chosen_in, explain_wrong_answers, read_form
from blueprints.web.access import public, today
from prevent_trust.signed_links import READING_LINK, read_signed_ids
from prevent_trust.tenancy import SchoolScope, bind_scope
from tenants.organisations.queries import names_of_organisations
from tenants.reading.campaigns import OpenedLink, confirm_by_link, opened_link
from tenants.reading.models import ConfirmationSource
from tenants.reading.queries import DocumentInForce
from tenants.reading.questions.actions import answer_questions
from tenants.reading.questions.queries import answers_of, current_questions
from tenants.staff.queries import roles_on, staff_member

REASON = "the signed link names one person and one document, expires and can be withdrawn"


@blueprint.get("/read/<token>")
@public(REASON)
def read_and_confirm(token: str) -> str | tuple[str, int]:
    school_id, link = _link(token)
    if link.document is None:
        return render_template("public/reading_over.html", confirmed_on=link.confirmed_on), 410
    return reading_page(school_id, link)


@blueprint.post("/read/<token>")
@public(REASON)
def read_and_confirm_now(token: str) -> Response | str:
    school_id, link = _link(token)
    back = url_for("public.read_and_confirm", token=token)
    return confirmed_page(school_id, link, source=ConfirmationSource.LINK, back=back)


def reading_page(school_id: uuid.UUID, link: OpenedLink, *, by_slip: bool = False, form: ReadForm | None = None) -> str:
    """What somebody is asked to read and to answer; the link must not be over."""
    assert link.document is not None  # noqa: S101  # the caller looked
    asked = _asked(school_id, link)
    return render_template(
        "public/reading.html",
        school=names_of_organisations({school_id})[school_id],
        link=link,
        parts=_parts(school_id, link.document, link.staff_id),
        form=form or read_form(asked),
        asked=asked,
        by_slip=by_slip,
    )


def confirmed_page(
    school_id: uuid.UUID, link: OpenedLink, *, source: ConfirmationSource, back: str, by_slip: bool = False
) -> Response | str:
    """Writes what the reader answered, and that they confirmed once every answer is right; then leads back to their page.

    A wrong answer is explained on the page, and tried again there.
    """
    if link.document is None or link.confirmed_on:
        return redirect(back, 303)
    scope, asked = SchoolScope(school_id), _asked(school_id, link)
    form = read_form(asked)
    if asked.set_id and asked.questions:
        if form.asked.data != str(asked.set_id):
            return _asked_anew(school_id, link, by_slip=by_slip)
        if not form.validate_on_submit():
            return reading_page(school_id, link, by_slip=by_slip, form=form)
        edition_id, chosen = link.document.edition_id, chosen_in(form, asked)
        if not answer_questions(
            scope, edition_id=edition_id, set_id=asked.set_id, staff_id=link.staff_id, chosen=chosen
        ):
            return _asked_anew(school_id, link, by_slip=by_slip)
        explain_wrong_answers(form, asked)
        if form.errors:
            return reading_page(school_id, link, by_slip=by_slip, form=form)
    if form.validate_on_submit():
        confirm_by_link(scope, link, today=today(), source=source)
    return redirect(back, 303)


def _asked_anew(school_id: uuid.UUID, link: OpenedLink, *, by_slip: bool) -> str:
    """The page after the school has changed its questions: what was sent answers others."""
    form = read_form(_asked(school_id, link), with_what_was_sent=False)
    form.form_errors.append("The school has changed its questions. Answer these")
    return reading_page(school_id, link, by_slip=by_slip, form=form)


def _asked(school_id: uuid.UUID, link: OpenedLink) -> Asked:
    """The questions, with what the reader has answered rightly before; none once they have confirmed."""
    scope = SchoolScope(school_id)
    found = current_questions(scope, link.document.edition_id) if link.document and not link.confirmed_on else None
    if found is None:
        return Asked(None, (), {})
    return Asked(found.id, found.questions, answers_of(scope, found.id, link.staff_id))


def _parts(school_id: uuid.UUID, document: DocumentInForce, staff_id: uuid.UUID) -> tuple[str, ...]:
    """What of the document its reader reads, by the roles that they hold today."""
    member = staff_member(SchoolScope(school_id), staff_id)
    return document.parts_for(roles_on(member, today())) if member else document.parts


def _link(token: str) -> tuple[uuid.UUID, OpenedLink]:
    """The link, in its school's scope from here on. An address that was not signed here does not exist."""
    ids = read_signed_ids(READING_LINK, token, count=2)
    if ids is None:
        abort(404)
    school_id, link_id = ids
    bind_scope(SchoolScope(school_id))
    return school_id, opened_link(SchoolScope(school_id), link_id, today=today()) or abort(404)
