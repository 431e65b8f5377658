"""Who else may see it? Links for a governor or an inspector, and the pack for an inspection."""

import uuid
from datetime import date

from flask import Response as FileResponse
from flask import abort, current_app, flash, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import IntegerField, SelectField, StringField
from wtforms.validators import DataRequired, Length, NumberRange, ValidationError

from blueprints.school.blueprint import blueprint
from blueprints.web.access import account_id, can, requires, today
from blueprints.web.fields import DatePartsField
from blueprints.web.free_text import NoPupilData
from blueprints.web.job_state import job_state_json
from blueprints.web.uploads import stored_file
from prevent_trust.config import Settings
from prevent_trust.jobs.ledger import job_run, request_job
from prevent_trust.signed_links import PLAN_LINK, signed_ids
from prevent_trust.storage import Storage
from prevent_trust.tenancy import SchoolScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.plan.actions import PlanError
from tenants.plan.queries import current_plan
from tenants.plan.sharing.actions import LONGEST_DAYS, ask_for_pack, forget_pack, share_plan, withdraw_share
from tenants.plan.sharing.queries import is_ready, pack_by_id, packs_of, share_by_id, shares_of

BASE = "/schools/<uuid:school_id>/reports"


class ShareForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    reader = StringField("Who it is for", [DataRequired("Enter who it is for"), Length(max=200), NoPupilData()])
    days = IntegerField(
        "For how many days",
        [
            DataRequired("Enter for how many days the link works"),
            NumberRange(1, LONGEST_DAYS, f"Enter a number from 1 to {LONGEST_DAYS}"),
        ],
        default=14,
    )
    shows = SelectField(
        "What it shows", choices=[("now", "The plan as it is when it is opened"), ("then", "As at today")]
    )


class PackForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    as_at = DatePartsField("As at", optional=True)

    def validate_as_at(self, field: DatePartsField) -> None:
        if field.data and field.data > today():
            raise ValidationError("Enter today or a day before")


class ButtonForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    """A button."""


@blueprint.get(BASE)
@requires(Permission.READ_SCHOOL)
def reports(school_id: uuid.UUID) -> str:
    return _page(SchoolScope(school_id))


def _page(scope: SchoolScope, share: ShareForm | None = None, pack: PackForm | None = None) -> str:
    may_edit = can(Permission.EDIT_SCHOOL)
    return render_template(
        "school/reports/reports.html",
        school_id=scope.school_id,
        has_plan=current_plan(scope) is not None,
        shares=shares_of(scope) if may_edit else [],
        packs=packs_of(scope) if may_edit else [],
        jobs={pack.id: job_run(pack.job_id) for pack in packs_of(scope) if pack.job_id} if may_edit else {},
        share_form=share or ShareForm(formdata=None),
        pack_form=pack or PackForm(formdata=None),
        form=ButtonForm(),
        may_edit=may_edit,
        today=today(),
    )


@blueprint.post(f"{BASE}/links")
@requires(Permission.EDIT_SCHOOL)
def plan_share(school_id: uuid.UUID) -> Response | str:
    scope, form = SchoolScope(school_id), ShareForm()
    if not form.validate_on_submit():
        return _page(scope, share=form)
    pinned: date | None = today() if form.shows.data == "then" else None
    try:
        share = share_plan(
            scope, reader=form.reader.data.strip(), days=form.days.data, as_at=pinned, made_by=account_id()
        )
    except PlanError as error:
        form.reader.errors = [str(error)]
        return _page(scope, share=form)
    record_act("plan shared", account_id=account_id(), school_id=school_id, share_id=str(share.id))
    return redirect(url_for("school.plan_share_link", school_id=school_id, share_id=share.id), 303)


