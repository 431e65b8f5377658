"""Which schools need me this week, and why? And the list of all schools."""

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Response as FileResponse
from flask import render_template, request, url_for

from blueprints.trust.blueprint import blueprint
from blueprints.web.access import requires, today
from blueprints.web.presentation import long_date, plural
from prevent_trust.csv_output import csv_bytes
from prevent_trust.tenancy import TrustScope
from tenants.access.permissions import Permission
from tenants.insights.comparison import Comparison, SchoolRow, choices, compare_schools
from tenants.insights.measures.cover import post_cover
from tenants.plan.models import THEME_NAMES
from tenants.reminders.queries import leads_of

MONTH = timedelta(days=30)
MOST_SHOWN = 10


@dataclass(frozen=True)
class Need:
    """Why a school needs somebody, in words. `weight` orders: the highest first. Gaps alone press on nobody."""

    school: SchoolRow
    reasons: tuple[str, ...]
    weight: int
    is_pressing: bool


@blueprint.get("/trusts/<uuid:trust_id>")
@requires(Permission.READ_TRUST)
def overview(trust_id: uuid.UUID) -> str:
    scope = TrustScope(trust_id)
    now = compare_schools(scope, as_at=today())
    before = compare_schools(scope, as_at=today() - MONTH)
    with_lead = set(leads_of(scope, today=today()))
    needs = sorted(
        (_need(school, school.id in with_lead, today()) for school in now.schools), key=lambda need: -need.weight
    )
    return render_template(
        "trust/overview.html",
        trust_id=trust_id,
        needs=[need for need in needs if need.is_pressing][:MOST_SHOWN],
        schools=now.schools,
        in_need=sum(need.is_pressing for need in needs),
        posts=Counter(post.state.value for post in post_cover(scope, as_at=today())),
        changes=_changes(now, before),
        month_ago=today() - MONTH,
    )


def _need(school: SchoolRow, has_lead: bool, as_at: date) -> Need:
    """Why a school needs the trust: nobody in charge and no plan weigh most, then red sections, then what is overdue."""
    reasons, weight = [], 0
    if not has_lead:
        reasons.append("Nobody can sign in as its Prevent lead")
        weight += 1000
    if not school.has_plan:
        reasons.append("It has no action plan here yet")
        weight += 500
    if school.red:
        reasons.append(f"Red: {', '.join(THEME_NAMES[theme] for theme in school.red)}")
        weight += 50 * len(school.red)
    if overdue := school.whole.overdue:
        reasons.append(f"{plural(overdue, 'action')} overdue")
        weight += 5 * overdue
    if school.filtering and school.filtering.is_due_past(as_at):
        reasons.append(f"The review of filtering and monitoring was due by {long_date(school.filtering.due_on)}")
        weight += 20
    is_pressing = bool(reasons)
    untrained = sum(row.missing for row in school.training.values())
    unread = sum(row.missing for row in school.reading.values())
    if untrained or unread:
        reasons.append(f"{plural(untrained, 'gap')} in training, {unread:,} in reading")
        weight += min(40, (untrained + unread) // 4)
    if school.filtering is None or school.filtering.due_on is None:
        reasons.append("No review of filtering and monitoring is recorded")
        weight += 10
    return Need(school, tuple(reasons), weight, is_pressing)


def _changes(now: Comparison, before: Comparison) -> list[dict[str, Any]]:
    """The trust's few figures, today and a month ago, over the same schools."""
    counted = [
        ("Actions met", "met_percent"),
        ("Actions answered", "answered_percent"),
    ]
    rows = []
    for name, share in counted:
        rows.append({"name": name, "now": _share(now, share), "before": _share(before, share), "unit": "%"})
    rows.append({"name": "Actions overdue", "now": _overdue(now), "before": _overdue(before), "unit": ""})
    rows.append({"name": "Training held", "now": _held(now), "before": _held(before), "unit": "%"})
    rows.append(
        {"name": "Filtering reviewed within a year", "now": _reviewed(now), "before": _reviewed(before), "unit": "%"}
    )
    return rows


def _share(compared: Comparison, name: str) -> int | None:
    if not compared.schools:
        return None
    whole = compared.schools[0].whole
    for school in compared.schools[1:]:
        whole += school.whole
    share: int | None = getattr(whole, name)
    return share


def _overdue(compared: Comparison) -> int:
    return sum(school.whole.overdue for school in compared.schools)


def _held(compared: Comparison) -> int | None:
    rows = [row for school in compared.schools for row in school.training.values()]
    needed = sum(row.denominator for row in rows)
    return 100 * sum(row.numerator for row in rows) // needed if needed else None


def _reviewed(compared: Comparison) -> int | None:
    """The share of the schools; rounded down, so that 100 means every one."""
    reviewed = sum(school.is_reviewed for school in compared.schools)
    return 100 * reviewed // len(compared.schools) if compared.schools else None


@blueprint.get("/trusts/<uuid:trust_id>/schools")
@requires(Permission.READ_TRUST)
def schools(trust_id: uuid.UUID) -> str | FileResponse:
    scope = TrustScope(trust_id)
    offered = choices(scope)
    phase = request.args.get("phase", "")
    phase = phase if phase in offered.phases else ""
    compared = compare_schools(scope, as_at=today(), phase=phase or None)
    leads = leads_of(scope, today=today())
    if request.args.get("format") == "csv":
        return _csv(compared, leads)
    return render_template(
        "trust/schools.html",
        trust_id=trust_id,
        schools=compared.schools,
        leads=leads,
        phase=phase,
        selects=[
            {
                "name": "phase",
                "label": "Phase",
                "value": phase,
                "options": [("", "Any phase"), *((each, each) for each in offered.phases)],
            }
        ],
        csv_url=url_for("trust.schools", trust_id=trust_id, format="csv", phase=phase or None),
    )


def _csv(compared: Comparison, leads: dict[uuid.UUID, Any]) -> FileResponse:
    lines = [
        (
            school.name,
            school.urn,
            school.phase,
            school.authority,
            school.pupils,
            "; ".join(lead.name for lead in leads.get(school.id, [])),
            "Yes" if school.has_plan else "No",
            school.whole.met_percent,
            school.whole.overdue,
        )
        for school in compared.schools
    ]
    headers = ("School", "URN", "Phase", "Authority", "Pupils", "Prevent lead", "Plan", "Met %", "Overdue")
    return FileResponse(
        csv_bytes(headers, lines),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="schools.csv"'},
    )
