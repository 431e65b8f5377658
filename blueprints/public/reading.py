"""Read and confirm by a mailed link: no account, two taps. Looking writes nothing, for mail scanners follow links."""

import uuid

from flask import abort, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from blueprints.public.pages import blueprint
from blueprints.web.access import public, today
from prevent_trust.signed_links import READING_LINK, read_signed_ids
from prevent_trust.tenancy import SchoolScope, bind_scope
from tenants.organisations.queries import names_of_organisations
from tenants.reading.campaigns import OpenedLink, confirm_by_link, opened_link
from tenants.reading.models import ConfirmationSource
from tenants.reading.queries import DocumentInForce
from tenants.staff.queries import roles_on, staff_member

REASON = "the signed link names one person and one document, expires and can be withdrawn"


class ReadForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    """A button."""


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


def reading_page(school_id: uuid.UUID, link: OpenedLink, *, by_slip: bool = False) -> str:
    """What somebody is asked to read; the link must not be over."""
    assert link.document is not None  # noqa: S101  # the caller looked
    return render_template(
        "public/reading.html",
        school=names_of_organisations({school_id})[school_id],
        link=link,
        parts=_parts(school_id, link.document, link.staff_id),
        form=ReadForm(),
        by_slip=by_slip,
    )


def confirmed_page(
    school_id: uuid.UUID, link: OpenedLink, *, source: ConfirmationSource, back: str, by_slip: bool = False
) -> Response | str:
    """Writes that the reader confirmed, and leads back to their page."""
    if ReadForm().validate_on_submit():
        confirm_by_link(SchoolScope(school_id), link, today=today(), source=source)
    return redirect(back, 303)


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
