"""Saying by a mailed link when one did a course: no account. Looking writes nothing, for mail scanners follow links."""

import uuid

from flask import abort, current_app, redirect, render_template, url_for
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from werkzeug.wrappers import Response
from wtforms.validators import ValidationError

from blueprints.public.pages import blueprint
from blueprints.web.access import public, today
from blueprints.web.fields import DatePartsField
from blueprints.web.training_files import FileNotTaken, kept_training_file
from prevent_trust.config import Settings
from prevent_trust.extensions import limiter
from prevent_trust.jobs.certificates import request_certificates
from prevent_trust.signed_links import TRAINING_LINK, read_signed_ids
from prevent_trust.storage import Storage
from prevent_trust.tenancy import SchoolScope, bind_scope
from tenants.imports.certificates.run import add_certificate
from tenants.organisations.queries import names_of_organisations
from tenants.plan.evidence_files import ACCEPTED
from tenants.training.asking.links import OpenedAsk, opened_ask
from tenants.training.asking.models import StatementState
from tenants.training.asking.statements import say_by_link

REASON = "the signed link names one person and one course, expires and can be withdrawn"


class SayForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    completed_on = DatePartsField("On which day did you complete it?", called="the day of completion")
    certificate = FileField("Certificate")

    def validate_completed_on(self, completed: DatePartsField) -> None:
        if completed.data and completed.data > today():
            raise ValidationError("The day of completion must be today or in the past")


@blueprint.get("/training/<token>")
@public(REASON)
def training_done(token: str) -> str | tuple[str, int]:
    school_id, link = _link(token)
    said = link.said.completed_on if link.said and link.said.state is StatementState.WAITING else None
    return _page(school_id, link, SayForm(formdata=None, completed_on=said))


@blueprint.post("/training/<token>")
@limiter.limit("20 per minute")
@public(REASON)
def training_done_say(token: str) -> Response | str | tuple[str, int]:
    school_id, link = _link(token)
    form = SayForm()
    if not _may_say(link) or not form.validate_on_submit():
        return _page(school_id, link, form)
    scope = SchoolScope(school_id)
    storage: Storage = current_app.extensions["storage"]
    try:
        file_id = kept_training_file(scope, form.certificate.data, added_by=None)
    except FileNotTaken as problem:
        form.certificate.errors = [str(problem)]
        return _page(school_id, link, form)
    if say_by_link(
        scope, link, completed_on=form.completed_on.data or today(), file_id=file_id, today=today(), storage=storage
    ):
        _have_certificate_read(scope, link.link_id)
    return redirect(url_for("public.training_done", token=token), 303)


def _have_certificate_read(scope: SchoolScope, link_id: uuid.UUID) -> None:
    """So that the school sees beside what was said what the certificate seems to say."""
    link = opened_ask(scope, link_id, today=today())
    if link and link.said and link.said.file_id:
        row = add_certificate(scope, file_id=link.said.file_id, uploaded_by=None, statement_id=link.said.id)
        row.job_id = request_certificates(scope, requested_by=None)


def _may_say(link: OpenedAsk) -> bool:
    return link.works and (link.said is None or link.said.state is not StatementState.ACCEPTED)


def _page(school_id: uuid.UUID, link: OpenedAsk, form: SayForm) -> str | tuple[str, int]:
    if not link.works:
        return render_template("public/training_over.html", link=link), 410
    settings: Settings = current_app.extensions["settings"]
    return render_template(
        "public/training.html",
        school=names_of_organisations({school_id})[school_id],
        link=link,
        state=link.said.state if link.said else None,
        may_say=_may_say(link),
        form=form,
        accepted=ACCEPTED,
        megabytes=settings.upload_megabytes,
    )


def _link(token: str) -> tuple[uuid.UUID, OpenedAsk]:
    """The link, in its school's scope from here on. An address that was not signed here does not exist."""
    ids = read_signed_ids(TRAINING_LINK, token, count=2)
    if ids is None:
        abort(404)
    school_id, link_id = ids
    bind_scope(SchoolScope(school_id))
    return school_id, opened_ask(SchoolScope(school_id), link_id, today=today()) or abort(404)
