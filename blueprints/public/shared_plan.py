"""A plan for a governor or an inspector: read only, by a link that expires and can be withdrawn.

The first page only says whose plan it is; opening it is a button, so that a mail scanner that follows links is not counted
as a reader. Names of staff and files are not shown.
"""

import io

from flask import Response as FileResponse
from flask import abort, redirect, render_template, session, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from blueprints.public.pages import blueprint
from blueprints.web.access import public, today
from prevent_trust.signed_links import PLAN_LINK, read_signed_ids
from prevent_trust.tenancy import SchoolScope, bind_scope
from tenants.insights.plan_export import exported_plan
from tenants.insights.plan_reading import read_plan
from tenants.organisations.queries import names_of_organisations
from tenants.plan.exports.pdf import plan_as_pdf
from tenants.plan.exports.types import ExportedPlan
from tenants.plan.sharing.actions import note_share_opened
from tenants.plan.sharing.models import PlanShare
from tenants.plan.sharing.queries import is_open, share_by_id

OPENED = "opened_plans"
REASON = "the signed link names one school's plan, expires and can be withdrawn"


class OpenForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    """A button."""


@blueprint.get("/shared-plan/<token>")
@public(REASON)
def shared_plan(token: str) -> str | tuple[str, int]:
    share = _share(token)
    if not is_open(share):
        return render_template("public/shared_over.html"), 410
    school = names_of_organisations({share.school_id})[share.school_id]
    return render_template("public/shared.html", school=school, share=share, token=token, form=OpenForm())


@blueprint.post("/shared-plan/<token>")
@public(REASON)
def shared_plan_open(token: str) -> Response:
    share = _share(token)
    if is_open(share) and OpenForm().validate_on_submit():
        note_share_opened(SchoolScope(share.school_id), share_id=share.id)
        session[OPENED] = [*session.get(OPENED, [])[-9:], str(share.id)]
        return redirect(url_for("public.shared_plan_read", token=token), 303)
    return redirect(url_for("public.shared_plan", token=token), 303)


@blueprint.get("/shared-plan/<token>/plan")
@public(REASON)
def shared_plan_read(token: str) -> Response | str:
    plan = _plan(token)
    if plan is None:
        return redirect(url_for("public.shared_plan", token=token), 303)
    return render_template("public/shared_plan.html", plan=plan, token=token)


@blueprint.get("/shared-plan/<token>/plan.pdf")
@public(REASON)
def shared_plan_file(token: str) -> Response | FileResponse:
    plan = _plan(token)
    if plan is None:
        return redirect(url_for("public.shared_plan", token=token), 303)
    target = io.BytesIO()
    plan_as_pdf(plan, target)
    return FileResponse(
        target.getvalue(),
        mimetype="application/pdf",
        headers={"Content-Disposition": 'attachment; filename="prevent-action-plan.pdf"'},
    )


def _plan(token: str) -> ExportedPlan | None:
    """What the link shows; none before the reader has pressed the button here, or when the link is over."""
    share = _share(token)
    if not is_open(share) or str(share.id) not in session.get(OPENED, []):
        return None
    scope = SchoolScope(share.school_id)
    reading = read_plan(scope, as_at=share.as_at or today(), today=today())
    if reading is None:
        abort(404)
    return exported_plan(scope, reading, with_people=False)


def _share(token: str) -> PlanShare:
    """The link's record, in its school's scope from here on. An address that was not signed here does not exist."""
    ids = read_signed_ids(PLAN_LINK, token, count=2)
    if ids is None:
        abort(404)
    school_id, share_id = ids
    bind_scope(SchoolScope(school_id))
    return share_by_id(SchoolScope(school_id), share_id) or abort(404)
