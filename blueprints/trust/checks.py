"""What is declared, and what has somebody looked at? Actions to check, a sample to draw, and what is doubtful where."""

import random
import uuid
from collections import Counter
from typing import Any

from flask import Response as FileResponse
from flask import current_app, flash, redirect, render_template, request, url_for
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import IntegerField
from wtforms.validators import DataRequired, NumberRange

from blueprints.trust.blueprint import blueprint
from blueprints.web.access import account_id, can, requires, today
from blueprints.web.mailing import deliver_soon
from prevent_trust.config import Settings
from prevent_trust.csv_output import csv_bytes
from prevent_trust.tenancy import SchoolScope, TrustScope, bind_scope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.insights.measures.flags import FLAG_RULES, Flag, flags
from tenants.organisations.queries import schools_of_trust
from tenants.plan.verification.actions import draw_sample
from tenants.plan.verification.mail import tell_school_of_sample
from tenants.plan.verification.models import VerificationStep
from tenants.plan.verification.queries import Verification, verifications, wordings_of
from tenants.plan.verification.rules import STEP_NAMES

BASE = "/trusts/<uuid:trust_id>/checks"
MOST_EACH = 10
STEPS = {step.value: name for step, name in STEP_NAMES.items()}


class SampleForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    each = IntegerField(
        "How many actions of each school",
        [
            DataRequired(f"Enter a number from 1 to {MOST_EACH}"),
            NumberRange(1, MOST_EACH, f"Enter a number from 1 to {MOST_EACH}"),
        ],
        default=2,
    )


@blueprint.get(BASE)
@requires(Permission.READ_TRUST)
def checks(trust_id: uuid.UUID) -> str | FileResponse:
    return _page(trust_id, SampleForm(formdata=None))


def _page(trust_id: uuid.UUID, form: SampleForm) -> str | FileResponse:
    scope = TrustScope(trust_id)
    schools = {school.id: school.name for school in schools_of_trust(trust_id)}
    known = verifications(scope)
    wordings = wordings_of(scope, list(known))
    step = request.args.get("step", "")
    step = step if step in STEPS else ""
    rows = sorted(
        (each for each in known.values() if each.action_id in wordings and (not step or each.step == step)),
        key=lambda each: (_urgency(each), schools.get(each.school_id, ""), each.at),
    )
    if request.args.get("format") == "csv":
        return _csv(rows, schools, wordings)
    counted = Counter((each.school_id, each.flag) for each in flags(scope, as_at=today()))
    if request.args.get("format") == "flags":
        return _flags_csv(counted, schools)
    return render_template(
        "trust/checks.html",
        trust_id=trust_id,
        rows=rows,
        schools=schools,
        wordings=wordings,
        flag_rules=FLAG_RULES,
        flags=list(Flag),
        counted=counted,
        flagged=[key for key in schools if any(school == key for school, _ in counted)],
        step=step,
        selects=[
            {"name": "step", "label": "Step", "value": step, "options": [("", "Any step"), *STEPS.items()]},
        ],
        form=form,
        may_check=can(Permission.CHASE_SCHOOLS),
    )


def _urgency(each: Verification) -> int:
    """What waits for the trust first, then what waits for schools, then what is done."""
    order = [
        VerificationStep.SUBMITTED,
        VerificationStep.SAMPLED,
        VerificationStep.RETURNED,
        VerificationStep.VERIFIED,
    ]
    return order.index(each.step)


def _csv(rows: list[Verification], schools: dict[uuid.UUID, str], wordings: dict[uuid.UUID, str]) -> FileResponse:
    lines = [
        (schools.get(each.school_id, ""), wordings[each.action_id], each.words, each.at.date(), each.by, each.comment)
        for each in rows
    ]
    return FileResponse(
        csv_bytes(("School", "Action", "Step", "On", "By", "Comment"), lines),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="checks.csv"'},
    )


def _flags_csv(counted: Counter[tuple[uuid.UUID, Flag]], schools: dict[uuid.UUID, str]) -> FileResponse:
    lines = [(name, *(counted[key, flag] for flag in Flag)) for key, name in schools.items()]
    return FileResponse(
        csv_bytes(("School", *(FLAG_RULES[flag].name for flag in Flag)), lines),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="flags-by-school.csv"'},
    )


@blueprint.post(f"{BASE}/sample")
@requires(Permission.CHASE_SCHOOLS)
def checks_sample(trust_id: uuid.UUID) -> Response | str | FileResponse:
    """Draws declared actions, the doubtful likelier, and asks each school by one mail to show them."""
    scope, form = TrustScope(trust_id), SampleForm()
    if not form.validate_on_submit():
        return _page(trust_id, form)
    weights: Counter[uuid.UUID] = Counter(
        each.action_id for each in flags(scope, as_at=today()) if each.action_id is not None
    )
    drawn = draw_sample(scope, each=form.each.data, weights=weights, chance=random.SystemRandom(), made_by=account_id())
    by_school: dict[uuid.UUID, list[Any]] = {}
    for candidate in drawn:
        by_school.setdefault(candidate.school_id, []).append(candidate)
    settings: Settings = current_app.extensions["settings"]
    told = 0
    for school_id, candidates in by_school.items():
        school = SchoolScope(school_id)
        bind_scope(school)
        told += tell_school_of_sample(
            school, candidates=candidates, sender=current_user.name, base_url=settings.base_url, today=today()
        )
    bind_scope(scope)
    if told:
        deliver_soon()
    record_act("sample drawn", account_id=account_id(), trust_id=trust_id, actions=len(drawn))
    if drawn:
        flash(f"{len(drawn)} actions of {len(by_school)} schools were chosen. {told} told by mail.", "success")
    else:
        flash("No school has a declared action that is not being checked already.", "info")
    return redirect(url_for("trust.checks", trust_id=trust_id), 303)
