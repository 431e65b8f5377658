"""In the demo nothing is sent: here the mail can be read that would have gone."""

import uuid

from flask import abort, current_app, render_template
from sqlalchemy import select

from blueprints.platform.blueprint import blueprint
from blueprints.platform.lists import PER_PAGE, page_number, page_of
from blueprints.web.access import public
from prevent_trust.config import Settings
from prevent_trust.database import db
from prevent_trust.mail import OutgoingMail
from prevent_trust.tenancy import PlatformScope, bind_scope

_REASON = "the demo's mailbox, for people who try it out; everywhere else there is no such page"


@blueprint.get("/demo/mail")
@public(_REASON)
def demo_mail() -> str:
    _only_in_the_demo()
    total = db.session.scalar(select(db.func.count()).select_from(OutgoingMail)) or 0
    mails = db.session.scalars(
        select(OutgoingMail)
        .order_by(OutgoingMail.created_at.desc(), OutgoingMail.id.desc())
        .limit(PER_PAGE)
        .offset((page_number() - 1) * PER_PAGE)
    ).all()
    return render_template("platform/demo_mails.html", mails=mails, paging=page_of(total))


@blueprint.get("/demo/mail/<uuid:mail_id>")
@public(_REASON)
def demo_mail_message(mail_id: uuid.UUID) -> str:
    _only_in_the_demo()
    mail = db.session.get(OutgoingMail, mail_id) or abort(404)
    return render_template("platform/demo_mail.html", mail=mail)


def _only_in_the_demo() -> None:
    settings: Settings = current_app.extensions["settings"]
    if not settings.is_demo:
        abort(404)
    bind_scope(PlatformScope())