@blueprint.get(f"{BASE}/links/<uuid:share_id>")
@requires(Permission.EDIT_SCHOOL)
def plan_share_link(school_id: uuid.UUID, share_id: uuid.UUID) -> str:
    """The link itself, to be copied into a mail of the lead's own."""
    share = share_by_id(SchoolScope(school_id), share_id) or abort(404)
    settings: Settings = current_app.extensions["settings"]
    path = url_for("public.shared_plan", token=signed_ids(PLAN_LINK, school_id, share.id))
    return render_template(
        "school/reports/link.html",
        school_id=school_id,
        share=share,
        link=f"{settings.base_url}{path}",
        form=ButtonForm(),
    )


@blueprint.post(f"{BASE}/links/<uuid:share_id>/withdraw")
@requires(Permission.EDIT_SCHOOL)
def plan_share_withdraw(school_id: uuid.UUID, share_id: uuid.UUID) -> Response:
    if not withdraw_share(SchoolScope(school_id), share_id=share_id):
        abort(404)
    record_act("plan link withdrawn", account_id=account_id(), school_id=school_id, share_id=str(share_id))
    flash("The link no longer works.", "success")
    return redirect(url_for("school.reports", school_id=school_id), 303)


@blueprint.post(f"{BASE}/packs")
@requires(Permission.EDIT_SCHOOL)
def inspection_pack(school_id: uuid.UUID) -> Response | str:
    scope, form = SchoolScope(school_id), PackForm()
    if not form.validate_on_submit():
        return _page(scope, pack=form)
    pack = ask_for_pack(scope, as_at=form.as_at.data or today(), requested_by=account_id())
    pack.job_id = request_job(
        "make_inspection_pack",
        scope=scope,
        title="Make the inspection pack",
        arguments={"school_id": str(school_id), "pack_id": str(pack.id)},
        requested_by=account_id(),
        once_key=f"pack:{pack.id}",
    )
    record_act("inspection pack", account_id=account_id(), school_id=school_id, pack_id=str(pack.id))
    return redirect(url_for("school.inspection_pack_page", school_id=school_id, pack_id=pack.id), 303)


@blueprint.get(f"{BASE}/packs/<uuid:pack_id>")
@requires(Permission.EDIT_SCHOOL)
def inspection_pack_page(school_id: uuid.UUID, pack_id: uuid.UUID) -> str:
    pack = pack_by_id(SchoolScope(school_id), pack_id) or abort(404)
    return render_template(
        "school/reports/pack.html",
        school_id=school_id,
        pack=pack,
        ready=is_ready(pack),
        job=job_run(pack.job_id) if pack.job_id else None,
        form=ButtonForm(),
    )


@blueprint.get(f"{BASE}/packs/<uuid:pack_id>/state")
@requires(Permission.EDIT_SCHOOL)
def inspection_pack_state(school_id: uuid.UUID, pack_id: uuid.UUID) -> FileResponse:
    pack = pack_by_id(SchoolScope(school_id), pack_id) or abort(404)
    return job_state_json((job_run(pack.job_id) if pack.job_id else None) or abort(404))


@blueprint.get(f"{BASE}/packs/<uuid:pack_id>/file")
@requires(Permission.EDIT_SCHOOL)
def inspection_pack_file(school_id: uuid.UUID, pack_id: uuid.UUID) -> FileResponse:
    pack = pack_by_id(SchoolScope(school_id), pack_id) or abort(404)
    if not is_ready(pack):
        abort(404)
    name = f"inspection-pack-{pack.as_at.isoformat()}.zip"
    return stored_file(pack.storage_key or "", name, "application/zip", pack.size or 0)


@blueprint.post(f"{BASE}/packs/<uuid:pack_id>/delete")
@requires(Permission.EDIT_SCHOOL)
def inspection_pack_delete(school_id: uuid.UUID, pack_id: uuid.UUID) -> Response:
    storage: Storage = current_app.extensions["storage"]
    if not forget_pack(SchoolScope(school_id), pack_id=pack_id, storage=storage):
        abort(404)
    flash("The file of the pack is deleted. What it held stays listed; you can make it again.", "success")
    return redirect(url_for("school.reports", school_id=school_id), 303)
