"""A report for trustees, as at a date: to be read on paper."""

import uuid

from flask import Response as FileResponse
from flask import render_template, request, url_for

from blueprints.trust.blueprint import blueprint
from blueprints.web.access import as_at_day, requires, today
from blueprints.web.figure_file import figure_csv
from blueprints.web.presentation import long_date
from prevent_trust.tenancy import TrustScope
from tenants.access.permissions import Permission
from tenants.insights.comparison import Comparison, SchoolRow, compare_schools
from tenants.insights.figures.bars import coverage_by_subject
from tenants.insights.figures.drawing import Figure
from tenants.insights.figures.heatmap import section_heatmap
from tenants.insights.figures.volumes import referrals_by_term
from tenants.insights.subjects import titles_of_subjects
from tenants.plan.rules import SectionState


@blueprint.get("/trusts/<uuid:trust_id>/reports")
@requires(Permission.READ_TRUST)
def reports(trust_id: uuid.UUID) -> str | FileResponse:
    as_at = as_at_day()
    compared = compare_schools(TrustScope(trust_id), as_at=as_at)
    figures = {figure.key: figure for figure in _figures(trust_id, compared)}
    wanted = request.args.get("format", "")
    if wanted in figures:
        return figure_csv(figures[wanted])
    return render_template(
        "trust/report.html",
        trust_id=trust_id,
        as_at=as_at,
        today=today(),
        schools=compared.schools,
        red=[school for school in compared.schools if school.red],
        all_green=sum(_is_green(school) for school in compared.schools),
        without_plan=[school for school in compared.schools if not school.has_plan],
        not_reviewed=[school for school in compared.schools if not school.is_reviewed],
        overdue=sum(school.whole.overdue for school in compared.schools),
        figures=figures.values(),
    )


def _figures(trust_id: uuid.UUID, compared: Comparison) -> list[Figure]:
    day = long_date(compared.as_at)

    def csv_url(key: str) -> str:
        return url_for("trust.reports", trust_id=trust_id, format=key, as_at=compared.as_at.isoformat())

    return [
        section_heatmap(compared.schools, as_at=day, href=lambda school: None, csv_url=csv_url("sections")),
        coverage_by_subject(
            compared.schools, titles_of_subjects(TrustScope(trust_id)), as_at=day, csv_url=csv_url("coverage")
        ),
        referrals_by_term(compared.schools, compared.terms, as_at=day, csv_url=csv_url("referrals")),
    ]


def _is_green(school: SchoolRow) -> bool:
    return all(counts.state is SectionState.GREEN for counts in school.sections.values())
