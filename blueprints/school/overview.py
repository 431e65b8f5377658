"""What must I do next, and are we safe to be inspected today?"""

import uuid
from typing import Any

from flask import render_template, url_for

from blueprints.school.blueprint import blueprint
from blueprints.web.access import as_at_day, can, requires, today
from prevent_trust.tenancy import SchoolScope
from tenants.access.permissions import Permission
from tenants.insights.measures.cover import CoverState, post_cover
from tenants.insights.measures.types import ActionState, Coverage
from tenants.insights.next_steps import NextStep, SchoolFacts, Target, next_steps, school_facts
from tenants.insights.plan_reading import end_of_day
from tenants.insights.subjects import titles_of_subjects
from tenants.plan.models import THEME_NAMES, ActionStanding, Theme
from tenants.plan.queries import current_plan, findings
from tenants.plan.rules import SectionCounts
from tenants.staff.models import STAFF_ROLE_NAMES

_OWN_PERMISSION = {
    Target.REFERRALS: Permission.READ_REFERRALS,
    Target.STAFF: Permission.READ_STAFF,
    Target.TRAINING: Permission.READ_STAFF,
}


# How a post stands: the look of its state, and the words.
POST_WORDS = {
    CoverState.VACANT: ("not_met", "Vacant"),
    CoverState.UNTRAINED: ("not_met", "Training missing or expired"),
    CoverState.LAPSING: ("partly_met", "Training lapses"),
    CoverState.FILLED: ("met", "Filled"),
}


@blueprint.get("/schools/<uuid:school_id>")
@requires(Permission.READ_SCHOOL)
def overview(school_id: uuid.UUID) -> str:
    scope = SchoolScope(school_id)
    as_at = as_at_day()
    is_past = as_at < today()
    plan = current_plan(scope, at=end_of_day(as_at) if is_past else None)
    titles = titles_of_subjects(scope)
    facts = school_facts(
        scope,
        as_at=as_at,
        has_plan=plan is not None,
        open_findings=len(findings(scope, plan.id)) if plan else 0,
        titles=titles,
    )
    return render_template(
        "school/overview.html",
        school_id=school_id,
        plan=plan,
        facts=facts,
        as_at=as_at,
        is_past=is_past,
        today=today(),
        steps=[] if is_past else [_step(step, school_id) for step in next_steps(facts) if _may_see(step)],
        sections=section_rows(facts.actions),
        posts=[(post, STAFF_ROLE_NAMES[post.role], POST_WORDS[post.state]) for post in post_cover(scope, as_at=as_at)],
        training=_coverage_rows(facts.training, titles),
        reading=_coverage_rows(facts.reading, titles),
        overdue=len(facts.overdue),
        verdict=_verdict(facts),
    )


def section_rows(actions: Any) -> list[dict[str, Any]]:
    """The five sections with their counts and state; what an imported plan placed in none of them comes last."""
    counts = {theme: SectionCounts() for theme in [*Theme, None]}
    for action in actions:
        counts[action.theme] += _one(action)
    named = [(theme, THEME_NAMES[theme], counts[theme]) for theme in Theme]
    if counts[None].total:
        named.append((None, "Other parts of your plan", counts[None]))  # type: ignore[arg-type]  # none is a place too
    return [{"theme": theme, "name": name, "counts": each, "state": each.state.value} for theme, name, each in named]


def _one(action: ActionState) -> SectionCounts:
    return SectionCounts(
        total=1,
        met=action.status is ActionStanding.MET,
        partly_met=action.status is ActionStanding.PARTLY_MET,
        not_met=action.status is ActionStanding.NOT_MET,
        not_applicable=action.status is ActionStanding.NOT_APPLICABLE,
        stale=action.status is ActionStanding.STALE,
        overdue=action.is_overdue,
    )


def _may_see(step: NextStep) -> bool:
    permission = _OWN_PERMISSION.get(step.target)
    return permission is None or can(permission)


def _step(step: NextStep, school_id: uuid.UUID) -> dict[str, Any]:
    return {"step": step, "href": _address(step, school_id)}


def _address(step: NextStep, school_id: uuid.UUID) -> str:
    pages: dict[Target, tuple[str, dict[str, Any]]] = {
        Target.PLAN: ("school.plan", {}),
        Target.PLAN_OVERDUE: ("school.plan", {"state": "overdue"}),
        Target.PLAN_UNANSWERED: ("school.plan", {"state": "not_answered"}),
        Target.PLAN_NOT_MET: ("school.plan", {"state": "not_met"}),
        Target.PLAN_STALE: ("school.plan", {"state": "stale"}),
        Target.PLAN_FINDINGS: ("school.plan_findings", {}),
        Target.STAFF: ("school.staff", {}),
        Target.TRAINING: ("school.staff", {"gap": step.subject}),
        Target.READING: ("school.reading", {}),
        Target.REFERRALS: ("school.referrals", {"state": "open"}),
        Target.CONTACTS: ("school.contacts", {}),
        Target.FILTERING: ("school.filtering", {}),
        Target.FILTERING_ACTIONS: ("school.filtering_review_actions", {"review_id": step.subject}),
    }
    endpoint, values = pages[step.target]
    return url_for(endpoint, school_id=school_id, **values)


def _coverage_rows(coverage: Any, titles: dict[str, str]) -> list[tuple[str, Coverage]]:
    return [(titles.get(row.key, row.key), row) for row in coverage]


def _verdict(facts: SchoolFacts) -> str:
    """One sentence: whether an inspector would find the plan in order today."""
    if not facts.has_plan:
        return "There is no action plan here yet."
    rows = section_rows(facts.actions)
    states = [row["state"] for row in rows if row["counts"].total]
    red = [row["name"] for row in rows if row["counts"].total and row["state"] == "red"]
    if states and all(state == "green" for state in states):
        return "All sections are green today."
    if set(states) == {"not_answered"}:
        return "Nothing in the plan is answered yet."
    if red:
        return f"{'One section is' if len(red) == 1 else f'{len(red)} sections are'} red today: {_listed(red)}."
    return "No section is red today. What is not green yet stands below."


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
