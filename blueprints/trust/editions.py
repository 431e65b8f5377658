"""Which edition does each school work with, and which should it? The trust's own editions, and rolling one out."""

import uuid
from typing import Any

from flask import Response as FileResponse
from flask import abort, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import SelectField, SelectMultipleField

from blueprints.trust.blueprint import blueprint
from blueprints.web import edition_pages
from blueprints.web.access import account_id, can, requires, today
from blueprints.web.edition_pages import EditionDesk
from blueprints.web.fields import as_uuid
from blueprints.web.job_state import job_state_json
from prevent_trust.csv_output import csv_bytes
from prevent_trust.database import new_id
from prevent_trust.jobs.ledger import job_run, jobs_of, request_job
from prevent_trust.tenancy import TrustScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.calendar.queries import calendar_of_place, place_of
from tenants.calendar.rules import academic_year_name, academic_year_of
from tenants.organisations.queries import names_of_organisations
from tenants.plan.adoption.queries import adoptions
from tenants.plan.adoption.rollout import SchoolPlan, plans_of_trust
from tenants.plan.edition_queries import drafts_of, edition_for, editions_for
from tenants.plan.models import AdoptionKind, EditionSource

BASE = "/trusts/<uuid:trust_id>/editions"
ROLL_OUTS = ("adopt_for_trust", "undo_for_trust")


class RollOutForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    schools = SelectMultipleField("Schools", coerce=as_uuid)
    due_by = SelectField("What is left to do without a due date is due by", default="")


class ButtonForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    """A button."""


def desk(trust_id: uuid.UUID) -> EditionDesk:
    def url(name: str, **values: Any) -> str:
        return url_for(_PAGES[name], trust_id=trust_id, **values)

    return EditionDesk(TrustScope(trust_id), url, {"trust_id": trust_id})


_PAGES = {
    "editions": "trust.editions",
    "edition": "trust.edition",
    "draft": "trust.edition_draft",
    "save": "trust.edition_draft_save",
    "step": "trust.edition_draft_step",
    "action": "trust.edition_draft_action",
    "new_action": "trust.edition_draft_new_action",
    "publish": "trust.edition_draft_publish",
    "drop": "trust.edition_draft_drop",
    "take_up": "trust.edition_draft_take_up",
}


@blueprint.get(BASE)
@requires(Permission.READ_TRUST)
def editions(trust_id: uuid.UUID) -> str | FileResponse:
    scope = TrustScope(trust_id)
    plans = plans_of_trust(scope)
    if request.args.get("format") == "csv":
        return _csv(plans)
    return _page(trust_id, plans)


def _page(trust_id: uuid.UUID, plans: list[SchoolPlan], form: Any = None) -> str:
    scope = TrustScope(trust_id)
    here = desk(trust_id)
    return render_template(
        "trust/editions.html",
        trust_id=trust_id,
        desk=here,
        editions=editions_for(scope),
        drafts=drafts_of(scope) if can(Permission.EDIT_TRUST) else [],
        plans=plans,
        roll_outs=jobs_of(scope, ROLL_OUTS),
        form=form or edition_pages.start_form(here),
        may_edit=can(Permission.EDIT_TRUST),
        year=academic_year_name(academic_year_of(today())),
        year_name=academic_year_name,
        behind=[plan for plan in plans if plan.academic_year and plan.academic_year < academic_year_of(today())],
        dropped=request.args.get("dropped"),
        button=ButtonForm(),
    )


def _csv(plans: list[SchoolPlan]) -> FileResponse:
    lines = [
        (plan.school, plan.edition or "No plan", academic_year_name(plan.academic_year) if plan.academic_year else "")
        for plan in plans
    ]
    return FileResponse(
        csv_bytes(("School", "Edition", "Academic year"), lines),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="editions-by-school.csv"'},
    )


@blueprint.post(f"{BASE}/drafts")
@requires(Permission.EDIT_TRUST)
def edition_draft_start(trust_id: uuid.UUID) -> Response | str:
    here = desk(trust_id)
    form = edition_pages.start_form(here)
    return edition_pages.begin_draft(here, form) or _page(trust_id, plans_of_trust(TrustScope(trust_id)), form)


@blueprint.get(f"{BASE}/<uuid:edition_id>")
@requires(Permission.READ_TRUST)
def edition(trust_id: uuid.UUID, edition_id: uuid.UUID) -> str:
    return edition_pages.edition_page(desk(trust_id), edition_id)


