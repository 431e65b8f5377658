"""Read and confirm by a mailed link: no account, two taps. Looking writes nothing, for mail scanners follow links."""

import uuid

from flask import Response as FileResponse
from flask import abort, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import HiddenField

from blueprints.public.pages import blueprint
from blueprints.web.access import public, today
from blueprints.web.uploads import stored_file
from prevent_trust.signed_links import READING_LINK, read_signed_ids
from prevent_trust.tenancy import SchoolScope, bind_scope
from tenants.organisations.queries import names_of_organisations
from tenants.reading.campaigns import OpenedLink, confirm_by_link, opened_link
from tenants.reading.queries import stored_part

REASON = "the signed link names one person and one document, expires and can be withdrawn"


class ReadForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    """A button, and what stood above it: nobody confirms what came there while they read."""

    shown = HiddenField()


@blueprint.get("/read/<token>")
@public(REASON)
def read_and_confirm(token: str) -> str | tuple[str, int]:
    school_id, link = _link(token)
    if link.document is None:
        return render_template("public/reading_over.html", confirmed_on=link.confirmed_on), 410
    school = names_of_organisations({school_id})[school_id]
    return render_template(
        "public/reading.html",
        school=school,
        link=link,
        token=token,
        form=ReadForm(formdata=None, shown=link.shown),
        changed=bool(request.args.get("changed")),
    )


@blueprint.post("/read/<token>")
@public(REASON)
def read_and_confirm_now(token: str) -> Response:
    school_id, link = _link(token)
    form = ReadForm()
    if form.validate_on_submit() and link.document:
        if form.shown.data and form.shown.data != link.shown:
            return redirect(url_for("public.read_and_confirm", token=token, changed=1), 303)
        confirm_by_link(SchoolScope(school_id), link, today=today())
    return redirect(url_for("public.read_and_confirm", token=token), 303)


@blueprint.get("/read/<token>/parts/<uuid:part_id>")
@public(REASON)
def read_part_file(token: str, part_id: uuid.UUID) -> FileResponse:
    """The file of a part that is the reader's to read, and of no other."""
    school_id, link = _link(token)
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
