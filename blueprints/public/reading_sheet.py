"""Read and confirm by a printed slip: its short address asks for the PIN, whatever the address is.

Nothing is looked up before a PIN is given, and whatever does not fit is answered in the same words: nobody learns by trying
which addresses there are.
"""

import time
import uuid

from flask import Response as FileResponse
from flask import redirect, render_template, session, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from blueprints.public.pages import blueprint
from blueprints.public.reading import Door, confirmed_page, part_file, reading_page
from blueprints.web.access import public, today
from blueprints.web.request_address import by_address
from prevent_trust.extensions import limiter
from prevent_trust.tenancy import SchoolScope, bind_scope
from tenants.reading.campaigns import OpenedLink
from tenants.reading.models import ConfirmationSource
from tenants.reading.sheets.actions import open_slip
from tenants.reading.sheets.queries import opened_by_slip
from tenants.reading.sheets.secrets import code_hash

REASON = "the address and the PIN of a printed slip name one person and one document, expire and can be withdrawn"
OPENED = "opened_slip"
OPEN_FOR = 30 * 60  # seconds
DOES_NOT_FIT = "That did not work. Check the address and the PIN on your slip, and try again"


class PinForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    pin = StringField("PIN", [DataRequired("Enter the PIN on your slip"), Length(max=20, message=DOES_NOT_FIT)])


@blueprint.get("/r/<code>")
@public(REASON)
def reading_slip(code: str) -> str:
    return render_template("public/slip.html", form=PinForm(formdata=None))


# A staff meeting asks from one address of the network; a slip is asked for by one person.
@blueprint.post("/r/<code>")
@limiter.limit("10 per minute", key_func=by_address)
@limiter.limit("300 per hour")
@public(REASON)
def reading_slip_open(code: str) -> Response | str:
    """A wrong PIN is an answer like any other: what it counted must be kept."""
    form = PinForm()
    if form.validate_on_submit():
        slip = open_slip(code, form.pin.data)
        link = opened_by_slip(SchoolScope(slip.school_id), slip.slip_id, today=today()) if slip else None
        if slip and link and link.document:
            session[OPENED] = [code_hash(code), str(slip.school_id), str(slip.slip_id), int(time.time()) + OPEN_FOR]
            return redirect(url_for("public.reading_slip_read", code=code), 303)
        form.pin.errors = [DOES_NOT_FIT]
    return render_template("public/slip.html", form=form)


@blueprint.get("/r/<code>/read")
@public(REASON)
def reading_slip_read(code: str) -> Response | str:
    found = _opened(code)
    if found is None:
        return redirect(url_for("public.reading_slip", code=code), 303)
    return reading_page(*found, _by_slip(code))


@blueprint.post("/r/<code>/read")
@public(REASON)
def reading_slip_confirm(code: str) -> Response | str:
    found = _opened(code)
    if found is None:
        return redirect(url_for("public.reading_slip", code=code), 303)
    return confirmed_page(*found, _by_slip(code))


@blueprint.get("/r/<code>/read/parts/<uuid:part_id>")
@public(REASON)
def reading_slip_file(code: str, part_id: uuid.UUID) -> Response | FileResponse:
    """The file of a part that is the reader's to read, and of no other."""
    found = _opened(code)
    return part_file(*found, part_id) if found else redirect(url_for("public.reading_slip", code=code), 303)


def _by_slip(code: str) -> Door:
    return Door(
        ConfirmationSource.SHEET,
        url_for("public.reading_slip_read", code=code),
        lambda part_id: url_for("public.reading_slip_file", code=code, part_id=part_id),
    )


def _opened(code: str) -> tuple[uuid.UUID, OpenedLink] | None:
    """What the PIN opened in this browser less than half an hour ago, in its school's scope; none when it is over."""
    match session.get(OPENED):
        case [str(sha256), str(school), str(slip), int(until)] if sha256 == code_hash(code) and until > time.time():
            school_id = uuid.UUID(school)
            bind_scope(SchoolScope(school_id))
            link = opened_by_slip(SchoolScope(school_id), uuid.UUID(slip), today=today())
            return (school_id, link) if link and link.document else None
    return None