@blueprint.get(f"{BASE}/drafts/<uuid:draft_id>")
@requires(Permission.EDIT_TRUST)
def edition_draft(trust_id: uuid.UUID, draft_id: uuid.UUID) -> str:
    return edition_pages.draft_page(desk(trust_id), draft_id)


@blueprint.post(f"{BASE}/drafts/<uuid:draft_id>")
@requires(Permission.EDIT_TRUST)
def edition_draft_save(trust_id: uuid.UUID, draft_id: uuid.UUID) -> Response | str:
    return edition_pages.save_draft(desk(trust_id), draft_id)


@blueprint.post(f"{BASE}/drafts/<uuid:draft_id>/step")
@requires(Permission.EDIT_TRUST)
def edition_draft_step(trust_id: uuid.UUID, draft_id: uuid.UUID) -> Response:
    return edition_pages.step_draft(desk(trust_id), draft_id)


@blueprint.route(f"{BASE}/drafts/<uuid:draft_id>/actions/<key>", methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def edition_draft_action(trust_id: uuid.UUID, draft_id: uuid.UUID, key: str) -> Response | str:
    return edition_pages.action_of_draft(desk(trust_id), draft_id, key)


@blueprint.route(f"{BASE}/drafts/<uuid:draft_id>/new-action", methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def edition_draft_new_action(trust_id: uuid.UUID, draft_id: uuid.UUID) -> Response | str:
    return edition_pages.action_of_draft(desk(trust_id), draft_id, None)


@blueprint.post(f"{BASE}/drafts/<uuid:draft_id>/publish")
@requires(Permission.EDIT_TRUST)
def edition_draft_publish(trust_id: uuid.UUID, draft_id: uuid.UUID) -> Response:
    return edition_pages.publish(desk(trust_id), draft_id)


@blueprint.post(f"{BASE}/drafts/<uuid:draft_id>/drop")
@requires(Permission.EDIT_TRUST)
def edition_draft_drop(trust_id: uuid.UUID, draft_id: uuid.UUID) -> Response:
    return edition_pages.drop(desk(trust_id), draft_id, dropped=True)


@blueprint.post(f"{BASE}/drafts/<uuid:draft_id>/take-up")
@requires(Permission.EDIT_TRUST)
def edition_draft_take_up(trust_id: uuid.UUID, draft_id: uuid.UUID) -> Response:
    return edition_pages.drop(desk(trust_id), draft_id, dropped=False)


# Rolling out


@blueprint.route(f"{BASE}/<uuid:edition_id>/roll-out", methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def edition_roll_out(trust_id: uuid.UUID, edition_id: uuid.UUID) -> Response | str:
    """Chooses the schools that adopt an edition. Schools with an imported plan move themselves: only they can match it."""
    scope = TrustScope(trust_id)
    wanted = edition_for(scope, edition_id) or abort(404)
    plans = plans_of_trust(scope)
    able = [
        plan
        for plan in plans
        if plan.edition_id not in {None, edition_id} and plan.source is not EditionSource.IMPORTED
    ]
    form = RollOutForm()
    form.schools.choices = [(plan.school_id, plan.school) for plan in able]
    form.due_by.choices = _deadlines(scope)
    if form.validate_on_submit():
        if form.schools.data:
            job_id = _request(
                trust_id,
                AdoptionKind.EDITION,
                form.schools.data,
                edition_id,
                f"Roll out “{wanted.title}”",
                form.due_by.data,
            )
            return redirect(url_for("trust.roll_out", trust_id=trust_id, job_id=job_id), 303)
        form.schools.errors = ["Choose at least one school"]
    return render_template(
        "trust/roll_out.html", trust_id=trust_id, edition=wanted, able=able, plans=plans, form=form, new_year=None
    )


@blueprint.route("/trusts/<uuid:trust_id>/new-year", methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def new_year(trust_id: uuid.UUID) -> Response | str:
    """Begins the new academic year for the schools whose plans are still of an earlier one."""
    scope = TrustScope(trust_id)
    year = academic_year_of(today())
    plans = plans_of_trust(scope)
    able = [plan for plan in plans if plan.academic_year is not None and plan.academic_year < year]
    form = RollOutForm()
    form.schools.choices = [(plan.school_id, plan.school) for plan in able]
    form.due_by.choices = _deadlines(scope)
    if able and form.validate_on_submit():
        if form.schools.data:
            title = f"Begin the plans for {academic_year_name(year)}"
            job_id = _request(trust_id, AdoptionKind.ROLL_OVER, form.schools.data, None, title, form.due_by.data)
            return redirect(url_for("trust.roll_out", trust_id=trust_id, job_id=job_id), 303)
        form.schools.errors = ["Choose at least one school"]
    return render_template(
        "trust/roll_out.html",
        trust_id=trust_id,
        edition=None,
        able=able,
        plans=plans,
        form=form,
        new_year=academic_year_name(year),
    )


def _deadlines(scope: TrustScope) -> list[tuple[str, str]]:
    """The next ends of half terms: at each school the day is its own calendar's."""
    calendar = calendar_of_place(scope, place_of(scope), day=today())
    coming = calendar.next_deadlines(today())
    return [("", "Leave as it is"), *((each.key, f"{each.title}, {each.key[:7]}") for each in coming)]


def _request(
    trust_id: uuid.UUID,
    kind: AdoptionKind,
    schools: list[uuid.UUID],
    edition_id: uuid.UUID | None,
    title: str,
    deadline: str,
) -> uuid.UUID:
    batch_id = new_id()
    job_id = request_job(
        "adopt_for_trust",
        scope=TrustScope(trust_id),
        title=title,
        arguments={
            "trust_id": str(trust_id),
            "edition_id": str(edition_id) if edition_id else None,
            "kind": kind.value,
            "academic_year": academic_year_of(today()),
            "school_ids": [str(school) for school in schools],
            "batch_id": str(batch_id),
            "made_by": str(account_id()),
            "deadline": deadline or None,
        },
        requested_by=account_id(),
        once_key=f"adopt_for_trust:{batch_id}",
    )
    record_act("edition rolled out", account_id=account_id(), trust_id=trust_id, schools=len(schools), title=title)
    return job_id


@blueprint.get("/trusts/<uuid:trust_id>/roll-outs/<uuid:job_id>")
@requires(Permission.READ_TRUST)
def roll_out(trust_id: uuid.UUID, job_id: uuid.UUID) -> str:
    """How far a roll-out is, and what became of it school by school."""
    scope = TrustScope(trust_id)
    job = _roll_out(scope, job_id)
    made = adoptions(scope, batch_id=uuid.UUID(job.arguments["batch_id"]))
    return render_template(
        "trust/roll_out_report.html",
        trust_id=trust_id,
        job=job,
        made=made,
        names=names_of_organisations({each.school_id for each in made}),
        refused=job.result.get("refused", {}),
        may_undo=can(Permission.EDIT_TRUST)
        and job.is_finished
        and job.kind == "adopt_for_trust"
        and any(each.undone_at is None for each in made),
        form=ButtonForm(),
    )


@blueprint.get("/trusts/<uuid:trust_id>/roll-outs/<uuid:job_id>/state")
@requires(Permission.READ_TRUST)
def roll_out_state(trust_id: uuid.UUID, job_id: uuid.UUID) -> FileResponse:
    return job_state_json(_roll_out(TrustScope(trust_id), job_id))


@blueprint.post("/trusts/<uuid:trust_id>/roll-outs/<uuid:job_id>/undo")
@requires(Permission.EDIT_TRUST)
def roll_out_undo(trust_id: uuid.UUID, job_id: uuid.UUID) -> Response:
    """Takes a roll-out back, school by school; a school that has worked on its plan since keeps it."""
    scope = TrustScope(trust_id)
    job = _roll_out(scope, job_id)
    undo_id = request_job(
        "undo_for_trust",
        scope=scope,
        title=f"Undo: {job.title}",
        arguments={"trust_id": str(trust_id), "batch_id": job.arguments["batch_id"], "made_by": str(account_id())},
        requested_by=account_id(),
    )
    record_act("roll-out undone", account_id=account_id(), trust_id=trust_id, job_id=str(job_id))
    flash("The roll-out is being undone.", "success")
    return redirect(url_for("trust.roll_out", trust_id=trust_id, job_id=undo_id), 303)


def _roll_out(scope: TrustScope, job_id: uuid.UUID) -> Any:
    job = job_run(job_id)
    if job is None or job.kind not in ROLL_OUTS or job.scope != scope.stamp:
        abort(404)
    return job
