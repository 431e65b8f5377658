"""Submit, return, verify: the trust's check of one action, with a mail to the other side."""

import uuid

from flask import abort, current_app, flash, redirect, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from blueprints.school.blueprint import blueprint
from blueprints.school.plan_action import BASE, StepForm, render_action
from blueprints.web.access import account_id, requires, today
from blueprints.web.mailing import deliver_soon
from prevent_trust.config import Settings
from prevent_trust.tenancy import SchoolScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.plan.actions import PlanError
from tenants.plan.queries import action_page
from tenants.plan.verification.actions import take_step
from tenants.plan.verification.mail import tell_school, tell_trust
from tenants.plan.verification.models import VerificationStep
from tenants.plan.verification.rules import STEP_NAMES, Side

_OF_THE_TRUST = {VerificationStep.SAMPLED, VerificationStep.VERIFIED, VerificationStep.RETURNED}


@blueprint.post(f"{BASE}/submit")
@requires(Permission.EDIT_SCHOOL)
def plan_action_submit(school_id: uuid.UUID, action_id: uuid.UUID) -> Response | str:
    """The school says that the action is ready to be looked at, or answers what the trust returned."""
    return _step(school_id, action_id, VerificationStep.SUBMITTED, Side.SCHOOL)


@blueprint.post(f"{BASE}/check")
@requires(Permission.VERIFY_SCHOOL)
def plan_action_check(school_id: uuid.UUID, action_id: uuid.UUID) -> Response | str:
    """The trust asks to see it, verifies it or returns it."""
    asked = StepForm().step.data
    step = VerificationStep(asked) if asked in _OF_THE_TRUST else VerificationStep.RETURNED
    return _step(school_id, action_id, step, Side.TRUST)


def _step(school_id: uuid.UUID, action_id: uuid.UUID, step: VerificationStep, side: Side) -> Response | str:
    scope = SchoolScope(school_id)
    page = action_page(scope, action_id) or abort(404)
    form = StepForm()
    if not form.validate_on_submit():
        return render_action(scope, page, step_form=form)
    comment = (form.comment.data or "").strip()
    try:
        event = take_step(scope, action_id=action_id, step=step, side=side, comment=comment, made_by=account_id())
    except PlanError as error:
        form.comment.errors = [str(error)]
        return render_action(scope, page, step_form=form)
    settings: Settings = current_app.extensions["settings"]
    tell = tell_trust if side is Side.SCHOOL else tell_school
    told = tell(
        scope,
        event=event,
        wording=page.row.wording,
        sender=current_user.name,
        base_url=settings.base_url,
        today=today(),
    )
    if told:
        deliver_soon()
    record_act(f"action {step.value}", account_id=account_id(), school_id=school_id, action_id=str(action_id))
    flash(f"{STEP_NAMES[step]}. {told} told by mail." if told else f"{STEP_NAMES[step]}.", "success")
    return redirect(url_for("school.plan_action", school_id=school_id, action_id=action_id, _anchor="check"), 303)
