"""Which of our actions is which of the edition's? Moving from a Word plan to an edition without typing anything again."""

import uuid
from collections import Counter

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from blueprints.school.blueprint import blueprint
from blueprints.school.plan import StartForm
from blueprints.school.plan_list import PLAN
from blueprints.web.access import account_id, requires, today
from prevent_trust.tenancy import SchoolScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.calendar.rules import academic_year_of
from tenants.imports.plan_document.matching import suggest_matches
from tenants.plan.actions import PlanError
from tenants.plan.adoption.actions import adopt
from tenants.plan.adoption.queries import held_actions
from tenants.plan.edition_queries import content_of, edition_for
from tenants.plan.models import AdoptionKind, EditionSource
from tenants.plan.queries import PlanHeader, current_plan

BASE = f"{PLAN}/editions/<uuid:edition_id>/match"


@blueprint.get(BASE)
@requires(Permission.EDIT_SCHOOL)
def plan_match(school_id: uuid.UUID, edition_id: uuid.UUID) -> str:
    return _page(SchoolScope(school_id), edition_id)


def _page(scope: SchoolScope, edition_id: uuid.UUID, *, chosen: dict[uuid.UUID, str] | None = None) -> str:
    """The school's actions with what is suggested for each, or with what was chosen; one that was chosen twice says so."""
    header = _imported(scope)
    edition = edition_for(scope, edition_id) or abort(404)
    held = held_actions(scope, header.id)
    content = content_of(edition.id)
    suggested = {
        each.document_key: each
        for each in suggest_matches(
            [(str(action.id), action.wording) for action in held],
            [(action.key, action.wording) for action in content.actions],
        )
    }
    return render_template(
        "school/editions/match.html",
        school_id=scope.school_id,
        plan=header,
        edition=edition,
        held=held,
        content=content,
        suggested=suggested,
        chosen={action.id: suggested[str(action.id)].edition_key for action in held} if chosen is None else chosen,
        twice=_given_twice(chosen or {}),
        form=StartForm(),
    )


@blueprint.post(BASE)
@requires(Permission.EDIT_SCHOOL)
def plan_match_save(school_id: uuid.UUID, edition_id: uuid.UUID) -> Response | str:
    """Moves to the edition by the pairs that the page sends; an action without a partner stays as one of the school's own."""
    scope = SchoolScope(school_id)
    header = _imported(scope)
    if not StartForm().validate_on_submit():
        abort(400)
    keys = {action.key for action in content_of((edition_for(scope, edition_id) or abort(404)).id).actions}
    pairs: dict[uuid.UUID, str] = {}
    for action in held_actions(scope, header.id):
        key = request.form.get(f"match-{action.id}", "")
        if key in keys:
            pairs[action.id] = key
    if _given_twice(pairs):
        return _page(scope, edition_id, chosen=pairs)
    try:
        made = adopt(
            scope,
            edition_id=edition_id,
            kind=AdoptionKind.MATCH,
            academic_year=academic_year_of(today()),
            made_by=account_id(),
            pairs=pairs,
        )
    except PlanError as error:
        flash(str(error), "error")
        return redirect(url_for("school.plan_editions", school_id=school_id), 303)
    record_act("plan matched", account_id=account_id(), school_id=school_id, plan_id=str(made.to_plan_id))
    flash(
        f"{len(pairs)} of your actions are matched. Their answers came along and ask to be confirmed, since the words differ.",
        "success",
    )
    return redirect(url_for("school.plan", school_id=school_id), 303)


def _given_twice(pairs: dict[uuid.UUID, str]) -> set[str]:
    """Keys of the edition's actions to which more than one of the school's was given."""
    return {key for key, times in Counter(pairs.values()).items() if times > 1}


def _imported(scope: SchoolScope) -> PlanHeader:
    """The school's plan, when it has the wording of its own document."""
    header = current_plan(scope)
    if header is None or header.source is not EditionSource.IMPORTED:
        abort(404)
    return header
